//! Whose fault a failure is: the frame's, which is then set aside, or the machine's, which stops the session.

use rusqlite::ErrorCode;

use crate::store::shard_db::WriteError;

/// The session is not where a frame expects it: an earlier frame of it was not written.
#[derive(Debug, thiserror::Error)]
#[error("the session's cursor is at {cursor}, the frame comes after {after}")]
pub(super) struct OutOfStep {
    pub(super) cursor: String,
    pub(super) after: String,
}

/// Whether every frame would fail so, whatever is in it: then the frame is not to blame.
pub(super) fn is_the_machines(error: &WriteError) -> bool {
    let WriteError::Sqlite(error) = error else {
        return true;
    };
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OutOfMemory
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::OperationInterrupted
                | ErrorCode::OperationAborted
                | ErrorCode::PermissionDenied
                | ErrorCode::FileLockingProtocolFailed
        )
    )
}
