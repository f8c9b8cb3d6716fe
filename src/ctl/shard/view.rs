//! A shard as it is printed.

use serde::Serialize;

use crate::ctl::guild::GuildView;
use crate::ctl::output::{Cells, Column, Row, count, rate, size};
use crate::ctl::pod::PodView;
use crate::ctl::session::SessionView;
use crate::domain::ids::PodId;
use crate::operations::shards::ShardReport;
use crate::store::config_db::PodRow;

/// A pod's database, as in `kind: Shard`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShardView {
    pod: PodId,
    /// Under which lineage Litestream keeps it.
    lineage: u64,
    guilds: u64,
    bytes: u64,
    events_per_second: f32,
}

impl From<&PodRow> for ShardView {
    fn from(row: &PodRow) -> Self {
        Self {
            pod: row.pod,
            lineage: row.lineage,
            guilds: row.guilds,
            bytes: row.bytes,
            events_per_second: row.events_per_s,
        }
    }
}

impl Row for ShardView {
    const KIND: &'static str = "Shard";
    const COLUMNS: &'static [Column] = &[
        Column::text("POD"),
        Column::number("GUILDS (config)"),
        Column::number("SIZE (pod)"),
        Column::number("EVENTS/S (pod)"),
        Column::text("REPLICA (config)"),
    ];

    fn name(&self) -> String {
        format!("pod/{}", self.pod.get())
    }

    fn cells(&self, _now_ms: i64) -> Cells {
        vec![
            self.pod.to_string(),
            self.guilds.to_string(),
            size(self.bytes),
            rate(self.events_per_second),
            format!("{}/lineage-{}", self.pod, self.lineage),
        ]
    }
}

/// Everything about one shard, as in `kind: ShardReport`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReportView {
    pub(super) shard: ShardView,
    pub(super) pod: PodView,
    /// The largest first.
    pub(super) guilds: Vec<GuildView>,
    pub(super) sessions: Vec<SessionView>,
}

impl From<&ShardReport> for ReportView {
    fn from(report: &ShardReport) -> Self {
        Self {
            shard: ShardView::from(&report.pod),
            pod: PodView::from(&report.pod),
            guilds: report.guilds.iter().map(GuildView::from).collect(),
            sessions: report.hosted.iter().map(SessionView::from).collect(),
        }
    }
}

impl ReportView {
    /// The labelled lines above the tables.
    pub(super) fn details(&self) -> Vec<(&'static str, String)> {
        let shard = &self.shard;
        vec![
            ("Shard of", shard.pod.to_string()),
            ("Lease (config)", self.pod.lease()),
            (
                "Replica (config)",
                format!("{}/lineage-{}", shard.pod, shard.lineage),
            ),
            ("Guilds (config)", count(shard.guilds)),
            ("Size (pod)", size(shard.bytes)),
            ("Events/s (pod)", rate(shard.events_per_second)),
            ("Discord shards (config)", self.sessions.len().to_string()),
        ]
    }
}
