//! What can be wrong with a file before anything in it is read.

use std::path::{Path, PathBuf};

use crate::runtime::files::FileError;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadOnlyError {
    /// There is no such file.
    #[error("{} does not exist", .0.display())]
    NotFound(PathBuf),
    /// The file cannot be opened or read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is something else than a `SQLite` database.
    #[error("{} is not a SQLite database: {looks}", path.display())]
    NotSqlite {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        looks: &'static str,
    },
    /// It ends before its own header says.
    #[error("{} is cut short: {bytes} bytes, but its header says {expected}", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
        /// What its header says.
        expected: u64,
    },
    /// Another process holds a lock that keeps readers out.
    #[error("{} is locked by a process that is writing to it", .0.display())]
    Locked(PathBuf),
    /// A transaction was cut off and has to be rolled back, which writes to the file.
    #[error("{} holds a half-finished transaction (a rollback journal lies beside it)", .0.display())]
    HotJournal(PathBuf),
    /// `SQLite` finds its pages damaged.
    #[error("{} is damaged: {finding}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first finding.
        finding: String,
    },
    /// Somebody wrote to it while it was read.
    #[error("{} was changed while it was read", .0.display())]
    Changed(PathBuf),
    /// `SQLite` refused something else.
    #[error("{doing}")]
    Sqlite {
        /// What was being done.
        doing: &'static str,
        /// `SQLite`'s answer.
        #[source]
        source: rusqlite::Error,
    },
}

impl ReadOnlyError {
    /// Sorts `SQLite`'s answers into those that have a plainer name.
    pub(in crate::store) fn from_sqlite(path: &Path, doing: &'static str, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        let Some(failure) = source.sqlite_error() else {
            return Self::Sqlite { doing, source };
        };
        match (failure.code, failure.extended_code) {
            (rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked, _) => {
                Self::Locked(path)
            }
            (rusqlite::ErrorCode::DatabaseCorrupt, _) => Self::Damaged {
                path,
                finding: format!("{source} (while {doing})"),
            },
            (rusqlite::ErrorCode::NotADatabase, _) => Self::NotSqlite {
                path,
                looks: "SQLite does not recognise it",
            },
            (_, rusqlite::ffi::SQLITE_READONLY_ROLLBACK) => Self::HotJournal(path),
            _ => Self::Sqlite { doing, source },
        }
    }

    /// What the operator can do about it.
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Truncated { .. } | Self::Damaged { .. } => Some(
                "take another copy: stop the writer, then `sqlite3 FILE \".backup COPY\"`; \
                 for a damaged original, restore from its Litestream replica",
            ),
            Self::Locked(_) => {
                Some("stop the process that writes (at a cutover it must be off anyway), then try again")
            }
            Self::HotJournal(_) => Some(
                "copy the file together with its -journal and open the copy once with sqlite3, which rolls it back",
            ),
            Self::Changed(_) => Some("stop the process that writes, then try again"),
            Self::NotFound(_) | Self::NotSqlite { .. } | Self::File(_) | Self::Sqlite { .. } => None,
        }
    }
}
