//! What can be wrong with a file that is said to be the old bot's database.

use std::path::PathBuf;

use crate::runtime::files::FileError;

/// Why the old database cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
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
    /// Its tables are not those of the old bot.
    #[error("{} is not a database of the old bot: {}", path.display(), first_few(differences))]
    OtherSchema {
        /// The file.
        path: PathBuf,
        /// What differs, in words.
        differences: Vec<String>,
    },
    /// It stands before the last migration of the old bot.
    #[error("{} is in an older state of the old bot: {} not applied", path.display(), first_few(missing))]
    OlderMigrations {
        /// The file.
        path: PathBuf,
        /// The migrations that are missing.
        missing: Vec<String>,
    },
    /// It stands behind the last migration that this version knows.
    #[error("{} is in a newer state of the old bot than this version knows: {}", path.display(), first_few(unknown))]
    NewerMigrations {
        /// The file.
        path: PathBuf,
        /// The migrations that are not known.
        unknown: Vec<String>,
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

/// At most three of the names, and how many more.
fn first_few(names: &[String]) -> String {
    let shown = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(3) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl SourceError {
    /// Wraps an error of `SQLite`, saying what was being done.
    pub(super) fn sqlite(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Sqlite { doing, source }
    }

    /// Gives errors of `SQLite` that have a plainer name that name, now that the path is known.
    pub(super) fn at(self, path: &std::path::Path) -> Self {
        let Self::Sqlite { doing, source } = self else {
            return self;
        };
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
            Self::NotFound(_) | Self::NotSqlite { .. } => {
                Some("name the old bot's database, usually mod-bot.sqlite3 on its volume")
            }
            Self::Truncated { .. } | Self::Damaged { .. } => Some(
                "take another copy: stop the old bot, then `sqlite3 OLD \".backup COPY\"`; \
                 for a damaged original, restore from its Litestream replica",
            ),
            Self::Locked(_) => {
                Some("stop the old bot (it must be off at the cutover anyway), then try again")
            }
            Self::HotJournal(_) => Some(
                "copy the file together with its -journal and open the copy once with sqlite3, which rolls it back",
            ),
            Self::OtherSchema { .. } => {
                Some("only databases of the old bot at its last schema can be brought in")
            }
            Self::OlderMigrations { .. } => {
                Some("start the newest old bot on it once: it applies its migrations at start")
            }
            Self::NewerMigrations { .. } => Some("use a newer modbotctl"),
            Self::Changed(_) => Some("stop the old bot first, then try again"),
            Self::File(_) | Self::Sqlite { .. } => None,
        }
    }
}
