//! Why a write did not happen.

use std::sync::Arc;

use crate::domain::fence::FenceRefusal;
use crate::domain::ids::GuildId;

/// A write that is not in the file, except where [`Self::is_unknown`] says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The guild's fence does not allow it.
    #[error("the fence of guild {guild} refused")]
    Refused {
        /// The guild.
        guild: GuildId,
        /// Why.
        #[source]
        refusal: FenceRefusal,
    },
    /// One transaction asked for a second guild.
    #[error("a transaction for guild {first} asked for guild {second} too")]
    SecondGuild {
        /// The guild it had.
        first: GuildId,
        /// The one it asked for.
        second: GuildId,
    },
    /// The work itself said no.
    #[error("the work was given up")]
    Rejected(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// SQLite failed inside the work.
    #[error("SQLite failed")]
    Sqlite(#[from] rusqlite::Error),
    /// The work panicked.
    #[error("the work panicked: {0}")]
    Panicked(String),
    /// The transaction that carried the work was not committed.
    #[error("the transaction was not committed")]
    NotCommitted(#[source] Arc<rusqlite::Error>),
    /// The writer does not write any more.
    #[error(transparent)]
    Stopped(#[from] WriterStopped),
}

/// Why the writer takes no more work.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WriterStopped {
    /// The database was closed.
    #[error("the shard database is closed")]
    Closed,
    /// The disk failed while a transaction was made durable: what is in the file is not known before it is reopened.
    #[error("the shard database stopped writing after an I/O error; it must be reopened")]
    Disk(#[source] Arc<rusqlite::Error>),
}

impl WriteError {
    /// The work's own error.
    pub fn rejected(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Rejected(error.into())
    }

    /// Whether the write may be in the file all the same: its fsync failed, and a later start may find it.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::NotCommitted(error) if is_disk_failure(error))
    }

    /// Whether the disk was full.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            Self::NotCommitted(error) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            _ => false,
        }
    }
}

/// An error after which the state of the file is not known.
pub(super) fn is_disk_failure(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode;
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}
