//! What will have to be deleted: written before the thing is made, so that no crash leaves a thing that
//! nobody knows of.

use std::time::Duration;

use uuid::Uuid;

use super::change::Change;
use super::connection::ConfigDb;
use super::error::StoreError;
use super::millis::millis;
use super::pods::{corrupt, pod_id};
use super::stamp::Stamped;
use crate::domain::ids::{Epoch, GuildId, PodId};

/// What is to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CleanupKind {
    /// A guild's rows, where the fence says tombstone at this epoch and nowhere else.
    Guild(GuildId, Epoch),
    /// What an import brought in, where the fence says importing for this move.
    Staging(GuildId, Epoch, Uuid),
    /// A replica's lineage in the bucket.
    Lineage(u64),
}

/// One thing to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanupRow {
    /// Its number.
    pub cleanup_id: i64,
    /// On which pod, or whose replica.
    pub pod: PodId,
    /// What.
    pub what: CleanupKind,
    /// Not before, in Unix milliseconds.
    pub due_at_ms: i64,
}

impl Change {
    /// Retires a lineage: its replica is deleted after `keep`.
    pub(super) async fn clean_lineage(
        &mut self,
        pod: PodId,
        lineage: i64,
        keep: Duration,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into cleanup (kind, pod_id, lineage, due_at) values ('lineage', $1, $2, now() + $3 * interval '1 ms')",
            pod.as_i32(),
            lineage,
            millis(keep)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}

impl ConfigDb {
    /// What is still to be deleted, the oldest first.
    pub async fn open_cleanups(&self, limit: u32) -> Result<Stamped<Vec<CleanupRow>>, StoreError> {
        let mut read = self.begin_read().await?;
        let rows = sqlx::query!(
            r#"select cleanup_id, kind, pod_id, guild_id, epoch, lineage, move_id,
                      (extract(epoch from due_at) * 1000)::bigint as "due_at_ms!"
                 from cleanup where done_at is null order by due_at, cleanup_id limit $1"#,
            i64::from(limit)
        )
        .fetch_all(&mut *read.tx)
        .await?
        .into_iter()
        .map(|row| {
            let guild = row
                .guild_id
                .map(GuildId::from_i64)
                .transpose()
                .map_err(|e| corrupt(&e))?;
            let epoch = row.epoch.map(Epoch::from_i64);
            let what = match (row.kind.as_str(), guild, epoch, row.lineage, row.move_id) {
                ("lineage", _, _, Some(lineage), _) => CleanupKind::Lineage(lineage.cast_unsigned()),
                ("guild", Some(guild), Some(epoch), _, _) => CleanupKind::Guild(guild, epoch),
                ("staging", Some(guild), Some(epoch), _, Some(id)) => CleanupKind::Staging(guild, epoch, id),
                _ => return Err(StoreError::Corrupt(format!("cleanup {}", row.cleanup_id))),
            };
            let pod = pod_id(row.pod_id)?;
            Ok(CleanupRow {
                cleanup_id: row.cleanup_id,
                pod,
                what,
                due_at_ms: row.due_at_ms,
            })
        })
        .collect::<Result<_, _>>()?;
        self.end_read(read, rows).await
    }
}
