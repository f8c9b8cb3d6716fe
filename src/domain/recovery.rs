//! Who owns a guild after the config store went back in time.
//!
//! The store's copy is older than the fleet; the pods' fences are the fleet's memory. The higher epoch wins.
//! Afterwards every epoch jumps, so that one which only a silent pod has seen is covered as well.

use super::fence::FenceMode;
use super::ids::{Epoch, PodId};

/// How far all epochs, incarnations and session numbers jump at the end of a recovery.
pub const JUMP: u64 = 1_000_000;

/// One pod's fence for the guild in question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportedFence {
    /// Who reports.
    pub pod: PodId,
    /// The fence's epoch.
    pub epoch: Epoch,
    /// What it says.
    pub mode: FenceMode,
}

/// Owner and epoch as the store's old copy has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredOwner {
    /// The owner.
    pub pod: PodId,
    /// The epoch.
    pub epoch: Epoch,
}

/// What the store and the fences say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merged {
    /// The owner.
    pub owner: PodId,
    /// The highest epoch seen, before the jump.
    pub epoch: Epoch,
    /// The fence epoch from which the owner may be raised: its rows are the newest. `None`: it must not
    /// serve until an operator has looked.
    pub raise_from: Option<Epoch>,
    /// What an operator must look at.
    pub trouble: Option<Trouble>,
}

/// What an operator must look at after a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Two pods claim the guild at one epoch.
    #[error("{first} and {second} both claim it at epoch {epoch}")]
    TwoOwners {
        /// The one kept.
        first: PodId,
        /// The other.
        second: PodId,
        /// The epoch both claim.
        epoch: Epoch,
    },
    /// A tombstone shows that a newer owner exists, and it has not reported.
    #[error("{witness} gave it away at epoch {epoch}, and the pod that got it has not reported")]
    OwnerSilent {
        /// Whose tombstone it is.
        witness: PodId,
        /// The epoch at which it was given away.
        epoch: Epoch,
    },
}

/// Merges the store's copy with the fences; `None` when nobody ever owned the guild (imports only).
///
/// An owner that the store names and that did not claim the guild keeps it (it may be a guild it has not
/// served yet), to be raised from the stored epoch.
pub fn merge(stored: Option<StoredOwner>, fences: &[ReportedFence]) -> Option<Merged> {
    let claim = fences.iter().filter(|f| f.mode.owns()).max_by_key(|f| {
        (
            f.epoch,
            stored.is_some_and(|s| s.pod == f.pod),
            std::cmp::Reverse(f.pod),
        )
    });
    let given_away = fences
        .iter()
        .filter(|f| f.mode == FenceMode::Tombstone)
        .max_by_key(|f| f.epoch);
    let (owner, epoch) = match (stored, claim) {
        (Some(s), Some(c)) if c.epoch >= s.epoch => (c.pod, c.epoch),
        (None, Some(c)) => (c.pod, c.epoch),
        (Some(s), _) => (s.pod, s.epoch),
        (None, None) => return None,
    };
    if let Some(gone) = given_away.filter(|gone| gone.epoch > epoch) {
        let trouble = Trouble::OwnerSilent {
            witness: gone.pod,
            epoch: gone.epoch,
        };
        return Some(Merged {
            owner,
            epoch: gone.epoch,
            raise_from: None,
            trouble: Some(trouble),
        });
    }
    let rival = fences
        .iter()
        .find(|f| f.mode.owns() && f.epoch == epoch && f.pod != owner);
    let trouble = rival.map(|r| Trouble::TwoOwners {
        first: owner,
        second: r.pod,
        epoch,
    });
    let raise_from = if trouble.is_some() { None } else { Some(epoch) };
    Some(Merged {
        owner,
        epoch,
        raise_from,
        trouble,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u32) -> PodId {
        PodId::new(n).unwrap()
    }

    fn fence(pod: u32, epoch: u64, mode: FenceMode) -> ReportedFence {
        ReportedFence {
            pod: id(pod),
            epoch: Epoch::new(epoch),
            mode,
        }
    }

    fn stored(pod: u32, epoch: u64) -> StoredOwner {
        StoredOwner {
            pod: id(pod),
            epoch: Epoch::new(epoch),
        }
    }

    fn owned(pod: u32, epoch: u64) -> Merged {
        let epoch = Epoch::new(epoch);
        Merged {
            owner: id(pod),
            epoch,
            raise_from: Some(epoch),
            trouble: None,
        }
    }

    #[test]
    fn the_higher_epoch_wins() {
        use FenceMode::{Frozen, Importing, Serving, Tombstone};
        // A flip that the copy has lost.
        assert_eq!(
            merge(
                Some(stored(0, 5)),
                &[fence(0, 6, Tombstone), fence(1, 6, Serving)]
            ),
            Some(owned(1, 6))
        );
        // A guild that the copy has lost whole.
        assert_eq!(merge(None, &[fence(2, 1, Serving)]), Some(owned(2, 1)));
        // Nothing lost.
        assert_eq!(
            merge(Some(stored(0, 5)), &[fence(0, 5, Frozen), fence(1, 6, Importing)]),
            Some(owned(0, 5))
        );
        // An older owner's file has come back from a backup.
        assert_eq!(
            merge(Some(stored(1, 6)), &[fence(0, 5, Serving)]),
            Some(owned(1, 6))
        );
        // Never served so far.
        assert_eq!(merge(Some(stored(1, 1)), &[]), Some(owned(1, 1)));
        assert_eq!(merge(None, &[fence(1, 1, Importing)]), None);
    }

    #[test]
    fn two_claims_at_one_epoch_serve_nobody() {
        let merged = merge(
            Some(stored(1, 4)),
            &[fence(0, 4, FenceMode::Serving), fence(1, 4, FenceMode::Frozen)],
        )
        .unwrap();
        assert_eq!((merged.owner, merged.raise_from), (id(1), None));
        let both = Trouble::TwoOwners {
            first: id(1),
            second: id(0),
            epoch: Epoch::new(4),
        };
        assert_eq!(merged.trouble, Some(both));
    }

    #[test]
    fn a_tombstone_of_a_later_epoch_stops_the_older_owner() {
        let merged = merge(Some(stored(0, 5)), &[fence(0, 7, FenceMode::Tombstone)]).unwrap();
        assert_eq!((merged.epoch, merged.raise_from), (Epoch::new(7), None));
        assert!(matches!(merged.trouble, Some(Trouble::OwnerSilent { .. })));
    }
}
