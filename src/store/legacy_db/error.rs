//! What can be wrong with a file that is said to be the old bot's database.

use std::path::{Path, PathBuf};

use crate::store::read_only::ReadOnlyError;

/// Why the old database cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] ReadOnlyError),
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
    /// Wraps an error of `SQLite`, saying what was being done to which file.
    pub(super) fn sqlite(path: &Path, doing: &'static str) -> impl Fn(rusqlite::Error) -> Self {
        move |source| Self::File(ReadOnlyError::from_sqlite(path, doing, source))
    }

    /// What the operator can do about it.
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::File(ReadOnlyError::NotFound(_) | ReadOnlyError::NotSqlite { .. }) => {
                Some("name the old bot's database, usually mod-bot.sqlite3 on its volume")
            }
            Self::File(error) => error.hint(),
            Self::OtherSchema { .. } => {
                Some("only databases of the old bot at its last schema can be brought in")
            }
            Self::OlderMigrations { .. } => {
                Some("start the newest old bot on it once: it applies its migrations at start")
            }
            Self::NewerMigrations { .. } => Some("use a newer modbotctl"),
        }
    }
}
