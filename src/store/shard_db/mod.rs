//! The pod's database: one SQLite file with the guilds a pod owns.
//!
//! See `docs/shard-database.md` for the tables, the fences and the bundle format.

mod bulk_load;
pub mod bundle;
mod capture;
mod cleaning;
mod copy;
mod db;
mod fence_rows;
mod guild_rows;
mod hand_over;
mod header;
mod inspect;
mod lock;
mod migrations;
mod moving;
mod open;
mod open_error;
mod reader;
mod readers;
mod row_functions;
mod row_sql;
mod schema_check;
pub mod tables;
mod uri;
mod values;
mod writer;

pub use bulk_load::{BulkLoad, BulkLoadError, RowSlot};
pub use capture::Capture;
pub use db::ShardDb;
pub use guild_rows::TableRows;
pub use hand_over::HandOver;
pub use inspect::{GuildInFile, Queues, SessionInFile, ShardFile, inspect};
pub use migrations::CURRENT as CURRENT_SCHEMA;
pub use open::{Replica, Settings, create};
pub use open_error::OpenError;
pub use reader::{ShardReader, ShardReaderError};
pub use writer::{GuildTx, Seen, WriteError, WriteTx, Writer, WriterSettings, WriterStopped};

#[cfg(test)]
mod schema_tests;
