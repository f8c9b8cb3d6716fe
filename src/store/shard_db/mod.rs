//! The pod's database: one SQLite file with the guilds a pod owns.
//!
//! See `docs/shard-database.md` for the tables, the fences and the bundle format.

pub mod bundle;
mod capture;
mod copy;
mod db;
mod fence_rows;
mod guild_rows;
mod header;
mod lock;
mod migrations;
mod open;
mod open_error;
mod readers;
mod row_functions;
mod row_sql;
mod schema_check;
pub mod tables;
mod uri;
mod values;
mod writer;

pub use db::ShardDb;
pub use migrations::CURRENT as CURRENT_SCHEMA;
pub use open::{Replica, Settings, create};
pub use open_error::OpenError;
pub use writer::{GuildTx, Seen, WriteError, WriteTx, Writer, WriterSettings, WriterStopped};

#[cfg(test)]
mod schema_tests;
