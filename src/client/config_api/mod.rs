//! The config daemon's API, `/v1`: its wire types, shared with the daemon, and its client.
//!
//! The statuses and what to do about each are in `docs/config-api.md`.

mod client;
mod cross_guild;
mod discord_shards;
mod error;
mod guilds;
mod identify;
mod pods;
mod retry;
mod stamp;
mod watch;
mod watch_stream;

pub use client::{ConfigApi, ConfigApiSettings};
pub use cross_guild::{CrossGuildEventInfo, CrossGuildEvents, FlagAnswer, FlagRequest};
pub use discord_shards::{AdoptRequest, Cursor, DiscordShardInfo, DiscordShardList, ReleaseRequest};
pub use error::ConfigApiError;
pub use guilds::{
    BornGuild, BornRequest, GuildInfo, GuildPage, MAX_PAGE, MAX_PLACE, PlaceAnswer, PlaceRequest,
    PlacedGuild, UnplacedGuild,
};
pub use identify::{BudgetRequest, TicketAnswer, TicketRequest};
pub use pods::{
    AssignmentAnswer, AttachAnswer, AttachRequest, DetachRequest, FenceInfo, FencesRequest, GuildLoadInfo,
    HeartbeatAnswer, HeartbeatRequest, HostedSessionInfo, MoveInfo, OwnedGuildInfo, PodInfo, PodList,
    SessionInfo,
};
pub use stamp::{
    Answer, HEADER_ID, HEADER_KNOWN, HEADER_MODE, HEADER_REVISION, HEADER_TIMELINE, read_stamp, write_stamp,
};
pub use watch::{WatchChange, WatchEnd, WatchLine};
pub use watch_stream::{Watch, WatchEvent};
