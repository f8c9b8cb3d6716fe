//! Audit-log entries.

use serde_json::{Value, json};

use crate::simulator::world::audit::AuditEntry;

/// An entry as `GET /guilds/{guild_id}/audit-logs` and `GUILD_AUDIT_LOG_ENTRY_CREATE` carry it.
pub(in crate::simulator) fn entry(entry: &AuditEntry) -> Value {
    let mut value = json!({
        "action_type": entry.action,
        "id": entry.id,
        "target_id": entry.target,
        "user_id": entry.actor,
    });
    if !entry.changes.is_empty() {
        value["changes"] = json!(entry.changes);
    }
    if let Some(reason) = &entry.reason {
        value["reason"] = json!(reason);
    }
    if let Some(options) = &entry.options {
        value["options"] = options.clone();
    }
    value
}
