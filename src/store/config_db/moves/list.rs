//! Looking at moves.

use serde_json::Value;
use uuid::Uuid;

use super::row::{MoveRow, Row};
use crate::domain::ids::{GuildId, PodId};
use crate::domain::move_step::{MoveStep, MoveStepError};
use crate::store::config_db::connection::ConfigDb;
use crate::store::config_db::error::StoreError;
use crate::store::config_db::pods::corrupt;
use crate::store::config_db::stamp::Stamped;

/// Which moves to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MoveFilter {
    /// Only those that are under way.
    pub active: bool,
    /// Only those of this guild.
    pub guild: Option<GuildId>,
    /// Only those from or to this pod.
    pub pod: Option<PodId>,
    /// Only those of this plan.
    pub plan: Option<Uuid>,
    /// At most so many, the newest first.
    pub limit: u32,
}

/// A line of a move's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveEvent {
    /// When, in Unix milliseconds.
    pub at_ms: i64,
    /// Which step was reached.
    pub step: MoveStep,
    /// What else was known.
    pub detail: Value,
}

impl ConfigDb {
    /// One move.
    pub async fn get_move(&self, move_id: Uuid) -> Result<Stamped<MoveRow>, StoreError> {
        let mut read = self.begin_read().await?;
        let row: MoveRow = sqlx::query_as!(
            Row,
            r#"select move_id, guild_id, src, src_incarnation, dst, dst_incarnation, epoch, step, freeze_no, plan_id,
                      case when driver_until > now() then driver end as driver, pause_budget_ms, paused_ms, thaws,
                      hold_at, rows, digest, reason, actor, error,
                      (extract(epoch from created_at) * 1000)::bigint as "created_at_ms!",
                      (extract(epoch from updated_at) * 1000)::bigint as "updated_at_ms!"
                 from move where move_id = $1"#,
            move_id
        )
        .fetch_optional(&mut *read.tx)
        .await?
        .ok_or(StoreError::NoSuchMove(move_id))?
        .try_into()?;
        self.end_read(read, row).await
    }

    /// Moves, the newest first.
    pub async fn moves(&self, filter: &MoveFilter) -> Result<Stamped<Vec<MoveRow>>, StoreError> {
        let mut read = self.begin_read().await?;
        let rows = sqlx::query_as!(
            Row,
            r#"select move_id, guild_id, src, src_incarnation, dst, dst_incarnation, epoch, step, freeze_no, plan_id,
                      case when driver_until > now() then driver end as driver, pause_budget_ms, paused_ms, thaws,
                      hold_at, rows, digest, reason, actor, error,
                      (extract(epoch from created_at) * 1000)::bigint as "created_at_ms!",
                      (extract(epoch from updated_at) * 1000)::bigint as "updated_at_ms!"
                 from move
                where (not $1 or step not in ('started', 'cleaned', 'aborted'))
                  and ($2::bigint is null or guild_id = $2)
                  and ($3::integer is null or src = $3 or dst = $3)
                  and ($4::uuid is null or plan_id = $4)
                order by created_at desc, move_id desc limit $5"#,
            filter.active,
            filter.guild.map(GuildId::as_i64),
            filter.pod.map(PodId::as_i32),
            filter.plan,
            i64::from(filter.limit)
        )
        .fetch_all(&mut *read.tx)
        .await?;
        let moves = rows
            .into_iter()
            .map(MoveRow::try_from)
            .collect::<Result<_, _>>()?;
        self.end_read(read, moves).await
    }

    /// What a move went through, in order.
    pub async fn move_history(&self, move_id: Uuid) -> Result<Vec<MoveEvent>, StoreError> {
        sqlx::query!(
            r#"select (extract(epoch from at) * 1000)::bigint as "at_ms!", step, detail
                 from move_event where move_id = $1 order by ordinal"#,
            move_id
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(|row| {
            Ok(MoveEvent {
                at_ms: row.at_ms,
                step: row.step.parse().map_err(|e: MoveStepError| corrupt(&e))?,
                detail: row.detail,
            })
        })
        .collect()
    }

    /// How long moves of this fleet have taken from plan to start, in milliseconds: the median and the slowest of the
    /// last hundred. `None`: there were none.
    pub async fn move_times(&self) -> Result<Option<(u64, u64)>, StoreError> {
        let row = sqlx::query!(
            r#"select percentile_disc(0.5) within group (order by ms) as median, max(ms) as slowest
                 from (select (extract(epoch from served_at - created_at) * 1000)::bigint as ms
                         from move where served_at is not null order by served_at desc limit 100) as t"#
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row
            .median
            .zip(row.slowest)
            .map(|(median, slowest)| (median.cast_unsigned(), slowest.cast_unsigned())))
    }
}
