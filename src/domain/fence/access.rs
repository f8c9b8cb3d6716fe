//! Which writes each mode allows.

use super::{FenceMode, FenceRefusal, FenceState};
use crate::domain::ids::{Epoch, MoveId};

/// What a transaction wants to do with a guild's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The owner's ordinary work.
    Serve {
        /// The epoch at which the store says this pod owns the guild.
        epoch: Epoch,
    },
    /// Noting what became of an action that was on the wire. Allowed in any mode, since the answer may come after a
    /// freeze; changes nothing but the row's own state.
    Settle,
    /// Bringing rows in, and deleting them again.
    Import {
        /// The epoch at which the guild will be served here.
        epoch: Epoch,
        /// For which move.
        move_id: MoveId,
    },
    /// Deleting the rows of a guild that lives elsewhere now.
    Clean {
        /// The tombstone's epoch, exactly: a tombstone of another stay is not meant.
        epoch: Epoch,
    },
}

impl FenceState {
    /// Whether this fence allows a write.
    pub fn allows(&self, access: Access) -> Result<(), FenceRefusal> {
        match access {
            Access::Serve { epoch } => {
                self.is_at(epoch)?;
                self.is_in(FenceMode::Serving)
            }
            Access::Settle => Ok(()),
            Access::Import { epoch, move_id } => {
                self.is_at(epoch)?;
                self.is_in(FenceMode::Importing)?;
                self.belongs_to(move_id)
            }
            Access::Clean { epoch } => {
                self.is_at(epoch)?;
                self.is_in(FenceMode::Tombstone)
            }
        }
    }

    pub(super) fn is_at(&self, asked: Epoch) -> Result<(), FenceRefusal> {
        let fence = self.epoch;
        match asked.cmp(&fence) {
            std::cmp::Ordering::Less => Err(FenceRefusal::StaleEpoch { asked, fence }),
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(FenceRefusal::Behind { asked, fence }),
        }
    }

    pub(super) fn is_in(&self, mode: FenceMode) -> Result<(), FenceRefusal> {
        if self.mode == mode {
            Ok(())
        } else {
            Err(FenceRefusal::Mode { mode: self.mode })
        }
    }

    pub(super) fn belongs_to(&self, move_id: MoveId) -> Result<(), FenceRefusal> {
        if self.move_id == Some(move_id) {
            Ok(())
        } else {
            Err(FenceRefusal::OtherMove { holder: self.move_id })
        }
    }
}
