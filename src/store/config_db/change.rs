//! One change of the store: a transaction that holds the store's one row from its first statement on.
//!
//! So changes are in one order, a watcher that has seen revision N has seen everything up to N, and
//! decisions that depend on the whole (who is least loaded) race with nothing.

use serde::Serialize;
use serde_json::Value;
use sqlx::{Postgres, Transaction};

use super::connection::ConfigDb;
use super::error::StoreError;
use super::schema::SchemaError;
use super::stamp::{StampRow, Stamped};
use crate::domain::store_stamp::StorePosition;

/// The channel on which committed revisions are announced.
pub(super) const CHANNEL: &str = "modbot_change";

/// Who wants a change, why, and whether in earnest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Who: an operator's name, or `pod-3`, or `modbot-config`.
    pub actor: String,
    /// Why, in the operator's words; may be empty.
    pub reason: String,
    /// Do everything and roll it back.
    pub dry_run: bool,
}

impl By {
    /// A daemon's own change.
    pub fn daemon(name: &str) -> Self {
        Self {
            actor: name.to_owned(),
            reason: String::new(),
            dry_run: false,
        }
    }
}

struct LogRow {
    kind: &'static str,
    subject: String,
    body: Value,
}

/// A change being made. Dropped without [`Change::commit`], it never happened.
pub(super) struct Change {
    pub(super) tx: Transaction<'static, Postgres>,
    by: By,
    row: StampRow,
    seen_before: Option<StorePosition>,
    log: Vec<LogRow>,
    audit: Vec<LogRow>,
}

impl ConfigDb {
    /// Begins a change; refused while the store recovers.
    pub(super) async fn begin_change(&self, by: &By) -> Result<Change, StoreError> {
        let change = self.begin_change_even_recovering(by).await?;
        match &change.row.recovering_reason {
            Some(reason) => Err(StoreError::Recovering {
                reason: reason.clone(),
            }),
            None => Ok(change),
        }
    }

    /// Begins a change that may be made while the store recovers.
    pub(super) async fn begin_change_even_recovering(&self, by: &By) -> Result<Change, StoreError> {
        let seen_before = self.memory.get();
        let mut tx = self.pool.begin().await?;
        let row = sqlx::query_as!(
            StampRow,
            // Not through the view: what is read must be what was locked, not the snapshot from before the wait.
            r#"select store_id, revision, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) as "timeline!",
                      recovering_reason,
                      timeline <> substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) as "forked!"
                 from store_meta for update"#
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(SchemaError::Missing)?;
        let went_back = seen_before
            .as_ref()
            .is_some_and(|known| known.revision.as_i64() > row.revision);
        if row.recovering_reason.is_none() && (row.forked || went_back) {
            tx.rollback().await?;
            let stamp = self.settle(seen_before, row).await?;
            let reason = format!("history was lost at revision {}", stamp.position.revision);
            return Err(StoreError::Recovering { reason });
        }
        Ok(Change {
            tx,
            by: by.clone(),
            row,
            seen_before,
            log: Vec::new(),
            audit: Vec::new(),
        })
    }
}

impl Change {
    /// The revision this change will have, if it changes anything.
    pub(super) fn revision(&self) -> i64 {
        self.row.revision + 1
    }

    /// Whether the store recovers.
    pub(super) fn recovering(&self) -> bool {
        self.row.recovering_reason.is_some()
    }

    /// Goes on from another revision: the end of a recovery.
    pub(super) fn jump_to(&mut self, revision: i64) {
        self.row.revision = revision;
        self.row.recovering_reason = None;
        self.row.forked = false;
    }

    /// Who wants it.
    pub(super) fn by(&self) -> &By {
        &self.by
    }

    /// Tells the watchers. `body` is what they need to follow without asking.
    pub(super) fn tell(&mut self, kind: &'static str, subject: String, body: impl Serialize) {
        self.log.push(LogRow {
            kind,
            subject,
            body: json(body),
        });
    }

    /// Writes into the audit.
    pub(super) fn record(&mut self, action: &'static str, subject: String, detail: impl Serialize) {
        self.audit.push(LogRow {
            kind: action,
            subject,
            body: json(detail),
        });
    }

    /// Makes it so, and announces it; without anything told or recorded nothing is left behind.
    pub(super) async fn commit<T>(self, db: &ConfigDb, value: T) -> Result<Stamped<T>, StoreError> {
        if self.by.dry_run || (self.log.is_empty() && self.audit.is_empty()) {
            self.tx.rollback().await?;
            let stamp = db.settle(self.seen_before, self.row).await?;
            return Ok(Stamped { value, stamp });
        }
        self.commit_rows(db, value).await
    }

    /// Like [`Change::commit`], but keeps rows that are no business of the watchers' (counts, figures) even
    /// where nothing was told; the revision rises only if something was.
    pub(super) async fn commit_rows<T>(mut self, db: &ConfigDb, value: T) -> Result<Stamped<T>, StoreError> {
        if self.by.dry_run {
            self.tx.rollback().await?;
        } else if self.log.is_empty() && self.audit.is_empty() {
            self.tx.commit().await?;
        } else {
            self.row.revision += 1;
            self.write().await?;
            self.tx.commit().await?;
        }
        let stamp = db.settle(self.seen_before, self.row).await?;
        Ok(Stamped { value, stamp })
    }

    /// The change's traces, in one round trip: everybody else waits for it.
    async fn write(&mut self) -> Result<(), StoreError> {
        let (kinds, subjects, bodies) = columns(std::mem::take(&mut self.log));
        let (actions, audited, details) = columns(std::mem::take(&mut self.audit));
        sqlx::query!(
            r#"with log as (
                   insert into change_log (revision, ordinal, kind, subject, body)
                   select $1, ordinality, kind, subject, body
                     from unnest($2::text[], $3::text[], $4::jsonb[])
                          with ordinality as c(kind, subject, body, ordinality)
               ), audited as (
                   insert into audit (revision, actor, reason, action, subject, detail)
                   select $1, $5, $6, action, subject, detail
                     from unnest($7::text[], $8::text[], $9::jsonb[]) as a(action, subject, detail)
               ), meta as (
                   update store_meta set revision = $1
               )
               select pg_notify($10, $1::bigint::text)::text"#,
            self.row.revision,
            &kinds,
            &subjects,
            &bodies,
            self.by.actor,
            self.by.reason,
            &actions,
            &audited,
            &details,
            CHANNEL
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(())
    }
}

fn columns(rows: Vec<LogRow>) -> (Vec<String>, Vec<String>, Vec<Value>) {
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        columns.0.push(row.kind.to_owned());
        columns.1.push(row.subject);
        columns.2.push(row.body);
    }
    columns
}

fn json(value: impl Serialize) -> Value {
    // Our own types, with string keys: they always serialise.
    serde_json::to_value(value).unwrap_or(Value::Null)
}
