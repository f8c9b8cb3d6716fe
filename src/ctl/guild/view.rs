//! A guild as it is printed.

use serde::Serialize;

use crate::ctl::changed::ChangeView;
use crate::ctl::output::{Cells, Column, Row, age, rate, rfc3339, size};
use crate::domain::ids::{GuildId, PodId};
use crate::store::config_db::GuildRow;

/// A guild, as in `kind: Guild`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::ctl) struct GuildView {
    id: GuildId,
    /// The owner's ordinal.
    owner: PodId,
    epoch: u64,
    state: &'static str,
    pinned: bool,
    /// When its owner first served it.
    born_at: Option<String>,
    placed_at: String,
    #[serde(skip)]
    placed_at_ms: i64,
    move_id: Option<String>,
    trouble: Option<String>,
    bytes: u64,
    events_per_second: f32,
}

impl From<&GuildRow> for GuildView {
    fn from(row: &GuildRow) -> Self {
        Self {
            id: row.guild,
            owner: row.pod,
            epoch: row.epoch.get(),
            state: state(row),
            pinned: row.pinned,
            born_at: row.born_at_ms.map(rfc3339),
            placed_at: rfc3339(row.placed_at_ms),
            placed_at_ms: row.placed_at_ms,
            move_id: row.move_id.map(|id| id.to_string()),
            trouble: row.trouble.clone(),
            bytes: row.bytes,
            events_per_second: row.events_per_s,
        }
    }
}

/// What the store says of it, in one word.
const fn state(row: &GuildRow) -> &'static str {
    match row {
        GuildRow { trouble: Some(_), .. } => "trouble",
        GuildRow { move_id: Some(_), .. } => "moving",
        GuildRow { born_at_ms: None, .. } => "placed",
        _ => "served",
    }
}

impl GuildView {
    /// Id, epoch, state and size, as in its cells.
    pub(in crate::ctl) fn brief(&self) -> [String; 4] {
        [
            self.id.to_string(),
            self.epoch.to_string(),
            self.state.to_owned(),
            size(self.bytes),
        ]
    }

    /// The labelled lines of `guild get`.
    pub(super) fn details(&self) -> Vec<(&'static str, String)> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        vec![
            ("Guild", self.id.to_string()),
            ("Owner (config)", self.owner.to_string()),
            ("Epoch (config)", self.epoch.to_string()),
            ("State (config)", self.state.to_owned()),
            ("Pinned", if self.pinned { "yes" } else { "no" }.to_owned()),
            ("Move (config)", text(&self.move_id)),
            ("Trouble (config)", text(&self.trouble)),
            ("Placed (config)", self.placed_at.clone()),
            ("First served (config)", text(&self.born_at)),
            ("Events/s (pod)", rate(self.events_per_second)),
            ("Size (pod)", size(self.bytes)),
            ("Made (Discord)", rfc3339(self.id.created_at_ms())),
        ]
    }
}

impl Row for GuildView {
    const KIND: &'static str = "Guild";
    const COLUMNS: &'static [Column] = &[
        Column::text("GUILD"),
        Column::text("OWNER (config)"),
        Column::number("EPOCH (config)"),
        Column::text("STATE (config)"),
        Column::text("PINNED"),
        Column::number("EVENTS/S (pod)"),
        Column::number("SIZE (pod)"),
        Column::text("AGE"),
        Column::text("FIRST SERVED").wide(),
        Column::text("MOVE").wide(),
        Column::text("TROUBLE").wide(),
    ];

    fn name(&self) -> String {
        format!("guild/{}", self.id)
    }

    fn cells(&self, now_ms: i64) -> Cells {
        vec![
            self.id.to_string(),
            self.owner.to_string(),
            self.epoch.to_string(),
            self.state.to_owned(),
            if self.pinned { "yes" } else { "" }.to_owned(),
            rate(self.events_per_second),
            size(self.bytes),
            age(now_ms - self.placed_at_ms),
            self.born_at.clone().unwrap_or_default(),
            self.move_id.clone().unwrap_or_default(),
            self.trouble.clone().unwrap_or_default(),
        ]
    }
}

/// A pin set or taken away, told.
pub(super) fn pin_change(guild: GuildId, was: bool, now: bool, dry_run: bool) -> ChangeView {
    let word = |pinned| if pinned { "pinned" } else { "not pinned" };
    let changed = was != now;
    let already = if changed { "" } else { " already" };
    ChangeView {
        subject: format!("guild/{guild}"),
        action: if now { "guild pin" } else { "guild unpin" },
        before: Some(word(was).to_owned()),
        after: word(now).to_owned(),
        changed,
        dry_run,
        doubt: None,
        line: format!("guild {guild} is {}{already}", word(now)),
    }
}
