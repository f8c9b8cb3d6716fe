//! The pod's database: one SQLite file with the guilds a pod owns.
//!
//! See `docs/shard-database.md` for the tables, the fences and the bundle format.

mod bulk_load;
mod capture;
mod file;
mod header;
mod lock;
mod migrations;
mod open;
mod open_error;
mod schema_check;
pub mod tables;

pub use bulk_load::{BulkLoad, BulkLoadError, RowSlot};
pub use file::{FenceFacts, ShardFile, ShardFileError};
pub use migrations::CURRENT as CURRENT_SCHEMA;
pub use open::{Replica, Settings, create};
pub use open_error::OpenError;

#[cfg(test)]
mod schema_tests;
