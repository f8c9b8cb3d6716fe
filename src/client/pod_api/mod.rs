//! The API of a gateway pod: what goes over the wire. Operators read it; every answer is a look at one moment.

mod client;
mod frames;
mod guild;
mod moves;
mod outbox;

pub use client::{PodApi, PodApiError};
pub use frames::{ForwardedFrame, FramesAnswer, FramesRefused, FramesRequest, GoneTo, GuildFrames};
pub use guild::{Actions, GuildReport, TableSize};
pub use moves::{
    BundleSource, Custody, FenceAnswer, Forget, ForgetRequest, Forgotten, FreezeRequest, Frozen,
    ImportRequest, Imported, MoveRefusal, PrepareRequest, Prepared, RefusalBody, RetireRequest, ServeRequest,
};
pub use outbox::{OutboxAction, OutboxChanged, OutboxFilter, OutboxPage, OutboxRequest, OutboxVerb};

use serde::{Deserialize, Serialize};

use crate::domain::digest::GuildDigest;
use crate::domain::fence::{Fence, FenceMode, Position, Progress};
use crate::domain::ids::{Epoch, GuildId, Incarnation, MoveId, NumShards, PodId};

/// `GET /v1/health`: how the pod and its sessions are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodHealth {
    /// Its version.
    pub version: String,
    /// Whether it owns every guild, without a config service.
    pub standalone: bool,
    /// Which pod of its fleet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<PodId>,
    /// Its present life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<Incarnation>,
    /// Whether its lease holds: else it neither writes nor answers for guilds.
    pub leased: bool,
    /// Of how many Discord shards its sessions are.
    pub num_shards: NumShards,
    /// Its sessions, by Discord shard.
    pub sessions: Vec<SessionHealth>,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionHealth {
    /// The Discord shard.
    pub discord_shard: u32,
    /// Under which host epoch the file holds it.
    pub host_epoch: Epoch,
    /// How it is.
    pub state: SessionPhase,
    /// Why Discord refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_because: Option<String>,
    /// The last frame that is in the file with its effects; none before the first session.
    pub cursor: Option<Position>,
}

/// How a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionPhase {
    /// Connecting, waiting for a ticket, identifying or resuming.
    Connecting,
    /// Receiving events.
    Live,
    /// Discord will not have it; it is not tried again.
    Refused,
}

/// `GET /v1/fences?after=GUILD&limit=N`: a page of the fences in the file, by guild.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FencePage {
    /// The fences.
    pub fences: Vec<GuildFence>,
    /// What to ask for as `after` next; none at the end.
    pub next: Option<GuildId>,
}

/// The fence of one guild.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuildFence {
    /// The guild.
    pub guild: GuildId,
    /// The owner's number it stands for.
    pub epoch: Epoch,
    /// What may be done.
    pub mode: FenceMode,
    /// The move whose command led here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub move_id: Option<MoveId>,
    /// The number of that command within the epoch.
    pub freeze_no: u64,
    /// At `importing`: what was verified. At `serving`: what it was started with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<GuildDigest>,
    /// How far the rows have come.
    #[serde(flatten)]
    pub progress: Progress,
}

impl From<&Fence> for GuildFence {
    fn from(fence: &Fence) -> Self {
        Self {
            guild: fence.guild_id,
            epoch: fence.state.epoch,
            mode: fence.state.mode,
            move_id: fence.state.move_id,
            freeze_no: fence.state.freeze_no,
            digest: fence.state.digest,
            progress: fence.progress,
        }
    }
}

/// `GET /v1/queues`: what waits in the file, counted over all guilds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Queues {
    /// Frames stored for guilds that are not served here.
    pub forward: Held,
    /// Frames that could not be applied.
    pub dead_frames: Held,
    /// Stretches of events that Discord will not replay.
    pub gaps: u64,
}

/// Frames that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Held {
    /// Of how many guilds.
    pub guilds: u64,
    /// How many.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the oldest was put there, in Unix milliseconds.
    pub oldest_ms: Option<i64>,
}
