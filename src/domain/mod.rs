//! Values and rules of modbot: no I/O, no tokio, no clock, no random.
//!
//! Everything here takes values and returns values with reasons, so that it can be tested without a
//! server and read without knowing one.

pub mod bundle;
pub mod digest;
pub mod discord_event;
pub mod drill;
pub mod fence;
pub mod fleet;
pub mod guild_move;
pub mod identify;
pub mod ids;
pub mod legacy;
pub mod lineage;
pub mod ltx;
pub mod lz4_stream;
pub mod move_step;
pub mod outbox;
pub mod placement;
pub mod planner;
pub mod recovery;
pub mod replica;
pub mod rest_budget;
pub mod rest_limits;
pub mod shard_deal;
pub mod store_stamp;
pub mod wal;
