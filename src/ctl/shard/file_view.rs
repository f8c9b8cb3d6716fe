//! A shard's file as it is printed.

use serde::Serialize;

use crate::ctl::output::{Cells, Column, Row, age, count, rfc3339, size};
use crate::domain::ids::GuildId;
use crate::store::shard_db::{GuildInFile, Queues, SessionInFile, ShardFile};

/// Everything a shard's file holds, as in `kind: ShardFile`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShardFileView {
    path: String,
    bytes: u64,
    wal_bytes: u64,
    /// Free pages that were not given back to the file system.
    free_bytes: u64,
    schema: u32,
    /// Set when the file belongs to a fleet.
    store_id: Option<String>,
    file_id: Option<String>,
    /// Who has it open for writing.
    holder: Option<String>,
    rows: u64,
    /// The largest first.
    pub(super) guilds: Vec<GuildView>,
    pub(super) sessions: Vec<SessionView>,
    queues: QueuesView,
}

/// A guild in the file.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GuildView {
    id: GuildId,
    /// `importing`, `serving`, `frozen`, `tombstone`; null: rows without a fence.
    mode: Option<&'static str>,
    epoch: Option<u64>,
    #[serde(rename = "move")]
    move_id: Option<String>,
    freeze_no: u64,
    discord_shard: u32,
    session_no: u64,
    seq: u64,
    writes: u64,
    rows: u64,
    /// What the rows hold; indexes not counted.
    bytes: u64,
    /// Whether it is being copied out of here.
    captured: bool,
}

/// A hosted session in the file.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionView {
    discord_shard: u32,
    num_shards: u32,
    host_epoch: u64,
    session_no: u64,
    seq: u64,
    resumable: bool,
    updated_at: String,
    #[serde(skip)]
    updated_at_ms: i64,
}

/// How much is waiting.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct QueuesView {
    forwarded_frames: u64,
    forwarded_bytes: u64,
    actions_pending: u64,
    actions_sending: u64,
    actions_unknown: u64,
    actions_dead: u64,
    timers: u64,
    timers_held: u64,
    dead_frames: u64,
    gaps: u64,
    imports: u64,
}

impl From<&ShardFile> for ShardFileView {
    fn from(file: &ShardFile) -> Self {
        Self {
            path: file.path.display().to_string(),
            bytes: file.bytes,
            wal_bytes: file.wal_bytes,
            free_bytes: file.free_bytes,
            schema: file.schema.get(),
            store_id: file.meta.get("store_id").cloned(),
            file_id: file.meta.get("file_id").cloned(),
            holder: file.holder.clone(),
            rows: file.guilds.iter().map(|guild| guild.rows).sum(),
            guilds: file.guilds.iter().map(GuildView::from).collect(),
            sessions: file.sessions.iter().map(SessionView::from).collect(),
            queues: QueuesView::from(file.queues),
        }
    }
}

impl From<&GuildInFile> for GuildView {
    fn from(guild: &GuildInFile) -> Self {
        let state = guild.fence.as_ref().map(|fence| &fence.state);
        let progress = guild
            .fence
            .as_ref()
            .map(|fence| fence.progress)
            .unwrap_or_default();
        Self {
            id: guild.guild_id,
            mode: state.map(|state| state.mode.as_str()),
            epoch: state.map(|state| state.epoch.get()),
            move_id: state.and_then(|state| state.move_id).map(|id| id.to_string()),
            freeze_no: state.map(|state| state.freeze_no).unwrap_or_default(),
            discord_shard: progress.shard_id,
            session_no: progress.position.session_no.get(),
            seq: progress.position.seq,
            writes: progress.writes,
            rows: guild.rows,
            bytes: guild.bytes,
            captured: guild.captured,
        }
    }
}

impl From<&SessionInFile> for SessionView {
    fn from(session: &SessionInFile) -> Self {
        Self {
            discord_shard: session.shard_id,
            num_shards: session.num_shards,
            host_epoch: session.host_epoch,
            session_no: session.position.session_no.get(),
            seq: session.position.seq,
            resumable: session.resumable,
            updated_at: rfc3339(session.updated_at),
            updated_at_ms: session.updated_at,
        }
    }
}

impl From<Queues> for QueuesView {
    fn from(queues: Queues) -> Self {
        Self {
            forwarded_frames: queues.forwarded,
            forwarded_bytes: queues.forwarded_bytes,
            actions_pending: queues.pending,
            actions_sending: queues.sending,
            actions_unknown: queues.unknown,
            actions_dead: queues.dead,
            timers: queues.timers,
            timers_held: queues.held_timers,
            dead_frames: queues.dead_frames,
            gaps: queues.gaps,
            imports: queues.imports,
        }
    }
}

impl Row for GuildView {
    const KIND: &'static str = "GuildInFile";
    const COLUMNS: &'static [Column] = &[
        Column::text("GUILD"),
        Column::text("FENCE (file)"),
        Column::number("EPOCH"),
        Column::text("EVENT"),
        Column::number("WRITES").wide(),
        Column::text("MOVE").wide(),
        Column::number("ROWS"),
        Column::number("SIZE"),
        Column::text("COPY").wide(),
    ];

    fn name(&self) -> String {
        format!("guild/{}", self.id)
    }

    fn cells(&self, _now_ms: i64) -> Cells {
        vec![
            self.id.to_string(),
            self.mode.unwrap_or("none").to_owned(),
            self.epoch.map(|epoch| epoch.to_string()).unwrap_or_default(),
            format!("{}:{}", self.session_no, self.seq),
            count(self.writes),
            self.move_id.clone().unwrap_or_default(),
            count(self.rows),
            size(self.bytes),
            if self.captured {
                "being copied".to_owned()
            } else {
                String::new()
            },
        ]
    }
}

impl Row for SessionView {
    const KIND: &'static str = "SessionInFile";
    const COLUMNS: &'static [Column] = &[
        Column::number("DISCORD SHARD"),
        Column::number("HOST EPOCH"),
        Column::text("EVENT"),
        Column::text("RESUMABLE"),
        Column::text("WRITTEN"),
    ];

    fn name(&self) -> String {
        format!("session/{}", self.discord_shard)
    }

    fn cells(&self, now_ms: i64) -> Cells {
        vec![
            format!("{}/{}", self.discord_shard, self.num_shards),
            self.host_epoch.to_string(),
            format!("{}:{}", self.session_no, self.seq),
            if self.resumable { "yes" } else { "no" }.to_owned(),
            format!("{} ago", age(now_ms - self.updated_at_ms)),
        ]
    }
}

impl ShardFileView {
    /// The labelled lines above the tables.
    pub(super) fn details(&self) -> Vec<(&'static str, String)> {
        let queues = &self.queues;
        vec![
            ("Shard file", self.path.clone()),
            (
                "Open for writing",
                self.holder.clone().unwrap_or_else(|| "by nobody".to_owned()),
            ),
            (
                "Belongs to",
                self.store_id
                    .as_ref()
                    .map_or("no fleet".to_owned(), |id| format!("fleet {id}")),
            ),
            ("Schema", self.schema.to_string()),
            (
                "Size",
                format!(
                    "{} ({} free), write-ahead log {}",
                    size(self.bytes),
                    size(self.free_bytes),
                    size(self.wal_bytes)
                ),
            ),
            (
                "Guilds",
                format!(
                    "{} with {} rows",
                    count(self.guilds.len() as u64),
                    count(self.rows)
                ),
            ),
            (
                "Actions",
                format!(
                    "{} pending, {} sending, {} unknown, {} dead",
                    count(queues.actions_pending),
                    count(queues.actions_sending),
                    count(queues.actions_unknown),
                    count(queues.actions_dead)
                ),
            ),
            (
                "Timers",
                format!("{} ({} held)", count(queues.timers), count(queues.timers_held)),
            ),
            (
                "Kept for others",
                format!(
                    "{} frames, {}",
                    count(queues.forwarded_frames),
                    size(queues.forwarded_bytes)
                ),
            ),
            ("Dead frames", count(queues.dead_frames)),
            ("Gaps", count(queues.gaps)),
            ("Imports under way", count(queues.imports)),
        ]
    }
}
