//! What watchers read: the history of changes, from a revision on.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::postgres::PgListener;

use super::change::CHANNEL;
use super::connection::ConfigDb;
use super::error::StoreError;
use super::schema::SchemaError;
use super::stamp::{StampRow, Stamped};
use crate::domain::ids::Revision;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeEntry {
    /// `guild`, `pod`, `discord_shard`, `move`, `cross_guild_event`, `store`.
    pub kind: String,
    /// Which one, as in `guild/123`.
    pub subject: String,
    /// What changed.
    pub body: Value,
}

/// All changes of one revision: they became true together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionChanges {
    /// The revision.
    pub revision: Revision,
    /// Its changes, in order.
    pub changes: Vec<ChangeEntry>,
}

/// What came after a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangesSince {
    /// The revisions, in order; fewer than there are when the limit was met.
    Changes(Vec<RevisionChanges>),
    /// Some of them are no longer kept: list everything anew, then watch from the answer's revision.
    Trimmed {
        /// The oldest revision from which watching is possible.
        watch_from: Revision,
    },
}

impl ConfigDb {
    /// Changes after `since`, at most `limit` entries more or less: a revision is never cut in two.
    pub async fn changes_since(
        &self,
        since: Revision,
        limit: u32,
    ) -> Result<Stamped<ChangesSince>, StoreError> {
        let seen_before = self.memory.get();
        // One statement is one moment and one round trip: watchers wait for it after every commit.
        let rows = sqlx::query!(
            r#"select s.store_id as "store_id!", s.revision as "head!", s.timeline as "timeline!",
                      s.recovering_reason, s.forked as "forked!", m.trimmed_to as "trimmed_to!",
                      c.revision as "revision?", c.kind as "kind?", c.subject as "subject?", c.body as "body?"
                 from store_stamp s cross join store_meta m
                 left join lateral (
                      select revision, ordinal, kind, subject, body from change_log
                       where revision > $1 and m.trimmed_to <= $1
                         and revision <= coalesce((select revision from change_log where revision > $1
                                                    order by revision, ordinal offset $2 limit 1), m.revision)
                 ) c on true
                order by c.revision, c.ordinal"#,
            since.as_i64(),
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        let first = rows.first().ok_or(SchemaError::Missing)?;
        let watch_from = Revision::from_i64(first.trimmed_to);
        let stamp = StampRow {
            store_id: first.store_id,
            revision: first.head,
            timeline: first.timeline.clone(),
            recovering_reason: first.recovering_reason.clone(),
            forked: first.forked,
        };
        let stamp = self.settle(seen_before, stamp).await?;
        if since < watch_from || since > stamp.position.revision {
            let value = ChangesSince::Trimmed { watch_from };
            return Ok(Stamped { value, stamp });
        }
        let mut changes: Vec<RevisionChanges> = Vec::new();
        for row in rows {
            let (Some(revision), Some(kind), Some(subject), Some(body)) =
                (row.revision, row.kind, row.subject, row.body)
            else {
                continue;
            };
            let revision = Revision::from_i64(revision);
            let entry = ChangeEntry { kind, subject, body };
            match changes.last_mut() {
                Some(last) if last.revision == revision => last.changes.push(entry),
                _ => changes.push(RevisionChanges {
                    revision,
                    changes: vec![entry],
                }),
            }
        }
        let value = ChangesSince::Changes(changes);
        Ok(Stamped { value, stamp })
    }

    /// Forgets changes older than the latest `keep` revisions; how many entries.
    pub async fn trim_changes(&self, keep: u32) -> Result<u64, StoreError> {
        let mut tx = self.pool.begin().await?;
        let upto = sqlx::query_scalar!(
            r#"update store_meta set trimmed_to = revision - $1 where trimmed_to < revision - $1
               returning trimmed_to"#,
            i64::from(keep)
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(upto) = upto else { return Ok(0) };
        let gone = sqlx::query!("delete from change_log where revision <= $1", upto)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(gone.rows_affected())
    }

    /// Listens for announced revisions, on a connection of its own.
    pub async fn announcements(&self) -> Result<Announcements, StoreError> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(Announcements { listener })
    }
}

/// Announced revisions. An announcement can be lost with its connection: a reader also looks by itself.
#[derive(Debug)]
pub struct Announcements {
    listener: PgListener,
}

impl Announcements {
    /// The next announced revision, or `None` after `patience`.
    pub async fn next(&mut self, patience: Duration) -> Result<Option<Revision>, StoreError> {
        match tokio::time::timeout(patience, self.listener.try_recv()).await {
            Err(_elapsed) => Ok(None),
            // The connection broke and will be made anew at the next call.
            Ok(Ok(None)) => Ok(None),
            Ok(Ok(Some(notice))) => Ok(notice.payload().parse().ok().map(Revision::new)),
            Ok(Err(error)) => Err(error.into()),
        }
    }
}
