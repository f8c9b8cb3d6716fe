//! What an operator can ask for. The same code runs in `modbotctl` and in the config daemon.

pub mod consent;
pub mod guilds;
pub mod overview;
pub mod pods;
pub mod recovery;
pub mod schema;
pub mod shards;
