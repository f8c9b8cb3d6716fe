//! Recovering: PostgreSQL went back in time, and the pods' fences are the fleet's memory.
//!
//! Entered by whoever notices (see [`super::history`]); from then on changes are refused. Every pod that had
//! a lease at the moment of the copy reports its fences, or an operator gives his word that it is gone.
//! When all have, and a lease's time has passed so that pods which the copy does not know were heard too,
//! the higher epoch wins, all epochs, incarnations and session numbers jump, and the store goes on.

use std::collections::BTreeMap;
use std::time::Duration;

use super::change::{By, Change};
use super::connection::ConfigDb;
use super::error::StoreError;
use super::millis::millis;
use super::pods::{corrupt, pod_id};
use super::stamp::Stamped;
use crate::domain::fence::FenceMode;
use crate::domain::ids::{DiscordShardId, Epoch, GuildId, Incarnation, PodId, Revision, SessionNo};
use crate::domain::recovery::{JUMP, Merged, ReportedFence, StoredOwner, merge};

/// What a pod reports while the store recovers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FenceReport {
    /// Which pod.
    pub pod: PodId,
    /// Its present life.
    pub incarnation: Incarnation,
    /// The highest revision it has seen.
    pub known_revision: Revision,
    /// Every fence row it has. An import that was given up is reported as importing.
    pub fences: Vec<(GuildId, Epoch, FenceMode)>,
    /// The sessions it holds: Discord shard, host epoch, session number.
    pub sessions: Vec<(DiscordShardId, Epoch, SessionNo)>,
}

/// One pod's part in a recovery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryPod {
    /// Which pod.
    pub pod: PodId,
    /// Whether the recovery waits for it.
    pub required: bool,
    /// Whether it has reported.
    pub reported: bool,
    /// Who gave his word that it is gone.
    pub waived_by: Option<String>,
}

/// How far a recovery has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryProgress {
    /// Why the store recovers; `None`: it does not.
    pub reason: Option<String>,
    /// How long it has, in milliseconds.
    pub since_ms: i64,
    /// The pods.
    pub pods: Vec<RecoveryPod>,
}

impl ConfigDb {
    /// Begins to recover; a second call only raises the highest claimed revision.
    pub(super) async fn enter_recovery(&self, reason: &str, claimed: i64) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        let entered = sqlx::query!(
            "update store_meta
                set claimed_revision = greatest(claimed_revision, $2),
                    recovering_since = coalesce(recovering_since, now()),
                    recovering_reason = coalesce(recovering_reason, $1),
                    -- Lives minted in the lost history must not be minted again.
                    last_incarnation = last_incarnation + case when recovering_since is null then $3::bigint else 0 end
              where true
          returning recovering_since = now() as \"entered!\"",
            reason,
            claimed,
            JUMP.cast_signed()
        )
        .fetch_one(&mut *tx)
        .await?
        .entered;
        if entered {
            sqlx::query!("delete from recovery_pod").execute(&mut *tx).await?;
            // Leased at the moment of the copy, which is when anybody last renewed.
            sqlx::query!(
                "insert into recovery_pod (pod_id, incarnation, required)
                 select pod_id, incarnation, incarnation > 0
                        and lease_until > (select max(renewed_at) from pod) from pod"
            )
            .execute(&mut *tx)
            .await?;
            sqlx::query!("delete from identify_budget")
                .execute(&mut *tx)
                .await?;
            tracing::error!(
                reason,
                "the config store went back in time: recovering, nothing is handed out"
            );
        }
        tx.commit().await?;
        Ok(())
    }

    /// Takes in a pod's fences. Outside a recovery this changes nothing.
    pub async fn report_fences(&self, report: &FenceReport) -> Result<Stamped<()>, StoreError> {
        let by = By::daemon(&report.pod.to_string());
        let mut change = self.begin_change_even_recovering(&by).await?;
        if !change.recovering() {
            return change.commit(self, ()).await;
        }
        sqlx::query!(
            "insert into recovery_pod (pod_id, incarnation, required, reported_at) values ($1, $2, true, now())
             on conflict (pod_id) do update set incarnation = excluded.incarnation, reported_at = now()",
            report.pod.as_i32(),
            report.incarnation.as_i64()
        )
        .execute(&mut *change.tx)
        .await?;
        change.replace_report(report).await?;
        // A pod that the copy does not know, or knows in an earlier life, exists all the same.
        sqlx::query!(
            "insert into pod (pod_id, incarnation, renewed_at, lease_until) values ($1, $2, now(), now())
             on conflict (pod_id) do update set incarnation = greatest(pod.incarnation, excluded.incarnation)",
            report.pod.as_i32(),
            report.incarnation.as_i64()
        )
        .execute(&mut *change.tx)
        .await?;
        sqlx::query!(
            "update store_meta set claimed_revision = greatest(claimed_revision, $1)",
            report.known_revision.as_i64()
        )
        .execute(&mut *change.tx)
        .await?;
        change.commit_rows(self, ()).await
    }

    /// An operator's word that a pod is gone: the recovery no longer waits for it.
    pub async fn waive_recovery_pod(&self, pod: PodId, by: &By) -> Result<Stamped<()>, StoreError> {
        let mut change = self.begin_change_even_recovering(by).await?;
        let waived = sqlx::query!(
            "update recovery_pod set waived_by = $2 where pod_id = $1",
            pod.as_i32(),
            change.by().actor.clone()
        )
        .execute(&mut *change.tx)
        .await?;
        if !change.recovering() || waived.rows_affected() == 0 {
            return Err(StoreError::Refused(format!("no recovery waits for {pod}")));
        }
        change.record("store.waive", pod.to_string(), serde_json::json!({}));
        change.commit(self, ()).await
    }

    /// How far the recovery has come.
    pub async fn recovery_progress(&self) -> Result<Stamped<RecoveryProgress>, StoreError> {
        let mut read = self.begin_read().await?;
        let meta = sqlx::query!(
            r#"select recovering_reason,
                      coalesce((extract(epoch from now() - recovering_since) * 1000)::bigint, 0) as "since_ms!"
                 from store_meta"#
        )
        .fetch_one(&mut *read.tx)
        .await?;
        let pods = recovery_pods(&mut read.tx).await?;
        let progress = RecoveryProgress {
            reason: meta.recovering_reason,
            since_ms: meta.since_ms,
            pods,
        };
        self.end_read(read, progress).await
    }

    /// Ends the recovery if everybody who must has reported and `ttl` has passed since it began; whether it
    /// is over.
    pub async fn try_finish_recovery(&self, ttl: Duration, by: &By) -> Result<Stamped<bool>, StoreError> {
        let mut change = self.begin_change_even_recovering(by).await?;
        if !change.recovering() {
            return change.commit(self, true).await;
        }
        let waited = sqlx::query_scalar!(
            r#"select recovering_since + $1 * interval '1 ms' <= now() as "waited!" from store_meta"#,
            millis(ttl)
        )
        .fetch_one(&mut *change.tx)
        .await?;
        let pods = recovery_pods(&mut change.tx).await?;
        if !waited
            || pods
                .iter()
                .any(|p| p.required && !p.reported && p.waived_by.is_none())
        {
            return change.commit(self, false).await;
        }
        change.abort_all_moves().await?;
        change.merge_guilds().await?;
        change.note_tombstones().await?;
        change.jump().await?;
        change.record("store.recovered", "store".to_owned(), serde_json::json!({}));
        tracing::warn!(pods = pods.len(), "the config store has recovered");
        change.commit(self, true).await
    }
}

async fn recovery_pods(
    tx: &mut sqlx::Transaction<'static, sqlx::Postgres>,
) -> Result<Vec<RecoveryPod>, StoreError> {
    sqlx::query!(
        r#"select pod_id, required, reported_at is not null as "reported!", waived_by
             from recovery_pod order by pod_id"#
    )
    .fetch_all(&mut **tx)
    .await?
    .into_iter()
    .map(|row| {
        let pod = pod_id(row.pod_id)?;
        Ok(RecoveryPod {
            pod,
            required: row.required,
            reported: row.reported,
            waived_by: row.waived_by,
        })
    })
    .collect()
}

impl Change {
    async fn replace_report(&mut self, report: &FenceReport) -> Result<(), StoreError> {
        let pod = report.pod.as_i32();
        sqlx::query!("delete from recovery_fence where pod_id = $1", pod)
            .execute(&mut *self.tx)
            .await?;
        sqlx::query!("delete from recovery_session where pod_id = $1", pod)
            .execute(&mut *self.tx)
            .await?;
        let guilds: Vec<i64> = report.fences.iter().map(|f| f.0.as_i64()).collect();
        let epochs: Vec<i64> = report.fences.iter().map(|f| f.1.as_i64()).collect();
        let modes: Vec<String> = report.fences.iter().map(|f| f.2.as_str().to_owned()).collect();
        sqlx::query!(
            "insert into recovery_fence (pod_id, guild_id, epoch, mode)
             select $1, * from unnest($2::bigint[], $3::bigint[], $4::text[])",
            pod,
            &guilds,
            &epochs,
            &modes
        )
        .execute(&mut *self.tx)
        .await?;
        let shards: Vec<i32> = report.sessions.iter().map(|s| s.0.as_i32()).collect();
        let host_epochs: Vec<i64> = report.sessions.iter().map(|s| s.1.as_i64()).collect();
        let numbers: Vec<i64> = report.sessions.iter().map(|s| s.2.as_i64()).collect();
        sqlx::query!(
            "insert into recovery_session (pod_id, shard_id, host_epoch, session_no)
             select $1, * from unnest($2::integer[], $3::bigint[], $4::bigint[])",
            pod,
            &shards,
            &host_epochs,
            &numbers
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Moves of the old copy are void: what they did after it is in the fences.
    async fn abort_all_moves(&mut self) -> Result<(), StoreError> {
        sqlx::query!("update guild set move_id = null where move_id is not null")
            .execute(&mut *self.tx)
            .await?;
        sqlx::query!(
            "update move set step = 'aborted', updated_at = now(), error = 'the config store went back in time'
              where step not in ('started', 'cleaned', 'aborted')"
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Rows that a tombstone left are in the ledger again, whatever the copy has forgotten. And the numbers of commands
    /// go above all that a fence can have seen.
    async fn note_tombstones(&mut self) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into cleanup (kind, pod_id, guild_id, epoch)
             select 'guild', f.pod_id, f.guild_id, f.epoch
               from recovery_fence f join guild g on g.guild_id = f.guild_id and g.pod_id <> f.pod_id
              where f.mode = 'tombstone'
                and not exists (select from cleanup c where c.kind = 'guild' and c.done_at is null
                                   and (c.pod_id, c.guild_id, c.epoch) = (f.pod_id, f.guild_id, f.epoch))"
        )
        .execute(&mut *self.tx)
        .await?;
        sqlx::query!("update guild set command_no = command_no + 1000000")
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Owner and epoch of every guild that the copy or a fence knows: the higher epoch wins, and all jump.
    async fn merge_guilds(&mut self) -> Result<(), StoreError> {
        let mut known: BTreeMap<i64, (Option<StoredOwner>, Vec<ReportedFence>)> = BTreeMap::new();
        for row in sqlx::query!("select guild_id, pod_id, epoch from guild")
            .fetch_all(&mut *self.tx)
            .await?
        {
            let owner = StoredOwner {
                pod: pod_id(row.pod_id)?,
                epoch: Epoch::from_i64(row.epoch),
            };
            known.entry(row.guild_id).or_default().0 = Some(owner);
        }
        let fences = sqlx::query!(
            "select guild_id, pod_id, epoch, mode from recovery_fence order by guild_id, pod_id"
        )
        .fetch_all(&mut *self.tx)
        .await?;
        for row in fences {
            let mode = FenceMode::parse(&row.mode).ok_or_else(|| StoreError::Corrupt(row.mode.clone()))?;
            let fence = ReportedFence {
                pod: pod_id(row.pod_id)?,
                epoch: Epoch::from_i64(row.epoch),
                mode,
            };
            known.entry(row.guild_id).or_default().1.push(fence);
        }
        let mut merged = Vec::with_capacity(known.len());
        for (guild, (stored, fences)) in known {
            let guild = GuildId::from_i64(guild).map_err(|e| corrupt(&e))?;
            merged.extend(merge(stored, &fences).map(|m| (guild, m)));
        }
        self.write_merged(&merged).await
    }

    async fn write_merged(&mut self, merged: &[(GuildId, Merged)]) -> Result<(), StoreError> {
        sqlx::query!("select set_config('modbot.recovering', 'yes', true)")
            .fetch_one(&mut *self.tx)
            .await?;
        let guilds: Vec<i64> = merged.iter().map(|(guild, _)| guild.as_i64()).collect();
        let pods: Vec<i32> = merged.iter().map(|(_, m)| m.owner.as_i32()).collect();
        let epochs: Vec<i64> = merged
            .iter()
            .map(|(_, m)| m.epoch.as_i64().saturating_add(JUMP.cast_signed()))
            .collect();
        let raised: Vec<Option<i64>> = merged
            .iter()
            .map(|(_, m)| m.raise_from.map(Epoch::as_i64))
            .collect();
        let trouble: Vec<Option<String>> = merged
            .iter()
            .map(|(_, m)| m.trouble.map(|t| t.to_string()))
            .collect();
        // A guild that only fences know was served: it is born.
        sqlx::query!(
            "insert into guild (guild_id, pod_id, epoch, born_at, raised_from, trouble)
             select m.guild_id, m.pod_id, m.epoch, now(), m.raised_from, m.trouble
               from unnest($1::bigint[], $2::integer[], $3::bigint[], $4::bigint[], $5::text[])
                    as m(guild_id, pod_id, epoch, raised_from, trouble)
             on conflict (guild_id) do update set pod_id = excluded.pod_id, epoch = excluded.epoch,
                 raised_from = excluded.raised_from, trouble = excluded.trouble,
                 born_at = case when exists (select from recovery_fence f where f.guild_id = excluded.guild_id
                                                and f.mode <> 'importing')
                                then coalesce(guild.born_at, now()) else guild.born_at end",
            &guilds,
            &pods,
            &epochs,
            &raised as &[Option<i64>],
            &trouble as &[Option<String>]
        )
        .execute(&mut *self.tx)
        .await?;
        for (guild, m) in merged {
            let epoch = m.epoch.get() + JUMP;
            let detail = serde_json::json!({ "pod": m.owner, "epoch": epoch, "trouble": m.trouble.map(|t| t.to_string()) });
            self.record("guild.recover", format!("guild/{guild}"), &detail);
        }
        Ok(())
    }

    /// Sessions and the revision jump too; watchers must list anew; the present PostgreSQL is accepted.
    async fn jump(&mut self) -> Result<(), StoreError> {
        let jump = JUMP.cast_signed();
        // The newest holder of a session hosts it; all numbers go above what anybody has used.
        sqlx::query!(
            "update discord_shard d
                set host_pod = coalesce(r.pod_id, d.host_pod),
                    host_epoch = greatest(d.host_epoch, coalesce(r.host_epoch, 0)) + $1,
                    session_no = greatest(d.session_no, coalesce(r.session_no, 0)) + case
                        when greatest(d.session_no, coalesce(r.session_no, 0)) > 0 then $1 else 0 end
               from discord_shard e left join lateral
                    (select * from recovery_session s where s.shard_id = e.shard_id
                      order by host_epoch desc, session_no desc limit 1) r on true
              where e.shard_id = d.shard_id and e.num_shards = d.num_shards",
            jump
        )
        .execute(&mut *self.tx)
        .await?;
        sqlx::query!("delete from recovery_pod")
            .execute(&mut *self.tx)
            .await?;
        let to = sqlx::query_scalar!(
            "update store_meta
                set revision = greatest(revision, claimed_revision) + 1, trimmed_to = greatest(revision, claimed_revision) + 1,
                    claimed_revision = 0, recovering_since = null, recovering_reason = null, recovered_at = now(),
                    timeline = substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),
                    system_identifier = (select s.system_identifier::text from pg_control_system() s)
              where true
          returning revision"
        )
        .fetch_one(&mut *self.tx)
        .await?;
        sqlx::query!("delete from change_log")
            .execute(&mut *self.tx)
            .await?;
        self.jump_to(to);
        Ok(())
    }
}
