//! What the legacy verbs print, row by row.

use serde::Serialize;

use crate::ctl::output::{Cells, Column, Row, count, size};
use crate::domain::ids::{GuildId, NumShards};
use crate::domain::legacy::tables::Scope;
use crate::operations::legacy::inspect::{GuildFacts, TableFacts};
use crate::operations::legacy::split::PlannedPod;
use crate::operations::legacy::verify::TableReport;

/// A table of the old database.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TableView {
    table: &'static str,
    rows: u64,
    bytes: u64,
    goes_to: &'static str,
}

impl From<&TableFacts> for TableView {
    fn from(facts: &TableFacts) -> Self {
        let goes_to = match facts.table.spec().scope {
            Scope::Guild => "the guild's pod",
            Scope::ThroughEscalation => "the pod of its escalation",
            Scope::ThroughChannel => "the pod of its channel's guild",
            Scope::Global => "the fleet",
            Scope::Dropped => "nowhere: people log in again",
        };
        Self {
            table: facts.table.name(),
            rows: facts.rows,
            bytes: facts.bytes,
            goes_to,
        }
    }
}

impl Row for TableView {
    const KIND: &'static str = "LegacyTable";
    const COLUMNS: &'static [Column] = &[
        Column::text("TABLE"),
        Column::number("ROWS"),
        Column::number("VALUES"),
        Column::text("GOES TO"),
    ];

    fn name(&self) -> String {
        self.table.to_owned()
    }

    fn cells(&self, _now_ms: i64) -> Cells {
        vec![
            self.table.to_owned(),
            count(self.rows),
            size(self.bytes),
            self.goes_to.to_owned(),
        ]
    }
}

/// A guild of the old database.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GuildView {
    guild: GuildId,
    rows: u64,
    bytes: u64,
    registered: bool,
    /// Its share of the rows of all guilds, in percent.
    share_percent: f64,
    discord_shard: u32,
}

impl GuildView {
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    pub(super) fn new(facts: &GuildFacts, all_rows: u64, num_shards: NumShards) -> Self {
        Self {
            guild: facts.guild,
            rows: facts.rows,
            bytes: facts.bytes,
            registered: facts.registered,
            share_percent: (facts.rows as f64 * 1000.0 / all_rows.max(1) as f64).round() / 10.0,
            discord_shard: facts.guild.discord_shard(num_shards).get(),
        }
    }
}

impl Row for GuildView {
    const KIND: &'static str = "LegacyGuild";
    const COLUMNS: &'static [Column] = &[
        Column::text("GUILD"),
        Column::number("ROWS"),
        Column::number("VALUES"),
        Column::number("SHARE"),
        Column::text("REGISTERED"),
        Column::number("DISCORD SHARD").wide(),
    ];

    fn name(&self) -> String {
        format!("guild/{}", self.guild)
    }

    fn cells(&self, _now_ms: i64) -> Cells {
        vec![
            self.guild.to_string(),
            count(self.rows),
            size(self.bytes),
            format!("{:.1}%", self.share_percent),
            if self.registered { "yes" } else { "no" }.to_owned(),
            self.discord_shard.to_string(),
        ]
    }
}

/// What a pod gets.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PodView {
    pod: u32,
    discord_shards: u64,
    guilds: u64,
    rows: u64,
    largest_guild: Option<GuildId>,
    largest_guild_rows: u64,
    share_percent: f64,
}

impl PodView {
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    pub(super) fn new(pod: &PlannedPod, all_rows: u64) -> Self {
        Self {
            pod: pod.pod.get(),
            discord_shards: pod.discord_shards,
            guilds: pod.guilds,
            rows: pod.rows,
            largest_guild: pod.largest.map(|(guild, _)| guild),
            largest_guild_rows: pod.largest.map_or(0, |(_, rows)| rows),
            share_percent: (pod.rows as f64 * 1000.0 / all_rows.max(1) as f64).round() / 10.0,
        }
    }
}

impl Row for PodView {
    const KIND: &'static str = "LegacyPod";
    const COLUMNS: &'static [Column] = &[
        Column::text("POD"),
        Column::number("DISCORD SHARDS"),
        Column::number("GUILDS"),
        Column::number("ROWS"),
        Column::number("SHARE"),
        Column::text("LARGEST GUILD"),
        Column::number("ITS ROWS").wide(),
    ];

    fn name(&self) -> String {
        format!("pod/{}", self.pod)
    }

    fn cells(&self, _now_ms: i64) -> Cells {
        vec![
            format!("pod-{}", self.pod),
            self.discord_shards.to_string(),
            count(self.guilds),
            count(self.rows),
            format!("{:.1}%", self.share_percent),
            self.largest_guild
                .map_or_else(String::new, |guild| guild.to_string()),
            count(self.largest_guild_rows),
        ]
    }
}

/// Where the rows of a table are.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlacesView {
    table: &'static str,
    source: u64,
    pods: u64,
    global: u64,
    quarantine: u64,
    not_carried: u64,
    equal: bool,
}

impl From<&TableReport> for PlacesView {
    fn from(report: &TableReport) -> Self {
        let placed = report.pods + report.global + report.quarantine + report.not_carried;
        Self {
            table: report.table.name(),
            source: report.source,
            pods: report.pods,
            global: report.global,
            quarantine: report.quarantine,
            not_carried: report.not_carried,
            equal: placed == report.source,
        }
    }
}

impl Row for PlacesView {
    const KIND: &'static str = "LegacyTable";
    const COLUMNS: &'static [Column] = &[
        Column::text("TABLE"),
        Column::number("SOURCE"),
        Column::number("PODS"),
        Column::number("FLEET"),
        Column::number("QUARANTINE"),
        Column::number("LEFT"),
        Column::text("COUNT"),
    ];

    fn name(&self) -> String {
        self.table.to_owned()
    }

    fn cells(&self, _now_ms: i64) -> Cells {
        vec![
            self.table.to_owned(),
            count(self.source),
            count(self.pods),
            count(self.global),
            count(self.quarantine),
            count(self.not_carried),
            if self.equal { "equal" } else { "DIFFERS" }.to_owned(),
        ]
    }
}

/// Rows in quarantine.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QuarantineView {
    pub(super) table: String,
    pub(super) reason: &'static str,
    pub(super) column: Option<&'static str>,
    pub(super) explanation: String,
    pub(super) rows: u64,
    pub(super) samples: Vec<String>,
}

/// Something that is changed on the way, or worth knowing.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NoteView {
    pub(super) kind: String,
    pub(super) count: u64,
    pub(super) what: String,
    pub(super) becomes: String,
    pub(super) samples: Vec<String>,
}
