//! A move as it is printed.

use serde::Serialize;
use uuid::Uuid;

use crate::ctl::output::{Cells, Column, Row, age, count, rfc3339};
use crate::domain::ids::{GuildId, PodId};
use crate::domain::move_step::MoveStep;
use crate::store::config_db::MoveRow;

/// A move, as in `kind: Move`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::ctl) struct MoveView {
    id: Uuid,
    guild: GuildId,
    from: PodId,
    to: PodId,
    /// The guild's epoch after the flip.
    epoch: u64,
    step: MoveStep,
    /// Whether it waits to be told to go on.
    held: bool,
    pause_budget_ms: u32,
    /// How long the guild stood still.
    paused_ms: Option<u32>,
    /// Freezes that were given up.
    thaws: u32,
    rows: Option<u64>,
    digest: Option<String>,
    driver: Option<String>,
    plan: Option<Uuid>,
    actor: String,
    reason: String,
    error: Option<String>,
    planned_at: String,
    changed_at: String,
    #[serde(skip)]
    changed_ms: i64,
}

impl From<&MoveRow> for MoveView {
    fn from(row: &MoveRow) -> Self {
        let active = &row.active;
        Self {
            id: active.move_id,
            guild: active.guild,
            from: active.src,
            to: active.dst,
            epoch: active.epoch.get(),
            step: active.step,
            held: row.is_held(),
            pause_budget_ms: row.pause_budget_ms,
            paused_ms: row.paused_ms,
            thaws: row.thaws,
            rows: row.rows,
            digest: row.digest.map(|digest| digest.to_string()),
            driver: row.driver.clone(),
            plan: row.plan_id,
            actor: row.actor.clone(),
            reason: row.reason.clone(),
            error: row.error.clone(),
            planned_at: rfc3339(row.created_at_ms),
            changed_at: rfc3339(row.updated_at_ms),
            changed_ms: row.updated_at_ms,
        }
    }
}

impl MoveView {
    fn state(&self) -> String {
        if self.held {
            format!("{}, held", self.step)
        } else {
            self.step.to_string()
        }
    }

    fn pause(&self) -> String {
        self.paused_ms
            .map_or_else(|| "-".to_owned(), |ms| format!("{ms} ms"))
    }

    /// What became of it, in one line.
    pub(in crate::ctl) fn line(&self) -> String {
        let Self {
            guild,
            from,
            to,
            epoch,
            ..
        } = self;
        match self.step {
            MoveStep::Started | MoveStep::Cleaned => format!(
                "guild {guild} is on {to} (was {from}), epoch {epoch}: {} rows, stood still for {} of {} ms allowed",
                count(self.rows.unwrap_or_default()),
                self.pause(),
                self.pause_budget_ms
            ),
            MoveStep::Aborted => format!(
                "guild {guild} stays on {from}: {}",
                self.error.as_deref().unwrap_or("the move was given up")
            ),
            _ => format!(
                "guild {guild} is on its way from {from} to {to}: {}",
                self.state()
            ),
        }
    }

    /// The labelled lines of `move get`.
    pub(super) fn details(&self) -> Vec<(&'static str, String)> {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        vec![
            ("Move", self.id.to_string()),
            ("Guild", self.guild.to_string()),
            ("From", self.from.to_string()),
            ("To", self.to.to_string()),
            ("Epoch after it", self.epoch.to_string()),
            ("Step", self.state()),
            ("Last change", self.changed_at.clone()),
            ("Stood still", self.pause()),
            ("Allowed", format!("{} ms", self.pause_budget_ms)),
            ("Stopped in vain", self.thaws.to_string()),
            ("Rows", or_dash(self.rows.map(count))),
            ("Driver", or_dash(self.driver.clone())),
            ("Planned", self.planned_at.clone()),
            ("By", self.actor.clone()),
            ("Reason", self.reason.clone()),
            ("Trouble", or_dash(self.error.clone())),
        ]
    }
}

impl Row for MoveView {
    const KIND: &'static str = "Move";
    const COLUMNS: &'static [Column] = &[
        Column::text("MOVE"),
        Column::text("GUILD"),
        Column::text("FROM"),
        Column::text("TO"),
        Column::text("STEP"),
        Column::number("STOOD STILL"),
        Column::number("ROWS"),
        Column::text("CHANGED"),
        Column::number("IN VAIN").wide(),
        Column::text("DRIVER").wide(),
        Column::text("BY").wide(),
        Column::text("TROUBLE").wide(),
    ];

    fn name(&self) -> String {
        format!("move/{}", self.id)
    }

    fn cells(&self, now_ms: i64) -> Cells {
        vec![
            self.id.to_string(),
            self.guild.to_string(),
            self.from.to_string(),
            self.to.to_string(),
            self.state(),
            self.pause(),
            self.rows.map_or_else(|| "-".to_owned(), count),
            format!("{} ago", age(now_ms - self.changed_ms)),
            self.thaws.to_string(),
            self.driver.clone().unwrap_or_default(),
            self.actor.clone(),
            self.error.clone().unwrap_or_default(),
        ]
    }
}
