//! What a fence holds.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::FenceMode;
use crate::domain::digest::GuildDigest;
use crate::domain::ids::{Epoch, GuildId, MoveId, Revision, SessionNo};

/// The fence row of one guild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// The guild.
    pub guild_id: GuildId,
    /// Who may write.
    pub state: FenceState,
    /// How far the rows have come.
    pub progress: Progress,
}

/// Who may write a guild's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FenceState {
    /// The owner's number this fence stands for.
    pub epoch: Epoch,
    /// What may be done.
    pub mode: FenceMode,
    /// The move whose command led here.
    pub move_id: Option<MoveId>,
    /// The number of that command within the epoch. Every freeze takes the next one, over all moves of the epoch.
    pub freeze_no: u64,
    /// At `importing`: what was verified. At `serving`: what it was started with. At `tombstone`: the rows that were
    /// frozen for the move and are still here, all of them.
    pub digest: Option<GuildDigest>,
}

/// How far a guild's rows have come. Moves with the guild.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// The Discord shard that `position` counts in.
    pub shard_id: u32,
    /// The last frame that was applied.
    #[serde(flatten)]
    pub position: Position,
    /// Committed transactions of the guild.
    pub writes: u64,
    /// Its place in the stream of cross-guild events.
    pub cross_rev: Revision,
}

/// A place in a Discord shard's events: sessions in order, frames in order within them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Position {
    /// The session.
    pub session_no: SessionNo,
    /// The frame's number within it.
    pub seq: u64,
}

impl FenceState {
    /// The digest of the rows that were given away with this move, while they are still here, all of them: its target
    /// may fetch them again.
    pub fn in_custody(&self, move_id: MoveId) -> Option<GuildDigest> {
        let here = self.mode == FenceMode::Tombstone && self.move_id == Some(move_id);
        self.digest.filter(|_| here)
    }

    /// The place of this state in the order that changes may only climb.
    pub fn order(&self) -> (Epoch, u64, u8) {
        let phase = match (self.mode, self.digest) {
            (FenceMode::Importing, None) => 0,
            (FenceMode::Importing, Some(_)) => 1,
            (FenceMode::Frozen, _) => 2,
            (FenceMode::Serving, _) => 3,
            (FenceMode::Tombstone, Some(_)) => 4,
            (FenceMode::Tombstone, None) => 5,
        };
        (self.epoch, self.freeze_no, phase)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.session_no, self.seq)
    }
}

impl fmt::Display for FenceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at epoch {}", self.mode.as_str(), self.epoch)?;
        if self.freeze_no > 0 {
            write!(f, ", freeze {}", self.freeze_no)?;
        }
        Ok(())
    }
}
