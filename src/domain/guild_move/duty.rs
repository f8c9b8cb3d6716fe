//! What a pod does about its fence by itself, from what the store says of the guild.
//!
//! Level-triggered: whenever a pod reads the store it may ask this again. What the store says may be old by the time
//! it is read: a higher epoch is final, so giving a guild away needs no more than that; but "no move has stopped this
//! guild" may date from before the freeze, and so counts only where the store had given the freeze's number out by then.

use super::stage::{MoveFacts, Stage};
use crate::domain::fence::{FenceChange, FenceMode, FenceState};
use crate::domain::ids::{Epoch, PodId};

/// What the store says of a guild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreSays {
    /// Who owns it.
    pub owner: PodId,
    /// At which epoch.
    pub epoch: Epoch,
    /// Whether it was ever served.
    pub born: bool,
    /// After a recovery: the fence epoch that may be raised.
    pub raise_from: Option<Epoch>,
    /// The last command number that was given out for it, over all its moves.
    pub last_no: u64,
    /// The move that is under way.
    pub moving: Option<MoveSeen>,
}

/// A move that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoveSeen {
    /// What does not change.
    pub facts: MoveFacts,
    /// How far it is.
    pub stage: Stage,
}

impl MoveSeen {
    /// The number under which the source stands still.
    const fn stopped_at(&self) -> Option<u64> {
        match self.stage {
            Stage::Frozen { no } | Stage::Verified { no, .. } => Some(no),
            _ => None,
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Duty {
    /// Nothing.
    Nothing,
    /// Change the fence.
    Change(FenceChange),
    /// The guild is this pod's, was served before, and its newest rows are not here: it is not served.
    LostHere,
}

/// What `pod` is to do about its fence of a guild.
pub fn duty(pod: PodId, fence: Option<&FenceState>, says: &StoreSays) -> Duty {
    if says.owner == pod {
        owners(pod, fence, says)
    } else {
        others(pod, fence, says)
    }
}

fn owners(pod: PodId, fence: Option<&FenceState>, says: &StoreSays) -> Duty {
    let to_be_fed = says.moving.is_some_and(|seen| {
        seen.facts.dst == pod && matches!(seen.stage, Stage::Flipped { .. }) && seen.facts.epoch == says.epoch
    });
    let missing = || {
        if to_be_fed || !says.born { Duty::Nothing } else { Duty::LostHere }
    };
    let Some(fence) = fence else { return missing() };
    if fence.mode.owns() && says.raise_from == Some(fence.epoch) && fence.epoch < says.epoch {
        let (from, to) = (fence.epoch, says.epoch);
        return Duty::Change(FenceChange::Raise { from, to });
    }
    if fence.epoch > says.epoch {
        // What was read is older than the fence.
        return Duty::Nothing;
    }
    if fence.epoch < says.epoch {
        return missing();
    }
    match fence.mode {
        FenceMode::Serving => freeze_if_told(pod, fence, says).unwrap_or(Duty::Nothing),
        FenceMode::Frozen => freeze_if_told(pod, fence, says).unwrap_or_else(|| thaw_if_over(fence, says)),
        FenceMode::Importing => start_if_flipped(fence, says).unwrap_or_else(missing),
        FenceMode::Tombstone => missing(),
    }
}

/// A source that comes up from an older file serves, or is frozen by an older number: the row says otherwise.
fn freeze_if_told(pod: PodId, fence: &FenceState, says: &StoreSays) -> Option<Duty> {
    let seen = says.moving.filter(|seen| seen.facts.src == pod)?;
    let no = seen.stopped_at().filter(|no| *no > fence.freeze_no)?;
    let same_move = fence.move_id == Some(seen.facts.move_id);
    (fence.mode == FenceMode::Serving || same_move).then_some(Duty::Change(FenceChange::Freeze {
        epoch: fence.epoch,
        move_id: seen.facts.move_id,
        freeze_no: no,
    }))
}

fn thaw_if_over(fence: &FenceState, says: &StoreSays) -> Duty {
    let still = says.moving.is_some_and(|seen| {
        Some(seen.facts.move_id) == fence.move_id && seen.stopped_at() == Some(fence.freeze_no)
    });
    match fence.move_id {
        Some(move_id) if !still && says.last_no >= fence.freeze_no => Duty::Change(FenceChange::Thaw {
            epoch: fence.epoch,
            move_id,
            freeze_no: fence.freeze_no,
        }),
        _ => Duty::Nothing,
    }
}

fn start_if_flipped(fence: &FenceState, says: &StoreSays) -> Option<Duty> {
    let seen = says.moving?;
    let (Stage::Flipped { no, digest } | Stage::Started { no, digest }) = seen.stage else {
        return None;
    };
    let verified = fence.move_id == Some(seen.facts.move_id)
        && fence.freeze_no == no
        && fence.digest == Some(digest)
        && seen.facts.epoch == fence.epoch;
    verified.then_some(Duty::Change(FenceChange::Start {
        epoch: fence.epoch,
        move_id: seen.facts.move_id,
        freeze_no: no,
        digest,
    }))
}

fn others(pod: PodId, fence: Option<&FenceState>, says: &StoreSays) -> Duty {
    let Some(fence) = fence else {
        return Duty::Nothing;
    };
    if fence.mode.owns() && fence.epoch < says.epoch {
        return Duty::Change(FenceChange::GivenAway { epoch: says.epoch });
    }
    if fence.mode != FenceMode::Importing {
        return Duty::Nothing;
    }
    let awaited = says.moving.is_some_and(|seen| {
        seen.facts.dst == pod && Some(seen.facts.move_id) == fence.move_id && seen.stage.step().is_active()
    });
    match fence.move_id {
        Some(move_id) if !awaited && says.last_no >= fence.freeze_no => {
            let epoch = fence.epoch;
            Duty::Change(FenceChange::AbortImport { epoch, move_id })
        }
        _ => Duty::Nothing,
    }
}

/// Whether a target with this fence has taken over a guild that was moved to it at `epoch`: with its file in its
/// replica the source's rows are no longer needed.
pub fn custody(fence: Option<&FenceState>, epoch: Epoch) -> bool {
    fence.is_some_and(|fence| fence.epoch > epoch || (fence.epoch == epoch && fence.mode.owns()))
}
