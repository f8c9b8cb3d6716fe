//! Tickets to IDENTIFY: rationed for the whole fleet, counted when granted.

use std::num::NonZeroU32;

use super::change::{By, Change};
use super::connection::ConfigDb;
use super::error::StoreError;
use super::stamp::Stamped;
use crate::domain::identify::{BUCKET_INTERVAL_MS, Budget, TICKET_VALID_MS, TicketRefused, ticket};
use crate::domain::ids::{DiscordShardId, Epoch, Incarnation, PodId, SessionNo};

/// A host's wish to identify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketAsk {
    /// The host.
    pub pod: PodId,
    /// Its present life.
    pub incarnation: Incarnation,
    /// For which Discord shard.
    pub shard: DiscordShardId,
    /// Under which host epoch it holds it.
    pub host_epoch: Epoch,
}

/// Leave to identify once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// The number of the session that begins.
    pub session_no: SessionNo,
    /// How long the ticket may be used from the sending of the answer, in milliseconds.
    pub valid_ms: i64,
    /// Identifies left until the reset, the reserve included.
    pub remaining: u32,
}

/// What came of asking.
pub type TicketOutcome = Result<Ticket, TicketRefused>;

/// What `/gateway/bot` said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetReport {
    /// Identifies a day.
    pub total: u32,
    /// Of those, how many are left.
    pub remaining: u32,
    /// Milliseconds until the count starts anew.
    pub resets_in_ms: i64,
    /// Identifies that may be under way at once.
    pub max_concurrency: NonZeroU32,
}

impl ConfigDb {
    /// Takes in what `/gateway/bot` said. Within one period the lower count holds: Discord's answer may be
    /// older than tickets granted since.
    pub async fn report_budget(
        &self,
        pod: PodId,
        report: &BudgetReport,
        reserve: u32,
    ) -> Result<Stamped<()>, StoreError> {
        let mut change = self.begin_change(&By::daemon(&pod.to_string())).await?;
        sqlx::query!(
            "insert into identify_budget (total, remaining, reserve, max_concurrency, resets_at, reported_by)
             values ($1, $2, $3, $4, now() + $5 * interval '1 ms', $6)
             on conflict (only_row) do update set
                 total = excluded.total, reserve = excluded.reserve, max_concurrency = excluded.max_concurrency,
                 remaining = case when identify_budget.resets_at > now()
                                  then least(identify_budget.remaining, excluded.remaining)
                                  else excluded.remaining end,
                 resets_at = excluded.resets_at, reported_by = excluded.reported_by, reported_at = now()",
            report.total.cast_signed(),
            report.remaining.cast_signed(),
            reserve.cast_signed(),
            report.max_concurrency.get().cast_signed(),
            f64::from(u32::try_from(report.resets_in_ms).unwrap_or_default()),
            pod.as_i32()
        )
        .execute(&mut *change.tx)
        .await?;
        change.commit_rows(self, ()).await
    }

    /// Grants or refuses a ticket. A granted one is counted, takes its bucket for five seconds, and begins a
    /// session, whether or not it is used.
    pub async fn ticket(&self, ask: &TicketAsk) -> Result<Stamped<TicketOutcome>, StoreError> {
        let mut change = self.begin_change(&By::daemon(&ask.pod.to_string())).await?;
        change.expect_leased(ask.pod, ask.incarnation).await?;
        change.expect_host(ask.shard, ask.pod, ask.host_epoch).await?;
        let (budget, bucket) = change.rations(ask.shard).await?;
        if let Err(refused) = ticket(budget, bucket.taken_ms) {
            return change.commit(self, Err(refused)).await;
        }
        let (session_no, remaining) = change.take_ticket(ask.shard, bucket.number).await?;
        let detail = serde_json::json!({ "session_no": session_no, "pod": ask.pod, "remaining": remaining });
        change.record(
            "discord-shard.identify",
            format!("discord-shard/{}", ask.shard),
            &detail,
        );
        let granted = Ticket {
            session_no,
            valid_ms: TICKET_VALID_MS,
            remaining,
        };
        change.commit(self, Ok(granted)).await
    }
}

/// A bucket, and how long it is still taken.
struct Bucket {
    number: i32,
    taken_ms: i64,
}

impl Change {
    /// What is left of the budget, and the Discord shard's bucket; both locked.
    async fn rations(&mut self, shard: DiscordShardId) -> Result<(Option<Budget>, Bucket), StoreError> {
        let budget = sqlx::query!(
            r#"select remaining, reserve, max_concurrency,
                      (extract(epoch from resets_at - now()) * 1000)::bigint as "resets_in_ms!"
                 from identify_budget for update"#
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        let concurrency = budget
            .as_ref()
            .and_then(|b| NonZeroU32::new(b.max_concurrency.cast_unsigned()));
        let number = shard
            .identify_bucket(concurrency.unwrap_or(NonZeroU32::MIN))
            .cast_signed();
        let taken_ms = sqlx::query_scalar!(
            r#"select (extract(epoch from free_at - now()) * 1000)::bigint as "ms!"
                 from identify_bucket where bucket = $1 for update"#,
            number
        )
        .fetch_optional(&mut *self.tx)
        .await?
        .unwrap_or_default();
        let budget = budget.map(|b| Budget {
            remaining: b.remaining.cast_unsigned(),
            reserve: b.reserve.cast_unsigned(),
            resets_in_ms: b.resets_in_ms,
        });
        Ok((budget, Bucket { number, taken_ms }))
    }

    /// Counts a ticket, takes its bucket and begins a session; its number, and what is left.
    async fn take_ticket(
        &mut self,
        shard: DiscordShardId,
        bucket: i32,
    ) -> Result<(SessionNo, u32), StoreError> {
        let remaining =
            sqlx::query_scalar!("update identify_budget set remaining = remaining - 1 returning remaining")
                .fetch_one(&mut *self.tx)
                .await?;
        sqlx::query!(
            "insert into identify_bucket (bucket, free_at) values ($1, now() + $2 * interval '1 ms')
             on conflict (bucket) do update set free_at = excluded.free_at",
            bucket,
            f64::from(i32::try_from(BUCKET_INTERVAL_MS).unwrap_or(i32::MAX))
        )
        .execute(&mut *self.tx)
        .await?;
        let session_no = sqlx::query_scalar!(
            "update discord_shard
                set session_no = session_no + 1, session_id = null, resume_url = null, resume_at = null
              where shard_id = $1 returning session_no",
            shard.as_i32()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok((SessionNo::from_i64(session_no), remaining.cast_unsigned()))
    }
}
