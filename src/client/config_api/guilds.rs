//! Guilds: who owns which, and placing new ones.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::ids::{Epoch, GuildId, Incarnation, PodId};

/// Guilds in one call to place, at most.
pub const MAX_PLACE: usize = 1_000;
/// Guilds on one page, at most.
pub const MAX_PAGE: u32 = 1_000;

/// `GET /v1/guilds/{id}`: a guild as the store knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GuildInfo {
    /// Which guild.
    pub guild: GuildId,
    /// Its owner.
    pub pod: PodId,
    /// Its fencing number.
    pub epoch: Epoch,
    /// Whether it was ever served.
    pub born: bool,
    /// Its active move.
    pub move_id: Option<Uuid>,
    /// Whether rebalancing leaves it where it is.
    pub pinned: bool,
    /// Why nobody may serve it, after a recovery.
    pub trouble: Option<String>,
    /// The size of its rows in bytes.
    pub bytes: u64,
    /// Events a second.
    pub events_per_s: f32,
}

/// `GET /v1/guilds?after=&limit=&pod=`: guilds by id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GuildPage {
    /// The guilds.
    pub guilds: Vec<GuildInfo>,
    /// What to give as `after` for the next page; none: this was the last.
    pub next: Option<GuildId>,
}

/// `POST /v1/guilds/place`: give each of these an owner, if it has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceRequest {
    /// 1 to 1,000 guilds.
    pub guilds: Vec<GuildId>,
}

/// The owners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceAnswer {
    /// Guilds with their owners, known before or placed now, in the order asked.
    pub placed: Vec<PlacedGuild>,
    /// Guilds that no pod could take. (Where there would be nothing but these, the answer is 503.)
    pub unplaced: Vec<UnplacedGuild>,
}

/// A guild and its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedGuild {
    /// Which guild.
    pub guild: GuildId,
    /// Its owner.
    pub pod: PodId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Why there, where it was placed by this call; none: it had an owner.
    pub placed_because: Option<String>,
}

/// A guild that has no owner still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnplacedGuild {
    /// Which guild.
    pub guild: GuildId,
    /// Why.
    pub reason: String,
}

/// `POST /v1/guilds/born`: a pod serves these for the first time, and has not acknowledged anything yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BornRequest {
    /// Which pod.
    pub pod: PodId,
    /// Its present life.
    pub incarnation: Incarnation,
    /// 1 to 1,000 guilds.
    pub guilds: Vec<BornGuild>,
}

/// A guild that is served for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BornGuild {
    /// Which guild.
    pub guild: GuildId,
    /// At which epoch.
    pub epoch: Epoch,
}
