//! Discord shards: who hosts which, and handing a session over.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{DiscordShardId, Epoch, Incarnation, PodId, SessionNo};

/// A session and how far it has been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Which session of the Discord shard.
    pub session_no: SessionNo,
    /// Discord's name for it.
    pub session_id: String,
    /// Where to resume.
    pub resume_url: String,
    /// The sequence number to resume from.
    pub resume_at: u64,
}

/// A Discord shard as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscordShardInfo {
    /// Which one.
    pub discord_shard: DiscordShardId,
    /// Who hosts it.
    pub host: Option<PodId>,
    /// One more with every change of host.
    pub host_epoch: Epoch,
    /// The latest session's number; 0: never identified.
    pub session_no: SessionNo,
    /// That session, where its copy has come.
    pub cursor: Option<Cursor>,
    /// When the last host let go, in Unix milliseconds.
    pub released_at_ms: Option<i64>,
    /// Who that was.
    pub released_by: Option<PodId>,
}

/// `GET /v1/discord-shards`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscordShardList {
    /// Every Discord shard, in order.
    pub discord_shards: Vec<DiscordShardInfo>,
}

/// `POST /v1/discord-shards/{n}/release`: the host has closed the connection, or never opened it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseRequest {
    /// The host.
    pub pod: PodId,
    /// Its present life.
    pub incarnation: Incarnation,
    /// Under which host epoch it was held.
    pub host_epoch: Epoch,
    /// The session and the exact cursor; none: there is none to resume.
    pub cursor: Option<Cursor>,
}

/// `POST /v1/discord-shards/{n}/adopt`: a pod takes a released Discord shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptRequest {
    /// The pod.
    pub pod: PodId,
    /// Its present life.
    pub incarnation: Incarnation,
}
