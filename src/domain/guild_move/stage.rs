//! Where a move stands.

use serde::{Deserialize, Serialize};

use crate::domain::digest::GuildDigest;
use crate::domain::ids::{Epoch, GuildId, MoveId, PodId};
use crate::domain::move_step::MoveStep;

/// What does not change during a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoveFacts {
    /// Which move.
    pub move_id: MoveId,
    /// Which guild.
    pub guild: GuildId,
    /// From where.
    pub src: PodId,
    /// To where.
    pub dst: PodId,
    /// The guild's epoch after the flip.
    pub epoch: Epoch,
}

/// How far a move has come, as its row in the store says.
///
/// `no` is the number of the present command: the store hands them out, one after the other over all moves of the
/// guild, so that a fence can tell a late command from the present one. A move's first prepare takes the next, and each
/// freeze.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Asked for and checked; nothing touched.
    Planned,
    /// The target is to make room. After a thaw: the source is to go on, too.
    Prepared {
        /// The command's number; after a thaw, that of the freeze which is over.
        no: u64,
    },
    /// The source is to stop.
    Frozen {
        /// The command's number.
        no: u64,
    },
    /// The target holds everything up to the cut.
    Verified {
        /// The number of the freeze.
        no: u64,
        /// What it holds.
        digest: GuildDigest,
    },
    /// Owner and epoch have changed: the point of no return.
    Flipped {
        /// The number of the freeze.
        no: u64,
        /// What was verified.
        digest: GuildDigest,
    },
    /// The target serves.
    Started {
        /// The number of the freeze.
        no: u64,
        /// What was verified.
        digest: GuildDigest,
    },
    /// The source's rows are gone. An end.
    Cleaned,
    /// Given up before the flip. An end.
    Aborted {
        /// The last command's number; 0: none was given.
        no: u64,
    },
}

impl Stage {
    /// The word for it in the store.
    pub const fn step(self) -> MoveStep {
        match self {
            Self::Planned => MoveStep::Planned,
            Self::Prepared { .. } => MoveStep::Prepared,
            Self::Frozen { .. } => MoveStep::Frozen,
            Self::Verified { .. } => MoveStep::Verified,
            Self::Flipped { .. } => MoveStep::Flipped,
            Self::Started { .. } => MoveStep::Started,
            Self::Cleaned => MoveStep::Cleaned,
            Self::Aborted { .. } => MoveStep::Aborted,
        }
    }

    /// The number of the present command; 0 where there is none.
    pub const fn no(self) -> u64 {
        match self {
            Self::Planned | Self::Cleaned => 0,
            Self::Prepared { no }
            | Self::Frozen { no }
            | Self::Verified { no, .. }
            | Self::Flipped { no, .. }
            | Self::Started { no, .. }
            | Self::Aborted { no } => no,
        }
    }

    /// The digest that was verified.
    pub const fn digest(self) -> Option<GuildDigest> {
        match self {
            Self::Verified { digest, .. } | Self::Flipped { digest, .. } | Self::Started { digest, .. } => {
                Some(digest)
            }
            _ => None,
        }
    }

    /// What the columns of a row say together; `None` where no code of ours wrote them.
    pub const fn of_row(step: MoveStep, no: u64, digest: Option<GuildDigest>) -> Option<Self> {
        match (step, digest) {
            (MoveStep::Planned, _) => Some(Self::Planned),
            (MoveStep::Prepared | MoveStep::Copying, _) => Some(Self::Prepared { no }),
            (MoveStep::Frozen, _) => Some(Self::Frozen { no }),
            (MoveStep::Verified, Some(digest)) => Some(Self::Verified { no, digest }),
            (MoveStep::Flipped, Some(digest)) => Some(Self::Flipped { no, digest }),
            (MoveStep::Started, Some(digest)) => Some(Self::Started { no, digest }),
            (MoveStep::Verified | MoveStep::Flipped | MoveStep::Started, None) => None,
            (MoveStep::Cleaned, _) => Some(Self::Cleaned),
            (MoveStep::Aborted, _) => Some(Self::Aborted { no }),
        }
    }
}

/// What the source answers to a freeze: where it stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// The digest of the guild's rows at the cut.
    pub digest: GuildDigest,
    /// How many they are.
    pub rows: u64,
}

/// How often a driver tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Freezes that may be given up before the move is.
    pub thaws: u32,
    /// Calls without an answer, one after the other, before the move is given up; after the flip it never is.
    pub tries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { thaws: 5, tries: 8 }
    }
}

/// A move as one driver knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuildMove {
    /// What does not change.
    pub facts: MoveFacts,
    /// The row.
    pub stage: Stage,
    /// How many freezes were given up, by the row.
    pub thaws: u32,
    /// How often to try.
    pub limits: Limits,
    /// What this driver was told at the present freeze.
    pub cut: Option<Cut>,
    /// Calls without an answer, one after the other.
    pub tries: u32,
    /// Why this driver gave the last freeze up.
    pub last_trouble: Option<String>,
    /// Whether this driver is here for the source's rows.
    pub cleaning: bool,
    /// Whether this driver has asked a target that lost the guild after its start to serve what was verified.
    pub serve_tried: bool,
}

impl GuildMove {
    /// The move as a driver finds it.
    pub const fn found(facts: MoveFacts, stage: Stage, thaws: u32, limits: Limits) -> Self {
        Self {
            facts,
            stage,
            thaws,
            limits,
            cut: None,
            tries: 0,
            last_trouble: None,
            cleaning: false,
            serve_tried: false,
        }
    }
}
