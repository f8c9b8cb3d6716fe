//! Why a bundle was not written or read.

use std::path::{Path, PathBuf};

use crate::domain::bundle::SchemaVersion;
use crate::domain::fence::FenceMode;
use crate::domain::ids::{Epoch, GuildId, MoveId};
use crate::runtime::files::FileError;
use crate::store::shard_db::OpenError;

/// A bundle that could not be written, read or trusted.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// No such file.
    #[error("there is no bundle at {}", path.display())]
    NotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The place is taken.
    #[error("{} exists already", path.display())]
    Exists {
        /// Where it stands.
        path: PathBuf,
    },
    /// Something else.
    #[error("{} is not a guild bundle: {why}", path.display())]
    NotABundle {
        /// The file.
        path: PathBuf,
        /// How one can tell.
        why: String,
    },
    /// A format of another program version.
    #[error("{} has bundle format {found}; this program reads format {known}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The one known here.
        known: u32,
    },
    /// A schema that this program does not know.
    #[error("{} has schema {found}; this program knows schemas up to {known}", path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: SchemaVersion,
        /// The newest known.
        known: SchemaVersion,
    },
    /// The file does not hold what its header says.
    #[error("{} is damaged: {detail}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// Rows of somebody else are in it.
    #[error("{} holds rows of a guild other than {guild} in {table}", path.display())]
    OtherGuild {
        /// The file.
        path: PathBuf,
        /// Whose it says it is.
        guild: GuildId,
        /// Where the others are.
        table: &'static str,
    },
    /// The shard has no such guild.
    #[error("guild {guild} is not in {}", shard.display())]
    NoSuchGuild {
        /// The guild.
        guild: GuildId,
        /// The shard's file.
        shard: PathBuf,
    },
    /// The rows in the shard are not the guild as it was served there.
    #[error("guild {guild} is {} at epoch {epoch} in {}: its rows there are not whole", .mode.as_str(), shard.display())]
    NotWhole {
        /// The guild.
        guild: GuildId,
        /// The fence's mode.
        mode: FenceMode,
        /// The fence's epoch.
        epoch: Epoch,
        /// The shard's file.
        shard: PathBuf,
    },
    /// The changes of that round are not noted here.
    #[error("guild {guild} is not captured for move {move_id} up to round {round}")]
    NotCaptured {
        /// The guild.
        guild: GuildId,
        /// The move.
        move_id: MoveId,
        /// The round.
        round: u64,
    },
    /// A row that does not fit the table it was given for.
    #[error("a row for {table} has {given} values, not {expected}")]
    Row {
        /// The table.
        table: &'static str,
        /// Values given.
        given: usize,
        /// Columns there are.
        expected: usize,
    },
    /// The shard could not be read.
    #[error(transparent)]
    Shard(#[from] OpenError),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// SQLite failed.
    #[error("SQLite failed on {}", path.display())]
    Sqlite {
        /// The bundle.
        path: PathBuf,
        /// SQLite's answer.
        #[source]
        source: rusqlite::Error,
    },
}

impl BundleError {
    /// Sorts SQLite's answers about a bundle.
    pub(in crate::store::shard_db) fn from_sqlite(path: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged {
                path,
                detail: source.to_string(),
            },
            Some(ErrorCode::NotADatabase) => Self::NotABundle {
                path,
                why: "it is not a SQLite file".to_owned(),
            },
            _ => Self::Sqlite { path, source },
        }
    }
}
