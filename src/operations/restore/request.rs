//! What is asked of a restore, and what it answers.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;

use super::Damaged;
use crate::domain::ltx::Txid;
use crate::domain::replica::{LineageNo, Place, Point};

/// Which state is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The newest.
    Latest,
    /// That of exactly this transaction.
    Txid(Txid),
    /// The newest one from before this time.
    AsOf(Timestamp),
}

/// How the restored file is checked by `SQLite` before it gets its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Integrity {
    /// Not at all; the replica's own checksums are verified in any case.
    None,
    /// `pragma quick_check`: structure, without comparing indexes with their tables.
    #[default]
    Quick,
    /// `pragma integrity_check`.
    Full,
}

impl Integrity {
    /// Every level, least first.
    pub const ALL: [Self; 3] = [Self::None, Self::Quick, Self::Full];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quick => "quick",
            Self::Full => "full",
        }
    }
}

/// A word that names no level of checking.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no integrity check: write none, quick or full")]
pub struct IntegrityError(String);

impl FromStr for Integrity {
    type Err = IntegrityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|level| level.as_str() == text);
        found.ok_or_else(|| IntegrityError(text.to_owned()))
    }
}

impl fmt::Display for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What bounds memory, descriptors and requests in flight.
#[derive(Debug, Clone, Copy)]
pub struct ReadLimits {
    /// Stretches of files in flight at once: read, decompressed, written.
    pub parallel: usize,
    /// Bytes of one stretch.
    pub unit_bytes: u64,
    /// Files up to this size are read whole, in one request.
    pub whole_bytes: u64,
    /// Files opened ahead of the one being read.
    pub prefetch: usize,
    /// Headers read at once, where times are needed.
    pub headers: usize,
    /// How often a plan is made anew because objects vanish underneath.
    pub replans: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            parallel: 8,
            unit_bytes: 4 << 20,
            whole_bytes: 1 << 20,
            prefetch: 12,
            headers: 32,
            replans: 5,
        }
    }
}

/// A restore to be done.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which state.
    pub wanted: Wanted,
    /// Which lineage, where the place holds several and the newest is not meant.
    pub lineage: Option<LineageNo>,
    /// The file to write; its directory must be there and the file must not.
    pub output: PathBuf,
    /// How the result is checked.
    pub integrity: Integrity,
    /// Bounds.
    pub limits: ReadLimits,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Listing, times, plan.
    Planning,
    /// Objects are read.
    Reading,
    /// The result goes to disk for good.
    Syncing,
    /// `SQLite` checks the result.
    Checking,
}

/// How far it has come: bytes of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// Bytes read of the plan.
    pub done: u64,
    /// Bytes of the plan; 0 before there is one. A new plan starts from zero.
    pub total: u64,
}

/// Something that did not stop the restore and should be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// An object is damaged; others that hold the same were used.
    Damaged(Damaged),
    /// Objects vanished while they were read; the plan was made anew.
    Vanished {
        /// The first of them.
        key: String,
    },
    /// The newest lineage has no complete image yet: the one before it was used.
    NoImageYet {
        /// The lineage without an image.
        lineage: Place,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(damaged) => write!(f, "{} {}; other objects were used", damaged.key, damaged.what),
            Self::Vanished { key } => {
                write!(
                    f,
                    "{key} was deleted while it was read (retention); planned again"
                )
            }
            Self::NoImageYet { lineage } => write!(
                f,
                "{lineage} has no complete image yet and cannot be restored; the lineage before it was used"
            ),
        }
    }
}

/// A restore that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// From which pod and lineage.
    pub place: Place,
    /// The state: its last transaction; `None` for what Litestream 0.3 wrote, which counts none.
    pub txid: Option<Txid>,
    /// When that state was replicated.
    pub at: Timestamp,
    /// For a time: the next restorable state, at or after it.
    pub next: Option<Point>,
    /// Size of the file.
    pub bytes: u64,
    /// Objects it was made of.
    pub objects: u64,
    /// Bytes read from the store, for everything.
    pub bytes_read: u64,
    /// How long it took.
    pub took: Duration,
    /// What should be known.
    pub notes: Vec<Note>,
}
