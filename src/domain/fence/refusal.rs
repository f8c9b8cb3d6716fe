//! Why a fence said no.

use super::FenceMode;
use crate::domain::ids::{Epoch, MoveId};

/// A write or a change that a fence does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FenceRefusal {
    /// The guild has never been in this file.
    #[error("the guild has no fence here: it was never in this file")]
    NoFence,
    /// The asker knows an older epoch than the file.
    #[error("epoch {asked} is stale: the fence here is at epoch {fence}")]
    StaleEpoch {
        /// What the asker said.
        asked: Epoch,
        /// What the fence says.
        fence: Epoch,
    },
    /// The file is older than what the asker knows: its rows must not be taken for the newest.
    #[error("the fence here is at epoch {fence}, older than {asked}: this file has missed a change of owner")]
    Behind {
        /// What the asker said.
        asked: Epoch,
        /// What the fence says.
        fence: Epoch,
    },
    /// A command that another one of the same epoch has overtaken.
    #[error("command {asked} is stale: the fence here has seen command {fence} of this epoch")]
    StaleCommand {
        /// The command's number.
        asked: u64,
        /// The number in the fence.
        fence: u64,
    },
    /// The mode does not allow it.
    #[error("the guild is {} here", .mode.as_str())]
    Mode {
        /// The fence's mode.
        mode: FenceMode,
    },
    /// The guild belongs to another move.
    #[error("the guild is in the hands of {}", .holder.map_or("no move".to_owned(), |id| format!("move {id}")))]
    OtherMove {
        /// The move in the fence.
        holder: Option<MoveId>,
    },
    /// What is to be started is not what was verified.
    #[error("the rows here were not verified with that digest")]
    NotVerified,
    /// A brand-new guild was announced where the file knows it already.
    #[error("the guild is not new here: its fence is {} at epoch {epoch}", .mode.as_str())]
    BornBefore {
        /// The fence's mode.
        mode: FenceMode,
        /// The fence's epoch.
        epoch: Epoch,
    },
}
