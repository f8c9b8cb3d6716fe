//! The old bot's database as a file: opened without a trace, checked, read row by row, and written.

mod check;
mod db;
mod error;
mod migrations;
mod rows;
mod schema;
mod side;
mod staging;
mod write;

pub use db::LegacyDb;
pub use error::SourceError;
pub use migrations::MIGRATIONS;
pub use schema::{create_statements, create_table};
pub use side::SideWriter;
pub use staging::{Staging, StagingError};
pub use write::{Inserter, LegacyWriter, WriteError, migrations_at};
