//! The steps of a guild's move, as the store records them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How far a move has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MoveStep {
    /// Asked for and checked; nothing touched.
    Planned,
    /// The target's fence says importing.
    Prepared,
    /// Rows are being copied in rounds.
    Copying,
    /// The source has stopped and cut.
    Frozen,
    /// The target holds everything up to the cut, counted and digested.
    Verified,
    /// Owner and epoch have changed: the point of no return.
    Flipped,
    /// The target serves.
    Started,
    /// The source's rows are gone. An end.
    Cleaned,
    /// Given up before the flip. An end.
    Aborted,
}

impl MoveStep {
    /// Every step, in order.
    pub const ALL: [Self; 9] = [
        Self::Planned,
        Self::Prepared,
        Self::Copying,
        Self::Frozen,
        Self::Verified,
        Self::Flipped,
        Self::Started,
        Self::Cleaned,
        Self::Aborted,
    ];

    /// The word for it, as in the store and in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Prepared => "prepared",
            Self::Copying => "copying",
            Self::Frozen => "frozen",
            Self::Verified => "verified",
            Self::Flipped => "flipped",
            Self::Started => "started",
            Self::Cleaned => "cleaned",
            Self::Aborted => "aborted",
        }
    }

    /// Whether the guild is being moved: no other move of it may begin.
    pub const fn is_active(self) -> bool {
        !matches!(self, Self::Started | Self::Cleaned | Self::Aborted)
    }

    /// Whether the move can still be given up.
    pub const fn is_before_flip(self) -> bool {
        matches!(
            self,
            Self::Planned | Self::Prepared | Self::Copying | Self::Frozen | Self::Verified
        )
    }
}

/// A word that names no step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no step of a move")]
pub struct MoveStepError(String);

impl FromStr for MoveStep {
    type Err = MoveStepError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| MoveStepError(text.to_owned()))
    }
}

impl fmt::Display for MoveStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
