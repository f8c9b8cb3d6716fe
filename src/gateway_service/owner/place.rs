//! Whether a frame is applied here or kept for somebody else.

use super::outcome::StoredBecause;
use crate::domain::fence::{FenceMode, FenceState};
use crate::domain::ids::Epoch;

/// Which guilds this pod owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// Every guild, at the epoch of its fence: the pod is alone.
    Everything,
}

/// Where a frame goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Into the guild's rows, which are served at this epoch.
    Apply(Epoch),
    /// The guild is new: it begins here, and the frame is its first.
    Begin(Epoch),
    /// Into `forward`.
    Store(StoredBecause),
}

/// The first epoch of a guild that begins with a pod that is alone.
const FIRST_EPOCH: Epoch = Epoch::new(1);

/// Where a frame of a guild goes: `fence` is the guild's in this file, `waiting` whether stored frames come before.
pub(super) fn place(ownership: Ownership, fence: Option<&FenceState>, waiting: bool) -> Place {
    let Ownership::Everything = ownership;
    match fence {
        Some(fence) if fence.mode != FenceMode::Serving => Place::Store(StoredBecause::NotServing),
        _ if waiting => Place::Store(StoredBecause::Behind),
        Some(fence) => Place::Apply(fence.epoch),
        None => Place::Begin(FIRST_EPOCH),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_applied_only_where_its_guild_is_served_and_nothing_waits() {
        let fence = |mode| FenceState {
            epoch: Epoch::new(7),
            mode,
            move_id: None,
            freeze_no: 0,
            digest: None,
        };
        let not_serving = Place::Store(StoredBecause::NotServing);
        for (fence, waiting, expected) in [
            (None, false, Place::Begin(Epoch::new(1))),
            (None, true, Place::Store(StoredBecause::Behind)),
            (
                Some(fence(FenceMode::Serving)),
                false,
                Place::Apply(Epoch::new(7)),
            ),
            (
                Some(fence(FenceMode::Serving)),
                true,
                Place::Store(StoredBecause::Behind),
            ),
            (Some(fence(FenceMode::Frozen)), false, not_serving),
            (Some(fence(FenceMode::Importing)), false, not_serving),
            (Some(fence(FenceMode::Tombstone)), true, not_serving),
        ] {
            assert_eq!(place(Ownership::Everything, fence.as_ref(), waiting), expected);
        }
    }
}
