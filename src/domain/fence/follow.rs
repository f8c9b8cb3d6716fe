//! What a pod does to a fence by the store's word alone, when no driver calls: so no dead driver leaves a guild
//! standing still, and a flip takes effect at both pods as soon as they hear of it.

use super::{FenceChange, FenceMode, FenceState};
use crate::domain::ids::{Epoch, MoveId};
use crate::domain::move_step::MoveStep;

/// What the store says of a guild. It must have been said *after* the fence was read: a word that is older than a
/// command which changed the fence knows nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreWord {
    /// Whether the pod that asks owns it.
    pub mine: bool,
    /// At which epoch its owner does.
    pub epoch: Epoch,
    /// Its active move.
    pub moving: Option<Moving>,
}

/// A move as the store knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moving {
    /// Which move.
    pub move_id: MoveId,
    /// How far it has come.
    pub step: MoveStep,
    /// The number of its present freeze.
    pub freeze_no: u64,
}

/// The change that the store's word asks for, if any.
pub fn follow(fence: &FenceState, word: &StoreWord) -> Option<FenceChange> {
    match fence.mode {
        FenceMode::Serving | FenceMode::Frozen if !word.mine && word.epoch > fence.epoch => {
            Some(FenceChange::GivenAway { epoch: word.epoch })
        }
        FenceMode::Frozen if word.mine && word.epoch == fence.epoch => thaw(fence, word.moving),
        FenceMode::Importing if word.mine && word.epoch == fence.epoch => start(fence, word.moving),
        FenceMode::Importing => give_up(fence, word.moving),
        FenceMode::Serving | FenceMode::Frozen | FenceMode::Tombstone => None,
    }
}

/// A freeze that no move waits for is over: the flip that would have followed it cannot happen any more.
fn thaw(fence: &FenceState, moving: Option<Moving>) -> Option<FenceChange> {
    let move_id = fence.move_id?;
    let thaw = FenceChange::Thaw {
        epoch: fence.epoch,
        move_id,
        freeze_no: fence.freeze_no,
    };
    match moving {
        Some(moving) if moving.move_id == move_id => {
            let left = matches!(
                moving.step,
                MoveStep::Planned | MoveStep::Prepared | MoveStep::Copying | MoveStep::Aborted
            );
            (left && moving.freeze_no >= fence.freeze_no).then_some(thaw)
        }
        _ => Some(thaw),
    }
}

/// What was verified is served: that very number, and none that an older file remembers.
fn start(fence: &FenceState, moving: Option<Moving>) -> Option<FenceChange> {
    let (moving, digest) = (moving?, fence.digest?);
    let flipped = matches!(moving.step, MoveStep::Flipped | MoveStep::Started);
    let same = Some(moving.move_id) == fence.move_id && moving.freeze_no == fence.freeze_no;
    (flipped && same).then_some(FenceChange::Start {
        epoch: fence.epoch,
        move_id: moving.move_id,
        freeze_no: fence.freeze_no,
        digest,
    })
}

/// The move that these rows were brought in for is over, and did not end here.
fn give_up(fence: &FenceState, moving: Option<Moving>) -> Option<FenceChange> {
    let move_id = fence.move_id?;
    let over = moving.is_none_or(|moving| moving.move_id != move_id || moving.step == MoveStep::Aborted);
    over.then_some(FenceChange::AbortImport {
        epoch: fence.epoch,
        move_id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::digest::GuildDigest;

    fn id(number: u8) -> MoveId {
        MoveId::new(uuid::Uuid::from_bytes([number; 16]))
    }

    fn fence(mode: FenceMode, epoch: u64, freeze_no: u64, digest: bool) -> FenceState {
        FenceState {
            epoch: Epoch::new(epoch),
            mode,
            move_id: Some(id(1)),
            freeze_no,
            digest: digest.then(|| GuildDigest::from_bytes([7; 32])),
        }
    }

    fn word(mine: bool, epoch: u64, moving: Option<(u8, MoveStep, u64)>) -> StoreWord {
        StoreWord {
            mine,
            epoch: Epoch::new(epoch),
            moving: moving.map(|(number, step, freeze_no)| Moving {
                move_id: id(number),
                step,
                freeze_no,
            }),
        }
    }

    #[test]
    fn a_source_goes_on_when_its_freeze_is_over_and_gives_away_when_the_flip_has_happened() {
        let frozen = fence(FenceMode::Frozen, 5, 2, false);
        let thaw = Some(FenceChange::Thaw {
            epoch: Epoch::new(5),
            move_id: id(1),
            freeze_no: 2,
        });
        let away = Some(FenceChange::GivenAway { epoch: Epoch::new(6) });
        for (word, expected) in [
            (word(true, 5, Some((1, MoveStep::Frozen, 2))), None),
            (word(true, 5, Some((1, MoveStep::Verified, 2))), None),
            (word(true, 5, Some((1, MoveStep::Prepared, 2))), thaw.clone()),
            // An older word: this freeze came after it.
            (word(true, 5, Some((1, MoveStep::Prepared, 1))), None),
            (word(true, 5, Some((1, MoveStep::Frozen, 3))), None),
            (word(true, 5, Some((1, MoveStep::Aborted, 2))), thaw.clone()),
            (word(true, 5, None), thaw.clone()),
            (word(true, 5, Some((2, MoveStep::Planned, 3))), thaw),
            (word(false, 6, Some((1, MoveStep::Flipped, 2))), away.clone()),
            (word(false, 6, None), away),
            // The store went back in time, or the word is older than the fence.
            (word(false, 5, None), None),
            (word(true, 6, None), None),
        ] {
            assert_eq!(follow(&frozen, &word), expected, "{word:?}");
        }
        let serving = fence(FenceMode::Serving, 5, 2, false);
        assert_eq!(follow(&serving, &word(true, 5, None)), None);
        assert_eq!(
            follow(&serving, &word(false, 6, None)),
            Some(FenceChange::GivenAway { epoch: Epoch::new(6) })
        );
        let gone = fence(FenceMode::Tombstone, 6, 0, false);
        assert_eq!(follow(&gone, &word(false, 7, None)), None);
    }

    #[test]
    fn a_target_starts_what_was_verified_and_flipped_and_gives_up_what_was_not() {
        let verified = fence(FenceMode::Importing, 6, 2, true);
        let start = FenceChange::Start {
            epoch: Epoch::new(6),
            move_id: id(1),
            freeze_no: 2,
            digest: GuildDigest::from_bytes([7; 32]),
        };
        let abort = Some(FenceChange::AbortImport {
            epoch: Epoch::new(6),
            move_id: id(1),
        });
        for (word, expected) in [
            (word(true, 6, Some((1, MoveStep::Flipped, 2))), Some(start)),
            // The flip was of another freeze: these rows are older than that.
            (word(true, 6, Some((1, MoveStep::Flipped, 3))), None),
            (word(true, 6, None), None),
            (word(true, 7, Some((1, MoveStep::Flipped, 2))), None),
            (word(false, 5, Some((1, MoveStep::Verified, 2))), None),
            (word(false, 5, Some((1, MoveStep::Planned, 0))), None),
            (word(false, 5, Some((1, MoveStep::Aborted, 2))), abort.clone()),
            (word(false, 5, None), abort.clone()),
            (word(false, 7, Some((2, MoveStep::Planned, 0))), abort),
        ] {
            assert_eq!(follow(&verified, &word), expected, "{word:?}");
        }
        let staged = fence(FenceMode::Importing, 6, 2, false);
        assert_eq!(
            follow(&staged, &word(true, 6, Some((1, MoveStep::Flipped, 2)))),
            None,
            "never what was not verified"
        );
    }
}
