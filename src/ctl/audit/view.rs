//! An audit entry as it is printed.

use serde::Serialize;

use crate::ctl::output::{Cells, Column, Row, rfc3339};
use crate::store::config_db::AuditEntry;

/// An entry, as in `kind: AuditEntry`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditView {
    id: i64,
    at: String,
    revision: u64,
    actor: String,
    action: String,
    subject: String,
    reason: String,
    detail: serde_json::Value,
}

impl From<&AuditEntry> for AuditView {
    fn from(entry: &AuditEntry) -> Self {
        Self {
            id: entry.audit_id,
            at: rfc3339(entry.at_ms),
            revision: entry.revision.get(),
            actor: entry.actor.clone(),
            action: entry.action.clone(),
            subject: entry.subject.clone(),
            reason: entry.reason.clone(),
            detail: entry.detail.clone(),
        }
    }
}

impl Row for AuditView {
    const KIND: &'static str = "AuditEntry";
    const COLUMNS: &'static [Column] = &[
        Column::text("AT"),
        Column::text("ACTOR"),
        Column::text("ACTION"),
        Column::text("SUBJECT"),
        Column::text("REASON"),
        Column::number("REVISION").wide(),
        Column::text("DETAIL").wide(),
    ];

    fn name(&self) -> String {
        format!("audit/{}", self.id)
    }

    fn cells(&self, _now_ms: i64) -> Cells {
        vec![
            self.at.clone(),
            self.actor.clone(),
            self.action.clone(),
            self.subject.clone(),
            self.reason.clone(),
            self.revision.to_string(),
            self.detail.to_string(),
        ]
    }
}
