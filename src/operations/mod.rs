//! What an operator can ask for. The same code runs in `modbotctl` and in the config daemon.

pub mod consent;
pub mod drill;
pub mod guild_bundle;
pub mod guild_move;
pub mod guilds;
pub mod legacy;
pub mod outbox;
pub mod overview;
pub mod pod_word;
pub mod pods;
pub mod rebalance;
pub mod recovery;
pub mod restore;
pub mod schema;
pub mod shard_file;
pub mod shards;
