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
    /// Notes that a thing is gone.
    pub async fn finish_cleanup(&self, cleanup_id: i64) -> Result<(), StoreError> {
        sqlx::query!(
            "update cleanup set done_at = now() where cleanup_id = $1 and done_at is null",
            cleanup_id
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Rows on pods that are to go now and that no move's driver sees to: what imports that were given up brought in,
    /// and guilds of moves that a recovery has voided.
    pub async fn due_row_cleanups(&self, limit: u32) -> Result<Vec<CleanupRow>, StoreError> {
        sqlx::query_as!(
            Row,
            r#"select c.cleanup_id, c.kind, c.pod_id, c.guild_id, c.epoch, c.lineage, c.move_id,
                      (extract(epoch from c.due_at) * 1000)::bigint as "due_at_ms!"
                 from cleanup c left join move m on m.move_id = c.move_id
                where c.done_at is null and c.kind <> 'lineage'
                  and ((m.step = 'aborted') or (m.move_id is null and c.due_at <= now()))
                order by c.due_at, c.cleanup_id limit $1"#,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(CleanupRow::try_from)
        .collect()
    }

    /// What is still to be deleted, the oldest first.
    pub async fn open_cleanups(&self, limit: u32) -> Result<Stamped<Vec<CleanupRow>>, StoreError> {
        let mut read = self.begin_read().await?;
        let rows = sqlx::query_as!(
            Row,
            r#"select cleanup_id, kind, pod_id, guild_id, epoch, lineage, move_id,
                      (extract(epoch from due_at) * 1000)::bigint as "due_at_ms!"
                 from cleanup where done_at is null order by due_at, cleanup_id limit $1"#,
            i64::from(limit)
        )
        .fetch_all(&mut *read.tx)
        .await?
        .into_iter()
        .map(CleanupRow::try_from)
        .collect::<Result<_, _>>()?;
        self.end_read(read, rows).await
    }
}

struct Row {
    cleanup_id: i64,
    kind: String,
    pod_id: i32,
    guild_id: Option<i64>,
    epoch: Option<i64>,
    lineage: Option<i64>,
    move_id: Option<Uuid>,
    due_at_ms: i64,
}

impl TryFrom<Row> for CleanupRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
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
        Ok(Self {
            cleanup_id: row.cleanup_id,
            pod: pod_id(row.pod_id)?,
            what,
            due_at_ms: row.due_at_ms,
        })
    }
}
