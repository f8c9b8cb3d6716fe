//! An action as it is printed.

use serde::Serialize;

use crate::client::pod_api::OutboxAction;
use crate::ctl::output::{Cells, Column, Row, age, rfc3339};
use crate::domain::ids::GuildId;

/// An action at Discord, as in `kind: Action`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActionView {
    guild: GuildId,
    id: String,
    action: String,
    state: String,
    cause: String,
    /// What is done, in full.
    what: serde_json::Value,
    decided_at: String,
    #[serde(skip)]
    decided_at_ms: i64,
    not_after: Option<String>,
    attempts: u32,
    error: Option<String>,
}

impl From<OutboxAction> for ActionView {
    fn from(one: OutboxAction) -> Self {
        Self {
            guild: one.guild,
            id: one.action,
            action: one.kind,
            state: one.state,
            cause: one.cause,
            what: serde_json::from_str(&one.payload).unwrap_or(serde_json::Value::String(one.payload)),
            decided_at: rfc3339(one.decided_at_ms),
            decided_at_ms: one.decided_at_ms,
            not_after: one.not_after_ms.map(rfc3339),
            attempts: one.attempts,
            error: one.error,
        }
    }
}

impl Row for ActionView {
    const KIND: &'static str = "Action";
    const COLUMNS: &'static [Column] = &[
        Column::text("GUILD (pod)"),
        Column::text("ACTION (pod)"),
        Column::text("WHAT"),
        Column::text("STATE (pod)"),
        Column::text("DECIDED"),
        Column::number("TRIES (pod)").wide(),
        Column::text("CAUSE (pod)").wide(),
        Column::text("WHY (pod)"),
    ];

    fn name(&self) -> String {
        format!("{} {}", self.guild, self.id)
    }

    fn cells(&self, now_ms: i64) -> Cells {
        vec![
            self.guild.to_string(),
            self.id.clone(),
            self.action.clone(),
            self.state.clone(),
            age(now_ms - self.decided_at_ms),
            self.attempts.to_string(),
            self.cause.clone(),
            self.error.clone().unwrap_or_default(),
        ]
    }
}
