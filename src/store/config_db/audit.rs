//! Who did what, why: written with every change, read here.

use serde_json::Value;

use super::connection::ConfigDb;
use super::error::StoreError;
use super::stamp::Stamped;
use crate::domain::ids::Revision;

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Its number; later is higher.
    pub audit_id: i64,
    /// When, in Unix milliseconds.
    pub at_ms: i64,
    /// The revision of the change.
    pub revision: Revision,
    /// Who.
    pub actor: String,
    /// Why, in the operator's words.
    pub reason: String,
    /// What, as in `guild.place`.
    pub action: String,
    /// To what, as in `guild/123` or `pod-3`.
    pub subject: String,
    /// The particulars.
    pub detail: Value,
}

/// Which entries to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only about this, as in `guild/123`.
    pub subject: Option<String>,
    /// Only by this actor.
    pub actor: Option<String>,
    /// Only below this number: how to go on with the next page.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

impl ConfigDb {
    /// Entries, the latest first.
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Stamped<Vec<AuditEntry>>, StoreError> {
        let mut read = self.begin_read().await?;
        let entries = sqlx::query!(
            r#"select audit_id, (extract(epoch from at) * 1000)::bigint as "at_ms!", revision, actor, reason,
                      action, subject, detail
                 from audit
                where ($1::text is null or subject = $1) and ($2::text is null or actor = $2)
                  and ($3::bigint is null or audit_id < $3)
                order by audit_id desc limit $4"#,
            filter.subject.as_deref(),
            filter.actor.as_deref(),
            filter.before,
            i64::from(filter.limit)
        )
        .fetch_all(&mut *read.tx)
        .await?
        .into_iter()
        .map(|row| AuditEntry {
            audit_id: row.audit_id,
            at_ms: row.at_ms,
            revision: Revision::from_i64(row.revision),
            actor: row.actor,
            reason: row.reason,
            action: row.action,
            subject: row.subject,
            detail: row.detail,
        })
        .collect();
        self.end_read(read, entries).await
    }
}
