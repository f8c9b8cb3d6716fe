//! Pods: starting, running, stopping, and reporting fences.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::discord_shards::{Cursor, DiscordShardInfo};
use crate::domain::fence::FenceMode;
use crate::domain::fleet::PodState;
use crate::domain::ids::{
    DiscordShardId, Epoch, GuildId, Incarnation, NumShards, PodId, Revision, SessionNo,
};
use crate::domain::move_step::MoveStep;

/// `POST /v1/pods/{pod}/attach`: what a starting pod says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachRequest {
    /// Where its API listens, as others reach it: `http://…`.
    pub api_url: String,
    /// Its weight beside other pods, over zero.
    pub capacity: u32,
    /// Its failure zone; may be empty.
    #[serde(default)]
    pub zone: String,
    /// The program's version.
    pub version: String,
    /// The machine's boot id. The pod holds the lock of its volume when it says so.
    pub boot_id: String,
    /// The lineage written in its file; none: the volume is empty.
    #[serde(default)]
    pub volume_lineage: Option<u64>,
}

/// What a starting pod is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachAnswer {
    /// Its work, under the incarnation minted now.
    pub assignment: AssignmentAnswer,
    /// The lineage to replicate under.
    pub lineage: u64,
    /// Whether that lineage begins now: the local meta directory must go.
    pub lineage_is_new: bool,
    /// How long its lease runs from the sending of the request, in milliseconds.
    pub lease_ttl_ms: u64,
}

/// `GET /v1/pods/{pod}/assignment?incarnation=`: a running pod's work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignmentAnswer {
    /// Its present incarnation.
    pub incarnation: Incarnation,
    /// Its guilds; empty while the store recovers, which is no sign that it owns none.
    pub guilds: Vec<OwnedGuildInfo>,
    /// Moves it takes part in.
    pub moves: Vec<MoveInfo>,
    /// Discord shards it hosts.
    pub discord_shards: Vec<DiscordShardInfo>,
    /// Discord shards of the fleet.
    pub num_shards: NumShards,
}

/// A guild that a pod owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedGuildInfo {
    /// Which guild.
    pub guild: GuildId,
    /// Its epoch: the pod serves only where its fence says exactly this.
    pub epoch: Epoch,
    /// Whether it was ever served: then a pod without its rows has lost them, and must not begin it anew.
    pub born: bool,
    /// After a recovery: the one fence epoch that may be raised to `epoch`.
    #[serde(default)]
    pub raise_from: Option<Epoch>,
    /// After a recovery: why nobody may serve it yet.
    #[serde(default)]
    pub trouble: Option<String>,
}

/// A move that a pod takes part in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveInfo {
    /// Which move.
    pub move_id: Uuid,
    /// Which guild.
    pub guild: GuildId,
    /// From where.
    pub src: PodId,
    /// To where.
    pub dst: PodId,
    /// The guild's epoch after the flip.
    pub epoch: Epoch,
    /// How far it has come.
    pub step: MoveStep,
    /// The number of the present freeze.
    pub freeze_no: u32,
}

/// `POST /v1/pods/{pod}/heartbeat`: what a running pod says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeartbeatRequest {
    /// Its present life.
    pub incarnation: Incarnation,
    /// The size of its database in bytes.
    pub bytes: u64,
    /// Events a second, all its guilds together.
    pub events_per_s: f32,
    /// The part of the REST budget it goes by now, in thousandths of a request a second.
    pub rest_share: u32,
    /// The highest revision it has seen.
    pub known_revision: Revision,
    /// Guilds whose load has changed.
    #[serde(default)]
    pub guild_loads: Vec<GuildLoadInfo>,
    /// The sessions it holds.
    #[serde(default)]
    pub sessions: Vec<HostedSessionInfo>,
}

/// A guild's load.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GuildLoadInfo {
    /// Which guild.
    pub guild: GuildId,
    /// The size of its rows in bytes.
    pub bytes: u64,
    /// Events a second.
    pub events_per_s: f32,
}

/// A session that a pod holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostedSessionInfo {
    /// Which Discord shard.
    pub discord_shard: DiscordShardId,
    /// Under which host epoch the pod holds it.
    pub host_epoch: Epoch,
    /// The session, with the cursor that the pod's replica holds.
    pub cursor: Cursor,
}

/// What a running pod is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatAnswer {
    /// What the operator wants of it.
    pub state: PodState,
    /// Its part of the REST budget from now on, in thousandths of a request a second.
    pub rest_share: u32,
    /// Whether it must report its fences: the store recovers and has not heard of them.
    pub report_fences: bool,
    /// How long its lease runs from the sending of the request, in milliseconds.
    pub lease_ttl_ms: u64,
}

/// `POST /v1/pods/{pod}/detach`: a clean stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetachRequest {
    /// The life that ends.
    pub incarnation: Incarnation,
}

/// `POST /v1/pods/{pod}/fences`: what a pod reports while the store recovers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FencesRequest {
    /// Its present life.
    pub incarnation: Incarnation,
    /// The highest revision it has seen.
    pub known_revision: Revision,
    /// Every fence row it has. An import that was given up is reported as importing.
    pub fences: Vec<FenceInfo>,
    /// The sessions it holds.
    #[serde(default)]
    pub sessions: Vec<SessionInfo>,
}

/// One fence row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FenceInfo {
    /// Which guild.
    pub guild: GuildId,
    /// Its epoch.
    pub epoch: Epoch,
    /// What it says.
    pub mode: FenceMode,
}

/// A session that a pod holds, by its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// Which Discord shard.
    pub discord_shard: DiscordShardId,
    /// Under which host epoch.
    pub host_epoch: Epoch,
    /// The session's number.
    pub session_no: SessionNo,
}

/// `GET /v1/pods`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PodList {
    /// Every pod, by ordinal.
    pub pods: Vec<PodInfo>,
}

/// A pod, with what it owns and hosts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PodInfo {
    /// Which pod.
    pub pod: PodId,
    /// Its present life; 0: declared, never started.
    pub incarnation: Incarnation,
    /// What the operator wants of it.
    pub state: PodState,
    /// Where its API listens.
    pub api_url: String,
    /// Its weight.
    pub capacity: u32,
    /// Its failure zone; may be empty.
    pub zone: String,
    /// The program's version.
    pub version: String,
    /// How long its lease runs still, in milliseconds; negative: how long it has been over.
    pub lease_left_ms: i64,
    /// When it stopped cleanly, if that was the last thing it did, in Unix milliseconds.
    pub detached_at_ms: Option<i64>,
    /// How many guilds it owns.
    pub guilds: u64,
    /// How many Discord shards it hosts.
    pub discord_shards: u64,
    /// The size of its database in bytes.
    pub bytes: u64,
    /// Events a second.
    pub events_per_s: f32,
}
