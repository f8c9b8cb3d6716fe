//! The exit code and the hint of every way in which a legacy verb fails.

use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::{self, Failure};
use crate::operations::legacy::join::JoinError;
use crate::operations::legacy::load::LoadError;
use crate::operations::legacy::manifest::ManifestError;
use crate::operations::legacy::sample::SampleError;
use crate::operations::legacy::split::SplitError;
use crate::operations::legacy::verify::VerifyError;
use crate::store::legacy_db::{SourceError, StagingError};
use crate::store::read_only::ReadOnlyError;
use crate::store::shard_db::{OpenError, ShardReaderError};

/// What to do when the disk is full.
const DISK_FULL: &str = "free some space or name another place, then run it again: nothing was left behind";

/// Exit code and hint of an error.
trait Explain {
    fn explain(&self) -> (ExitStatus, Option<String>);
}

impl Explain for SourceError {
    fn explain(&self) -> (ExitStatus, Option<String>) {
        let status = match self {
            Self::File(error) => error.explain().0,
            _ => ExitStatus::Refused,
        };
        (status, self.hint().map(str::to_owned))
    }
}

impl Explain for ReadOnlyError {
    fn explain(&self) -> (ExitStatus, Option<String>) {
        let status = match self {
            Self::NotFound(_) => ExitStatus::NotFound,
            Self::Locked(_) => ExitStatus::Unreachable,
            Self::File(_) | Self::Sqlite { .. } => ExitStatus::Failed,
            _ => ExitStatus::Refused,
        };
        (status, self.hint().map(str::to_owned))
    }
}

impl Explain for ShardReaderError {
    fn explain(&self) -> (ExitStatus, Option<String>) {
        match self {
            Self::File(error) => error.explain(),
            Self::Shard(error) => error.explain(),
        }
    }
}

impl Explain for StagingError {
    fn explain(&self) -> (ExitStatus, Option<String>) {
        let status = if matches!(self, Self::File(_)) {
            ExitStatus::Failed
        } else {
            ExitStatus::Refused
        };
        (status, self.hint().map(str::to_owned))
    }
}

impl Explain for OpenError {
    fn explain(&self) -> (ExitStatus, Option<String>) {
        match self {
            Self::NotFound { .. } => (ExitStatus::NotFound, None),
            Self::Locked { .. } | Self::Held { .. } => (ExitStatus::Unreachable, None),
            Self::File(_) | Self::Sqlite { .. } => (ExitStatus::Failed, None),
            _ => (ExitStatus::Refused, None),
        }
    }
}

impl Explain for ManifestError {
    fn explain(&self) -> (ExitStatus, Option<String>) {
        match self {
            Self::Missing { .. } => {
                let hint = "name the directory that `modbotctl legacy split --out` made";
                (ExitStatus::NotFound, Some(hint.to_owned()))
            }
            Self::File(_) => (ExitStatus::Failed, None),
            _ => (
                ExitStatus::Refused,
                Some("split the old database again with this version".to_owned()),
            ),
        }
    }
}

/// Whether the disk is full, by the chain of causes.
fn is_disk_full(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|cause| {
        let sqlite = cause
            .downcast_ref::<rusqlite::Error>()
            .and_then(rusqlite::Error::sqlite_error_code);
        let io = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        sqlite == Some(rusqlite::ErrorCode::DiskFull) || io == Some(std::io::ErrorKind::StorageFull)
    })
}

/// The failure of a verb: what was being done, and what its error says.
fn failure(
    doing: String,
    error: impl std::error::Error + Send + Sync + 'static,
    explained: Option<(ExitStatus, Option<String>)>,
) -> Failure {
    let stays = explained
        .as_ref()
        .is_some_and(|(status, _)| *status == ExitStatus::Partial);
    let full = (!stays && is_disk_full(&error)).then(|| (ExitStatus::Failed, Some(DISK_FULL.to_owned())));
    let (status, hint) = full.or(explained).unwrap_or((ExitStatus::Failed, None));
    let failure = Failure::new(status, error).while_doing(doing);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

pub(super) fn of_source(doing: String, error: SourceError) -> Failure {
    let explained = error.explain();
    failure(doing, error, Some(explained))
}

pub(super) fn of_split(doing: String, error: SplitError) -> Failure {
    let explained = match &error {
        SplitError::Source(error) => Some(error.explain()),
        SplitError::Staging(error) => Some(error.explain()),
        SplitError::TooManyPods { .. } => Some((
            ExitStatus::Usage,
            Some("use fewer pods, or more --num-shards".to_owned()),
        )),
        SplitError::ForeignTable { table, .. } => {
            let hint = format!("--leave {table} goes on without it; its rows stay in the old file alone");
            Some((ExitStatus::Refused, Some(hint)))
        }
        _ => None,
    };
    failure(doing, error, explained)
}

pub(super) fn of_verify(doing: String, error: VerifyError) -> Failure {
    let explained = match &error {
        VerifyError::Source(error) => error.explain(),
        VerifyError::Manifest(error) => error.explain(),
        VerifyError::Shard(error) => error.explain(),
    };
    failure(doing, error, Some(explained))
}

pub(super) fn of_join(doing: String, error: JoinError) -> Failure {
    let explained = match &error {
        JoinError::Source(error) => Some(error.explain()),
        JoinError::Manifest(error) => Some(error.explain()),
        JoinError::Staging(error) => Some(error.explain()),
        JoinError::Shard(error) => Some(error.explain()),
        JoinError::Holder { .. } => Some((
            ExitStatus::Refused,
            Some(
                "bring the newest file of every pod into the directory: one of these is an older copy"
                    .to_owned(),
            ),
        )),
        JoinError::NoFence { .. } => Some((ExitStatus::Refused, None)),
        _ => None,
    };
    failure(doing, error, explained)
}

pub(super) fn of_sample(doing: String, error: SampleError) -> Failure {
    let explained = match &error {
        SampleError::Staging(error) => Some(error.explain()),
        SampleError::TooFewRows { .. } | SampleError::NoGuilds => Some((ExitStatus::Usage, None)),
        SampleError::Write(_) => None,
    };
    failure(doing, error, explained)
}

impl Explain for LoadError {
    fn explain(&self) -> (ExitStatus, Option<String>) {
        let refused = |hint: &str| (ExitStatus::Refused, Some(hint.to_owned()));
        match self {
            Self::Manifest(error) => error.explain(),
            Self::NoSuchPart { .. } | Self::Twice(_) => (ExitStatus::Usage, None),
            Self::Unnamed(pods) => {
                let pod = pods.first().map(ToString::to_string).unwrap_or_default();
                let hint = format!("add --pod {pod}=FILE, or --partly to load the others and leave it for later");
                (ExitStatus::Usage, Some(hint))
            }
            Self::SameFile { .. } => (ExitStatus::Usage, Some("every pod has a file of its own".to_owned())),
            Self::NotThisSplit { .. } => (
                ExitStatus::VerificationFailed,
                Some("`modbotctl legacy verify` names every row; split again".to_owned()),
            ),
            Self::OtherFleet { .. } => refused("check --store and --pod: one of them is of another fleet"),
            Self::KnownThere { .. } => refused(
                "this is not the file of a pod that is new to the guild; give the pod an empty volume, or look with \
                 `modbotctl shard inspect`",
            ),
            Self::NoRoom { .. } => (ExitStatus::Failed, Some("nothing was changed".to_owned())),
            Self::Exist(_) => refused(
                "nothing was changed; guilds that were only assigned are taken where they are assigned: split with \
                 --assign. Served ones have newer rows in the fleet, and stay",
            ),
            Self::Disagree { .. } => (ExitStatus::VerificationFailed, None),
            Self::Store(error) => (
                failure::status_of(error),
                failure::hint_for(error).map(str::to_owned),
            ),
            Self::Open(error) => error.explain(),
            Self::Shard(error) => error.explain(),
            Self::Source(error) => error.explain(),
            Self::Bundle(_) | Self::Import(_) | Self::Write(_) | Self::File(_) | Self::Panicked => {
                (ExitStatus::Failed, None)
            }
            Self::Unfinished(_) => (
                ExitStatus::Partial,
                Some(
                    "run it again: it goes on where it was. Until then no pod serves these guilds, and none begins \
                     them anew"
                        .to_owned(),
                ),
            ),
        }
    }
}

pub(super) fn of_load(doing: String, error: LoadError) -> Failure {
    let explained = error.explain();
    failure(doing, error, Some(explained))
}
