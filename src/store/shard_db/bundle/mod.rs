//! One guild as a file: a SQLite database with the guild tables, without indexes, and a header.
//!
//! The format is in `docs/shard-database.md`.

mod delta_apply;
mod delta_export;
mod error;
mod export;
mod file;
mod header_rows;
mod import;
mod import_steps;
mod open;
mod upgrade;

pub use delta_export::export_delta;
pub use error::BundleError;
pub use export::{CopyProgress, ExportSource, export};
pub use file::{BundleMeta, BundleWriter};
pub use import::{Import, ImportAs, ImportError, ImportedGuild, Pace, import, preview, stage};
pub use open::{Bundle, Verified};

pub(super) use header_rows::SQL as HEADER_SQL;
pub(super) use import_steps::forget as forget_import;
