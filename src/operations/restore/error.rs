//! Why a restore did not happen. Nothing is left behind when it did not.

use std::path::PathBuf;

use crate::client::replica::BucketError;
use crate::domain::ids::PodId;
use crate::domain::ltx::LtxError;
use crate::domain::replica::{LegacyNoPlan, NoPlan, Place};
use crate::domain::wal::WalError;
use crate::runtime::files::FileError;

/// An object that is not what Litestream writes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} {what}")]
pub struct Damaged {
    /// Its key, below the place that was given.
    pub key: String,
    /// What is wrong with it, as in "… has the wrong checksum".
    pub what: String,
}

/// Why a restore, or a look at a replica, failed.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The store failed.
    #[error("the replica cannot be read")]
    Bucket(#[from] BucketError),
    /// There is nothing.
    #[error("there is no replica at {place}")]
    NoReplica {
        /// The place.
        place: String,
    },
    /// There are the replicas of several pods.
    #[error("{place} holds the replicas of {} pods: name one, as in {place}/{}", pods.len(), .pods.first().map(ToString::to_string).unwrap_or_default())]
    ManyPods {
        /// The place.
        place: String,
        /// The pods.
        pods: Vec<PodId>,
    },
    /// A transaction number means something else in each lineage.
    #[error("{place} holds {} lineages, each with its own transaction numbers: name one", lineages.len())]
    ManyLineages {
        /// The place.
        place: String,
        /// The lineages.
        lineages: Vec<Place>,
    },
    /// No files give what was asked for.
    #[error("that state cannot be restored ({place})")]
    NoPlan {
        /// Of which lineage.
        place: Place,
        /// Why not.
        #[source]
        source: Box<NoPlan>,
        /// Objects that were found damaged on the way.
        damaged: Vec<Damaged>,
    },
    /// No files of Litestream 0.3 give what was asked for.
    #[error("that state cannot be restored ({place})")]
    NoLegacyPlan {
        /// Of which lineage.
        place: Place,
        /// Why not.
        #[source]
        source: LegacyNoPlan,
        /// Objects that were found damaged on the way.
        damaged: Vec<Damaged>,
    },
    /// Transaction numbers were asked of a 0.3 replica.
    #[error("{place} was written by Litestream 0.3, which has no transaction numbers: ask for a time")]
    LegacyHasNoTxids {
        /// Of which lineage.
        place: Place,
    },
    /// All files are whole and together they lack a page.
    #[error("the replica's files are whole, yet {missing} pages of {commit} are in none of them")]
    PagesMissing {
        /// How many.
        missing: u64,
        /// Pages of the database.
        commit: u32,
    },
    /// `SQLite` finds the result damaged.
    #[error("the restored database is damaged: {0}")]
    Integrity(String),
    /// `SQLite` cannot look at the result.
    #[error("the restored database cannot be checked")]
    Check(#[source] rusqlite::Error),
    /// The output is there already.
    #[error("{} is there already", .0.display())]
    OutputExists(PathBuf),
    /// What another database left beside the output would be taken for a part of it.
    #[error("{} is there: it would be taken for a part of the restored database", .0.display())]
    Leftover(PathBuf),
    /// The output cannot be written.
    #[error("the database cannot be written")]
    Output(#[from] FileError),
    /// Objects went faster than they could be read.
    #[error("{key} and others were deleted while they were read, {replans} times over")]
    KeepsVanishing {
        /// The last of them.
        key: String,
        /// How many plans were made.
        replans: usize,
    },
    /// An object is at fault that nothing can stand in for.
    #[error("an object of the replica {0}")]
    Object(String),
    /// A worker thread is gone.
    #[error("a worker of the restore died")]
    Worker(#[from] tokio::task::JoinError),
}

impl RestoreError {
    /// Whether the replica, or what came out of it, failed verification: what drills alert on.
    pub fn is_verification(&self) -> bool {
        match self {
            Self::NoPlan { source, damaged, .. } => source.is_damage() || !damaged.is_empty(),
            Self::NoLegacyPlan { source, damaged, .. } => {
                !damaged.is_empty()
                    || matches!(
                        source,
                        LegacyNoPlan::NoSnapshot | LegacyNoPlan::MissingSegment { .. }
                    )
            }
            Self::PagesMissing { .. } | Self::Integrity(_) => true,
            _ => false,
        }
    }

    /// Objects that were found damaged on the way.
    pub fn damaged(&self) -> &[Damaged] {
        match self {
            Self::NoPlan { damaged, .. } | Self::NoLegacyPlan { damaged, .. } => damaged,
            _ => &[],
        }
    }

    /// What to try instead, where there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoPlan { source, .. } => nearest_hint(source),
            Self::ManyLineages { lineages, .. } => {
                let names: Vec<_> = lineages.iter().map(ToString::to_string).collect();
                Some(format!("there are {}: give --lineage", names.join(", ")))
            }
            Self::OutputExists(_) => {
                Some("name another file, or give --if-missing to leave this one as it is".to_owned())
            }
            Self::Leftover(_) => Some("move it away first, with the database it belongs to".to_owned()),
            _ => None,
        }
    }
}

fn nearest_hint(no_plan: &NoPlan) -> Option<String> {
    let nearest = no_plan.nearest();
    let told = |point: crate::domain::replica::Point| format!("{} of {}", point.txid, point.at);
    let (before, after) = (nearest.before.map(told), nearest.after.map(told));
    match (before, after) {
        (None, None) => None,
        (Some(before), None) => Some(format!(
            "the newest state that can be restored is TXID {before} (--txid)"
        )),
        (None, Some(after)) => Some(format!(
            "the oldest state that can be restored is TXID {after} (--txid)"
        )),
        (Some(before), Some(after)) => Some(format!(
            "the nearest states that can be restored are TXID {before}, and {after} (--txid)"
        )),
    }
}

/// What is wrong with one object, or in its way.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// It is not what Litestream writes.
    #[error("{0}")]
    Ltx(#[from] LtxError),
    /// It is not a part of a whole WAL.
    #[error("{0}")]
    Wal(#[from] WalError),
    /// It does not decompress, or to something else.
    #[error("{0}")]
    Content(String),
    /// It has gone.
    #[error("is gone")]
    Vanished,
    /// Nothing of the object's own: the whole restore fails.
    #[error("cannot go on")]
    Fatal(#[source] Box<RestoreError>),
}

impl Fault {
    pub(super) fn fatal(error: impl Into<RestoreError>) -> Self {
        Self::Fatal(Box::new(error.into()))
    }
}

impl From<BucketError> for Fault {
    fn from(error: BucketError) -> Self {
        if error.is_missing() {
            Self::Vanished
        } else {
            Self::fatal(error)
        }
    }
}

impl From<Fault> for RestoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Fatal(error) => *error,
            fault => Self::Object(fault.to_string()),
        }
    }
}
