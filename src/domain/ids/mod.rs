//! The names of things: guilds, pods, Discord shards, and the numbers that order their changes.

mod counters;
mod discord_shard;
mod guild;
mod move_id;
mod pod;

pub use counters::{Epoch, Incarnation, Revision, SessionNo};
pub use discord_shard::{DiscordShardId, NumShards, NumShardsError};
pub use guild::{GuildId, GuildIdError};
pub use move_id::{MoveId, MoveIdError};
pub use pod::{PodId, PodIdError};
