//! Why a file was not opened as a shard database.

use std::path::PathBuf;

use crate::domain::bundle::SchemaVersion;
use crate::runtime::files::FileError;

/// A refusal to open or create, by name, before anything in the file was touched.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No such file.
    #[error("there is no shard database at {}", path.display())]
    NotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// `create` found something there.
    #[error("{} exists already", path.display())]
    Exists {
        /// Where it stands.
        path: PathBuf,
    },
    /// Not a SQLite file at all.
    #[error("{} is not a SQLite database", path.display())]
    NotSqlite {
        /// The file.
        path: PathBuf,
    },
    /// A SQLite file of somebody else.
    #[error("{} is {what}, not a shard database", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// Bytes are missing at the end.
    #[error("{} is truncated: {found} bytes of {expected}", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes that the header promises.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// Written by a newer program.
    #[error("{} has schema {found}; this program knows schemas up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: SchemaVersion,
        /// The newest version known here.
        known: SchemaVersion,
    },
    /// SQLite's own check failed.
    #[error("{} is damaged: {detail}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The first thing found.
        detail: String,
    },
    /// Tables that are not those of its version.
    #[error("the tables of {} are not those of schema {version}: {difference}", path.display())]
    SchemaDiffers {
        /// The file.
        path: PathBuf,
        /// The version it says it has.
        version: SchemaVersion,
        /// The first difference.
        difference: String,
    },
    /// Another modbot process has it.
    #[error("{} is open already, held by {holder}", path.display())]
    Held {
        /// The file.
        path: PathBuf,
        /// What the holder wrote into the lock.
        holder: String,
    },
    /// Another SQLite process kept it locked for longer than we wait.
    #[error("{} is locked by another process that uses SQLite", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// It may not be written.
    #[error("{} is read-only", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// The system's answer, where there was one.
        #[source]
        source: Option<std::io::Error>,
    },
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// SQLite failed in another way.
    #[error("cannot open {}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// SQLite's answer.
        #[source]
        source: rusqlite::Error,
    },
}

impl OpenError {
    /// Sorts SQLite's answers into the refusals that have a name.
    pub(super) fn from_sqlite(path: &std::path::Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt {
                path,
                detail: source.to_string(),
            },
            Some(ErrorCode::NotADatabase) => Self::NotSqlite { path },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly { path, source: None },
            _ => Self::Sqlite { path, source },
        }
    }
}
