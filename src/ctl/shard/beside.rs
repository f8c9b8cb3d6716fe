//! A shard as config and its pod have it, side by side.

use serde::Serialize;

use super::view::ReportView;
use crate::client::pod_api::{GuildFence, SessionPhase};
use crate::ctl::guild::GuildView;
use crate::ctl::output::{Cells, Column, Row, count, size};
use crate::ctl::pods::DifferenceView;
use crate::ctl::session::{SessionBeside, SessionView};
use crate::operations::pod_word::{self, Difference, PodWord};
use crate::operations::shards::ShardReport;

/// Everything about one shard with its pod's own word, as in `kind: ShardReport`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BesideView {
    #[serde(flatten)]
    report: ReportView,
    /// The fences, in the order of `guilds`.
    #[serde(skip)]
    pub(super) guilds: Vec<GuildBeside>,
    #[serde(skip)]
    pub(super) sessions: Vec<SessionBeside>,
    /// Every fence in the pod's file.
    fences: Vec<GuildFence>,
    pod_says: PodSays,
    pub(super) differences: Vec<DifferenceView>,
}

/// The pod's word in figures.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct PodSays {
    version: String,
    incarnation: Option<u64>,
    leased: bool,
    sessions: usize,
    sessions_live: usize,
    forward_frames: u64,
    forward_bytes: u64,
    dead_frames: u64,
    gaps: u64,
}

/// A guild with its fence.
#[derive(Debug, Clone, Serialize)]
pub(super) struct GuildBeside {
    #[serde(flatten)]
    guild: GuildView,
    fence: Option<GuildFence>,
    differs: bool,
}

impl BesideView {
    pub(super) fn new(report: &ShardReport, word: &PodWord, differences: Vec<Difference>) -> Self {
        let differences: Vec<DifferenceView> = differences.into_iter().map(DifferenceView::from).collect();
        let by_subject = DifferenceView::by_subject(&differences);
        let guilds = report.guilds.iter().map(|row| GuildBeside {
            guild: GuildView::from(row),
            fence: word.fences.get(&row.guild).cloned(),
            differs: by_subject.contains_key(format!("guild/{}", row.guild).as_str()),
        });
        let sessions = report.hosted.iter().map(|row| {
            let says = pod_word::session_of(&word.health, row.shard);
            let differs = by_subject.get(format!("discord-shard/{}", row.shard).as_str());
            let differs = differs.map(|one| one.pod().to_owned());
            SessionBeside::new(SessionView::from(row), says, differs)
        });
        let (guilds, sessions) = (guilds.collect(), sessions.collect());
        let live = |one: &&crate::client::pod_api::SessionHealth| one.state == SessionPhase::Live;
        Self {
            report: ReportView::from(report),
            guilds,
            sessions,
            fences: word.fences.values().cloned().collect(),
            pod_says: PodSays {
                version: word.health.version.clone(),
                incarnation: word.health.incarnation.map(crate::domain::ids::Incarnation::get),
                leased: word.health.leased,
                sessions: word.health.sessions.len(),
                sessions_live: word.health.sessions.iter().filter(live).count(),
                forward_frames: word.queues.forward.frames,
                forward_bytes: word.queues.forward.bytes,
                dead_frames: word.queues.dead_frames.frames,
                gaps: word.queues.gaps,
            },
            differences,
        }
    }

    /// The labelled lines above the tables.
    pub(super) fn details(&self) -> Vec<(&'static str, String)> {
        let mut lines = self.report.details();
        let says = &self.pod_says;
        lines.extend([
            ("Version (pod)", says.version.clone()),
            (
                "Sessions (pod)",
                format!("{} of {} live", says.sessions_live, says.sessions),
            ),
            (
                "Kept for others (pod)",
                format!(
                    "{} frames, {}",
                    count(says.forward_frames),
                    size(says.forward_bytes)
                ),
            ),
            ("Dead frames (pod)", count(says.dead_frames)),
            ("Gaps (pod)", count(says.gaps)),
        ]);
        lines
    }
}

impl Row for GuildBeside {
    const KIND: &'static str = "Guild";
    const COLUMNS: &'static [Column] = &[
        Column::text("GUILD"),
        Column::number("EPOCH (config)"),
        Column::text("STATE (config)"),
        Column::text("FENCE (pod)"),
        Column::number("EPOCH (pod)"),
        Column::text("EVENT (pod)"),
        Column::number("SIZE (pod)"),
        Column::text("DIFFERS"),
    ];

    fn name(&self) -> String {
        self.guild.name()
    }

    fn cells(&self, _now_ms: i64) -> Cells {
        let [id, epoch, state, size] = self.guild.brief();
        let fence = self.fence.as_ref();
        let text = |what: Option<String>| what.unwrap_or_default();
        vec![
            id,
            epoch,
            state,
            text(fence.map(|fence| fence.mode.as_str().to_owned())),
            text(fence.map(|fence| fence.epoch.to_string())),
            text(fence.map(|fence| fence.progress.position.to_string())),
            size,
            if self.differs { "<>" } else { "" }.to_owned(),
        ]
    }
}
