//! What a fence says of a guild, in one word.

use serde::{Deserialize, Serialize};

/// Who may write a guild's rows in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FenceMode {
    /// Rows are being brought in for a move. A pod reports an import that was given up as this too: it never
    /// owned the guild, so its fence is no sign of a newer owner.
    Importing,
    /// The pod owns the guild and acts for it.
    Serving,
    /// The pod owns the guild and has stopped for a move.
    Frozen,
    /// The guild was given away.
    Tombstone,
}

impl FenceMode {
    /// The word for it, as in both databases.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Importing => "importing",
            Self::Serving => "serving",
            Self::Frozen => "frozen",
            Self::Tombstone => "tombstone",
        }
    }

    /// The mode that `text` names.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Importing, Self::Serving, Self::Frozen, Self::Tombstone]
            .into_iter()
            .find(|mode| mode.as_str() == text)
    }

    /// Whether a pod with this fence holds the guild's newest rows at that epoch.
    pub const fn owns(self) -> bool {
        matches!(self, Self::Serving | Self::Frozen)
    }
}
