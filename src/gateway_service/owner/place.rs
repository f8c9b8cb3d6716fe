//! Whether a frame is applied here or kept for somebody else.

use std::sync::Arc;

use super::outcome::StoredBecause;
use crate::domain::fence::{FenceMode, FenceState};
use crate::domain::ids::{Epoch, GuildId};
use crate::gateway_service::guilds::{Guilds, Standing};

/// Which guilds this pod owns.
#[derive(Debug, Clone)]
pub enum Ownership {
    /// Every guild, at the epoch of its fence: the pod is alone.
    Everything,
    /// Those that config has given to it.
    Fleet(Arc<Guilds>),
}

impl Ownership {
    /// How a guild stands to this pod.
    pub(super) fn standing(&self, guild: GuildId) -> Standing {
        match self {
            Self::Everything => Standing::Alone,
            Self::Fleet(guilds) => guilds.standing(guild),
        }
    }

    /// At which epoch a guild with this fence is served here; `None`: it is not.
    pub(super) fn serves(&self, guild: GuildId, fence: &FenceState) -> Option<Epoch> {
        match place(self.standing(guild), Some(fence), false) {
            Place::Apply(epoch) => Some(epoch),
            Place::Begin(_) | Place::Store(_) => None,
        }
    }
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
pub(super) fn place(standing: Standing, fence: Option<&FenceState>, waiting: bool) -> Place {
    match standing {
        Standing::Unknown => Place::Store(StoredBecause::NoOwner),
        Standing::Elsewhere(_) => Place::Store(StoredBecause::Elsewhere),
        Standing::Troubled => Place::Store(StoredBecause::NotServing),
        Standing::Alone => match fence {
            Some(fence) if fence.mode != FenceMode::Serving => Place::Store(StoredBecause::NotServing),
            _ if waiting => Place::Store(StoredBecause::Behind),
            Some(fence) => Place::Apply(fence.epoch),
            None => Place::Begin(FIRST_EPOCH),
        },
        Standing::Mine { epoch, born } => match fence {
            // Never a guild that was served once: this file has lost it.
            None if born => Place::Store(StoredBecause::NotServing),
            Some(fence) if fence.epoch != epoch || fence.mode != FenceMode::Serving => {
                Place::Store(StoredBecause::NotServing)
            }
            _ if !born => Place::Store(StoredBecause::Unborn),
            _ if waiting => Place::Store(StoredBecause::Behind),
            _ => Place::Apply(epoch),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::PodId;

    const SEVEN: Epoch = Epoch::new(7);

    fn fence(mode: FenceMode) -> FenceState {
        FenceState {
            epoch: SEVEN,
            mode,
            move_id: None,
            freeze_no: 0,
            digest: None,
        }
    }

    #[test]
    fn alone_a_frame_is_applied_only_where_its_guild_is_served_and_nothing_waits() {
        let not_serving = Place::Store(StoredBecause::NotServing);
        for (fence, waiting, expected) in [
            (None, false, Place::Begin(Epoch::new(1))),
            (None, true, Place::Store(StoredBecause::Behind)),
            (Some(fence(FenceMode::Serving)), false, Place::Apply(SEVEN)),
            (
                Some(fence(FenceMode::Serving)),
                true,
                Place::Store(StoredBecause::Behind),
            ),
            (Some(fence(FenceMode::Frozen)), false, not_serving),
            (Some(fence(FenceMode::Importing)), false, not_serving),
            (Some(fence(FenceMode::Tombstone)), true, not_serving),
        ] {
            assert_eq!(place(Standing::Alone, fence.as_ref(), waiting), expected);
        }
    }

    #[test]
    fn in_a_fleet_a_frame_is_applied_only_at_the_epoch_that_config_gave() {
        let store = Place::Store;
        let mine = |epoch, born| Standing::Mine {
            epoch: Epoch::new(epoch),
            born,
        };
        let serving = || Some(fence(FenceMode::Serving));
        let elsewhere = Standing::Elsewhere(PodId::new(2).unwrap());
        for (standing, fence, waiting, expected) in [
            (mine(7, true), serving(), false, Place::Apply(SEVEN)),
            (mine(7, true), serving(), true, store(StoredBecause::Behind)),
            // Config knows it as served: this file is an older one, or an empty one.
            (mine(8, true), serving(), false, store(StoredBecause::NotServing)),
            (mine(6, true), serving(), false, store(StoredBecause::NotServing)),
            (mine(7, true), None, false, store(StoredBecause::NotServing)),
            // Config has to hear first that it is served.
            (mine(7, false), serving(), false, store(StoredBecause::Unborn)),
            (mine(7, false), None, false, store(StoredBecause::Unborn)),
            (
                mine(7, true),
                Some(fence(FenceMode::Frozen)),
                false,
                store(StoredBecause::NotServing),
            ),
            (elsewhere, serving(), false, store(StoredBecause::Elsewhere)),
            (Standing::Unknown, serving(), false, store(StoredBecause::NoOwner)),
            (
                Standing::Troubled,
                serving(),
                false,
                store(StoredBecause::NotServing),
            ),
        ] {
            let placed = place(standing, fence.as_ref(), waiting);
            assert_eq!(placed, expected, "{standing:?} {fence:?}");
        }
    }
}
