//! A pod as it is printed.

use serde::Serialize;

use crate::ctl::changed::ChangeView;
use crate::ctl::output::{Cells, Column, Row, age, rate, rfc3339, size};
use crate::domain::fleet::PodState;
use crate::domain::ids::PodId;
use crate::operations::pods::StateChange;
use crate::store::config_db::PodRow;

/// A pod, as in `kind: Pod`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::ctl) struct PodView {
    /// The ordinal.
    id: PodId,
    state: PodState,
    /// Whether its lease runs.
    leased: bool,
    /// Milliseconds that the lease runs still; negative: for how long it has been over.
    lease_left_ms: i64,
    renewed_at: String,
    stopped_at: Option<String>,
    guilds: u64,
    discord_shards: u64,
    capacity: u32,
    zone: String,
    version: String,
    incarnation: u64,
    lineage: u64,
    known_revision: u64,
    api_url: String,
    bytes: u64,
    events_per_second: f32,
}

impl From<&PodRow> for PodView {
    fn from(row: &PodRow) -> Self {
        Self {
            id: row.pod,
            state: row.state,
            leased: row.leased(),
            lease_left_ms: row.lease_left_ms,
            renewed_at: rfc3339(row.renewed_at_ms),
            stopped_at: row.detached_at_ms.map(rfc3339),
            guilds: row.guilds,
            discord_shards: row.discord_shards,
            capacity: row.capacity,
            zone: row.zone.clone(),
            version: row.version.clone(),
            incarnation: row.incarnation.get(),
            lineage: row.lineage,
            known_revision: row.known_revision.get(),
            api_url: row.api_url.clone(),
            bytes: row.bytes,
            events_per_second: row.events_per_s,
        }
    }
}

impl PodView {
    /// How its lease stands, in words.
    pub(in crate::ctl) fn lease(&self) -> String {
        if self.incarnation == 0 {
            "never started".to_owned()
        } else if self.stopped_at.is_some() {
            format!("stopped {} ago", age(-self.lease_left_ms))
        } else if self.leased {
            format!("{} left", age(self.lease_left_ms))
        } else {
            format!("over for {}", age(-self.lease_left_ms))
        }
    }

    /// The labelled lines of `pod get`.
    pub(super) fn details(&self) -> Vec<(&'static str, String)> {
        vec![
            ("Pod", self.id.to_string()),
            ("State (config)", self.state.to_string()),
            ("Lease (config)", self.lease()),
            ("Last renewal (config)", self.renewed_at.clone()),
            ("Incarnation (config)", self.incarnation.to_string()),
            ("Lineage (config)", self.lineage.to_string()),
            ("Guilds (config)", self.guilds.to_string()),
            ("Discord shards (config)", self.discord_shards.to_string()),
            ("Capacity (pod)", self.capacity.to_string()),
            ("Zone (pod)", self.zone.clone()),
            ("Version (pod)", self.version.clone()),
            ("API (pod)", self.api_url.clone()),
            ("Events/s (pod)", rate(self.events_per_second)),
            ("Size (pod)", size(self.bytes)),
            ("Revision seen (pod)", self.known_revision.to_string()),
        ]
    }
}

impl Row for PodView {
    const KIND: &'static str = "Pod";
    const COLUMNS: &'static [Column] = &[
        Column::text("POD"),
        Column::text("STATE (config)"),
        Column::text("LEASE (config)"),
        Column::number("GUILDS (config)"),
        Column::number("EVENTS/S (pod)"),
        Column::number("SIZE (pod)"),
        Column::number("DISCORD SHARDS (config)").wide(),
        Column::number("CAPACITY (pod)").wide(),
        Column::text("ZONE (pod)").wide(),
        Column::text("VERSION (pod)").wide(),
        Column::number("INCARNATION (config)").wide(),
        Column::number("LINEAGE (config)").wide(),
        Column::number("REVISION (pod)").wide(),
        Column::text("API (pod)").wide(),
    ];

    fn name(&self) -> String {
        format!("pod/{}", self.id.get())
    }

    fn cells(&self, _now_ms: i64) -> Cells {
        vec![
            self.id.to_string(),
            self.state.to_string(),
            self.lease(),
            self.guilds.to_string(),
            rate(self.events_per_second),
            size(self.bytes),
            self.discord_shards.to_string(),
            self.capacity.to_string(),
            self.zone.clone(),
            self.version.clone(),
            self.incarnation.to_string(),
            self.lineage.to_string(),
            self.known_revision.to_string(),
            self.api_url.clone(),
        ]
    }
}

/// A change of a pod's state, told.
pub(super) fn state_change(
    pod: PodId,
    action: &'static str,
    change: StateChange,
    dry_run: bool,
) -> ChangeView {
    let StateChange { from, to } = change;
    let changed = from != to;
    ChangeView {
        subject: format!("pod/{}", pod.get()),
        action,
        before: Some(from.to_string()),
        after: to.to_string(),
        changed,
        dry_run,
        doubt: None,
        line: if changed {
            format!("{pod} is {to} (was {from})")
        } else {
            format!("{pod} is {to} already")
        },
    }
}
