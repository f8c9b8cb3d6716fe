//! What can go wrong with shard files and bundles, as an operator is told it.

use super::exit::ExitStatus;
use super::failure::Failure;
use crate::store::shard_db::bundle::{BundleError, ImportError};
use crate::store::shard_db::{OpenError, WriteError};

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let (status, hint) = of_open(&error);
        with_hint(Self::new(status, error), hint)
    }
}

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        let (status, hint) = of_bundle(&error);
        with_hint(Self::new(status, error), hint)
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        let (status, hint) = match &error {
            ImportError::Refused { refusal, .. } => (ExitStatus::Refused, Some(refusal.hint())),
            ImportError::Bundle(error) => of_bundle(error),
            ImportError::Differs { .. } => (ExitStatus::VerificationFailed, Some(ASK_FOR_ANOTHER)),
            ImportError::RoundsMissing { .. } => (ExitStatus::Refused, None),
            ImportError::Write(error) => of_write(error),
        };
        with_hint(Self::new(status, error), hint)
    }
}

fn with_hint(failure: Failure, hint: Option<&'static str>) -> Failure {
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

const ASK_FOR_ANOTHER: &str = "export the guild again, or take another copy of the bundle";
const RESTORE: &str =
    "restore the file from its replica; `sqlite3 FILE .recover` shows what can still be read";
const DISK_FULL: &str = "nothing was changed; free some space and run it again";

const fn of_open(error: &OpenError) -> (ExitStatus, Option<&'static str>) {
    match error {
        OpenError::NotFound { .. } => (ExitStatus::NotFound, None),
        OpenError::Exists { .. } | OpenError::NotSqlite { .. } | OpenError::Foreign { .. } => {
            (ExitStatus::Refused, None)
        }
        OpenError::Newer { .. } => (
            ExitStatus::Refused,
            Some("use the modbotctl of the release that wrote it, or a newer one"),
        ),
        OpenError::Truncated { .. } | OpenError::Corrupt { .. } | OpenError::SchemaDiffers { .. } => {
            (ExitStatus::VerificationFailed, Some(RESTORE))
        }
        OpenError::Held { .. } => (
            ExitStatus::Refused,
            Some("stop that process first; one process at a time writes a shard"),
        ),
        OpenError::Locked { .. } => (
            ExitStatus::Unreachable,
            Some("end that transaction and run this again"),
        ),
        OpenError::ReadOnly { .. } => (
            ExitStatus::Refused,
            Some("nothing was changed; make the file and its directory writable, or work on a copy"),
        ),
        OpenError::File(_) | OpenError::Sqlite { .. } => (ExitStatus::Failed, None),
    }
}

fn of_bundle(error: &BundleError) -> (ExitStatus, Option<&'static str>) {
    match error {
        BundleError::NotFound { .. } => (ExitStatus::NotFound, None),
        BundleError::NoSuchGuild { .. } => (
            ExitStatus::NotFound,
            Some("modbotctl shard inspect FILE lists the guilds in it"),
        ),
        BundleError::Exists { .. } => (
            ExitStatus::Refused,
            Some("choose another name, or replace the bundle with --replace"),
        ),
        BundleError::NotABundle { .. } | BundleError::Format { .. } | BundleError::NotCaptured { .. } => {
            (ExitStatus::Refused, None)
        }
        BundleError::NewerSchema { .. } => (
            ExitStatus::Refused,
            Some("use the modbotctl of the release that wrote it, or a newer one"),
        ),
        BundleError::NotWhole { .. } => (
            ExitStatus::Refused,
            Some("export it from the shard where it is served"),
        ),
        BundleError::Damaged { .. } | BundleError::OtherGuild { .. } => {
            (ExitStatus::VerificationFailed, Some(ASK_FOR_ANOTHER))
        }
        BundleError::Shard(error) => of_open(error),
        BundleError::Sqlite { source, .. } if is_disk_full(source) => (ExitStatus::Failed, Some(DISK_FULL)),
        BundleError::Row { .. } | BundleError::File(_) | BundleError::Sqlite { .. } => {
            (ExitStatus::Failed, None)
        }
    }
}

fn of_write(error: &WriteError) -> (ExitStatus, Option<&'static str>) {
    match error {
        WriteError::Refused { .. } => (ExitStatus::Refused, None),
        error if error.is_disk_full() => (
            ExitStatus::Failed,
            Some("free some space and run it again: it goes on where it was"),
        ),
        _ => (ExitStatus::Failed, Some("running it again is safe")),
    }
}

fn is_disk_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}
