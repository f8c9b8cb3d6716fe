//! The order of fence changes, by example and by random histories with repeated and delayed commands.

use proptest::prelude::*;

use super::*;
use crate::domain::digest::GuildDigest;
use crate::domain::ids::{Epoch, MoveId};

fn move_id(number: u8) -> MoveId {
    MoveId::new(uuid::Uuid::from_u128(u128::from(number)))
}

fn digest(number: u8) -> GuildDigest {
    GuildDigest::from_bytes([number; 32])
}

fn e(number: u64) -> Epoch {
    Epoch::new(number)
}

/// Applies commands one after another to a fence that every one of them must change.
fn after(commands: &[FenceChange]) -> Option<FenceState> {
    let mut fence = None;
    for command in commands {
        match change(fence.as_ref(), command) {
            Ok(Outcome::Becomes(next)) => fence = Some(next),
            other => panic!("{command:?} on {fence:?}: {other:?}"),
        }
    }
    fence
}

fn freeze(freeze_no: u64) -> FenceChange {
    FenceChange::Freeze {
        epoch: e(5),
        move_id: move_id(1),
        freeze_no,
    }
}

fn thaw(freeze_no: u64) -> FenceChange {
    FenceChange::Thaw {
        epoch: e(5),
        move_id: move_id(1),
        freeze_no,
    }
}

fn import(freeze_no: u64) -> FenceChange {
    FenceChange::Import {
        epoch: e(6),
        move_id: move_id(1),
        freeze_no,
    }
}

fn verify(freeze_no: u64, with: u8) -> FenceChange {
    FenceChange::Verify {
        epoch: e(6),
        move_id: move_id(1),
        freeze_no,
        digest: digest(with),
    }
}

fn start(freeze_no: u64, with: u8) -> FenceChange {
    FenceChange::Start {
        epoch: e(6),
        move_id: move_id(1),
        freeze_no,
        digest: digest(with),
    }
}

const BORN: FenceChange = FenceChange::Born { epoch: Epoch::new(5) };

#[test]
fn a_freeze_that_comes_late_does_not_stop_the_guild_again() {
    let fence = after(&[BORN, freeze(1), thaw(1)]);
    assert_eq!(
        change(fence.as_ref(), &freeze(1)),
        Err(FenceRefusal::StaleCommand { asked: 1, fence: 1 })
    );
    let fence = after(&[BORN, freeze(1), thaw(1), freeze(2)]);
    // Nor does a thaw of the first freeze end the second.
    assert_eq!(
        change(fence.as_ref(), &thaw(1)),
        Err(FenceRefusal::StaleCommand { asked: 1, fence: 2 })
    );
    assert_eq!(change(fence.as_ref(), &freeze(2)), Ok(Outcome::Unchanged));
}

#[test]
fn a_thaw_that_overtakes_its_freeze_leaves_nothing_for_it_to_do() {
    let fence = after(&[BORN, thaw(1)]);
    assert_eq!(fence.as_ref().unwrap().mode, FenceMode::Serving);
    assert_eq!(change(fence.as_ref(), &thaw(1)), Ok(Outcome::Unchanged));
    assert_eq!(
        change(fence.as_ref(), &freeze(1)),
        Err(FenceRefusal::StaleCommand { asked: 1, fence: 1 })
    );
    assert!(matches!(
        change(fence.as_ref(), &freeze(2)),
        Ok(Outcome::Becomes(_))
    ));
    // A later freeze than the fence has is not thawed by its number: it is another one.
    let fence = after(&[BORN, freeze(1)]);
    assert_eq!(
        change(fence.as_ref(), &thaw(2)),
        Err(FenceRefusal::StaleCommand { asked: 2, fence: 1 })
    );
}

#[test]
fn only_what_was_verified_is_started() {
    let fence = after(&[import(0), verify(2, 7)]);
    assert_eq!(
        change(fence.as_ref(), &start(2, 8)),
        Err(FenceRefusal::NotVerified)
    );
    assert_eq!(
        change(fence.as_ref(), &start(1, 7)),
        Err(FenceRefusal::NotVerified)
    );
    assert_eq!(
        change(fence.as_ref(), &verify(2, 8)),
        Err(FenceRefusal::NotVerified)
    );
    assert_eq!(
        change(fence.as_ref(), &verify(1, 7)),
        Err(FenceRefusal::StaleCommand { asked: 1, fence: 2 })
    );
    // A thaw at the source and another freeze: the rows are verified anew.
    let again = after(&[import(0), verify(2, 7), verify(3, 8), start(3, 8)]).unwrap();
    assert_eq!((again.mode, again.freeze_no), (FenceMode::Serving, 3));
    assert_eq!(change(Some(&again), &start(3, 8)), Ok(Outcome::Unchanged));
    assert!(change(Some(&again), &verify(3, 8)).is_err());
    assert!(
        change(
            Some(&again),
            &FenceChange::AbortImport {
                epoch: e(6),
                move_id: move_id(1)
            }
        )
        .is_err()
    );
}

#[test]
fn an_import_never_begins_over_rows_that_may_be_the_newest() {
    let fence = after(&[BORN]);
    assert_eq!(
        change(fence.as_ref(), &import(0)),
        Err(FenceRefusal::Mode {
            mode: FenceMode::Serving
        })
    );
    let frozen = after(&[BORN, freeze(1)]);
    assert_eq!(
        change(frozen.as_ref(), &import(9)),
        Err(FenceRefusal::Mode {
            mode: FenceMode::Frozen
        })
    );
    let gone = after(&[BORN, freeze(1), FenceChange::GivenAway { epoch: e(6) }]);
    assert!(
        change(gone.as_ref(), &import(0)).is_err(),
        "the same epoch is another pod's"
    );
    let back = FenceChange::Import {
        epoch: e(7),
        move_id: move_id(2),
        freeze_no: 0,
    };
    assert!(matches!(change(gone.as_ref(), &back), Ok(Outcome::Becomes(_))));
}

#[test]
fn an_import_given_up_can_begin_again_under_a_higher_number() {
    let abort = FenceChange::AbortImport {
        epoch: e(6),
        move_id: move_id(1),
    };
    let fence = after(&[import(0), abort.clone()]);
    assert_eq!(fence.as_ref().unwrap().mode, FenceMode::Tombstone);
    assert_eq!(change(fence.as_ref(), &abort), Ok(Outcome::Unchanged));
    assert_eq!(
        change(fence.as_ref(), &import(0)),
        Err(FenceRefusal::StaleCommand { asked: 0, fence: 0 })
    );
    assert!(matches!(
        change(fence.as_ref(), &import(1)),
        Ok(Outcome::Becomes(_))
    ));
}

#[test]
fn a_guild_is_born_once() {
    assert_eq!(change(after(&[BORN]).as_ref(), &BORN), Ok(Outcome::Unchanged));
    let frozen = after(&[BORN, freeze(1)]);
    assert!(matches!(
        change(frozen.as_ref(), &BORN),
        Err(FenceRefusal::BornBefore { .. })
    ));
    let later = FenceChange::Born { epoch: e(9) };
    assert!(matches!(
        change(after(&[BORN]).as_ref(), &later),
        Err(FenceRefusal::BornBefore { .. })
    ));
    assert_eq!(change(None, &freeze(1)), Err(FenceRefusal::NoFence));
}

#[test]
fn each_mode_allows_its_own_writes() {
    let serving = after(&[BORN]).unwrap();
    let frozen = after(&[BORN, freeze(1)]).unwrap();
    let importing = after(&[import(0)]).unwrap();
    let gone = after(&[BORN, FenceChange::GivenAway { epoch: e(6) }]).unwrap();
    let accesses = [
        Access::Serve { epoch: e(5) },
        Access::Import {
            epoch: e(6),
            move_id: move_id(1),
        },
        Access::Clean { epoch: e(6) },
        Access::Settle,
    ];
    let allowed = |fence: &FenceState| accesses.map(|access| fence.allows(access).is_ok());
    assert_eq!(allowed(&serving), [true, false, false, true]);
    assert_eq!(allowed(&frozen), [false, false, false, true]);
    assert_eq!(allowed(&importing), [false, true, false, true]);
    assert_eq!(allowed(&gone), [false, false, true, true]);

    let stale = Access::Serve { epoch: e(4) };
    assert_eq!(
        serving.allows(stale),
        Err(FenceRefusal::StaleEpoch {
            asked: e(4),
            fence: e(5)
        })
    );
    let ahead = Access::Serve { epoch: e(6) };
    assert_eq!(
        serving.allows(ahead),
        Err(FenceRefusal::Behind {
            asked: e(6),
            fence: e(5)
        })
    );
    let other = Access::Import {
        epoch: e(6),
        move_id: move_id(2),
    };
    assert_eq!(
        importing.allows(other),
        Err(FenceRefusal::OtherMove {
            holder: Some(move_id(1))
        })
    );
    assert!(
        gone.allows(Access::Clean { epoch: e(5) }).is_err(),
        "another stay's tombstone"
    );
}

#[test]
fn a_recovery_raises_the_owner_and_nobody_else() {
    let raise = FenceChange::Raise {
        from: e(5),
        to: e(1_000_005),
    };
    let fence = after(&[BORN, raise.clone()]);
    assert_eq!(change(fence.as_ref(), &raise), Ok(Outcome::Unchanged));
    let gone = after(&[BORN, FenceChange::GivenAway { epoch: e(6) }]);
    assert!(change(gone.as_ref(), &raise).is_err());
    let raise_it = FenceChange::Raise { from: e(6), to: e(7) };
    for (fence, mode) in [
        (gone, FenceMode::Tombstone),
        (after(&[import(0)]), FenceMode::Importing),
    ] {
        assert_eq!(
            change(fence.as_ref(), &raise_it),
            Err(FenceRefusal::Mode { mode }),
            "at its very epoch"
        );
    }
    let older = after(&[FenceChange::Born { epoch: e(4) }]);
    assert_eq!(
        change(older.as_ref(), &raise),
        Err(FenceRefusal::Behind {
            asked: e(5),
            fence: e(4)
        })
    );
    let down = FenceChange::Raise { from: e(5), to: e(4) };
    assert_eq!(
        change(after(&[BORN]).as_ref(), &down),
        Err(FenceRefusal::StaleEpoch {
            asked: e(4),
            fence: e(5)
        })
    );
}

fn any_command() -> impl Strategy<Value = FenceChange> {
    let numbers = (1u64..4, 1u8..3, 0u64..4, 0u8..2);
    (0u8..9, numbers).prop_map(|(kind, (epoch, id, freeze_no, with))| {
        let (epoch, move_id, digest) = (e(epoch), move_id(id), digest(with));
        match kind {
            0 => FenceChange::Born { epoch },
            1 => FenceChange::Import {
                epoch,
                move_id,
                freeze_no,
            },
            2 => FenceChange::Freeze {
                epoch,
                move_id,
                freeze_no,
            },
            3 => FenceChange::Thaw {
                epoch,
                move_id,
                freeze_no,
            },
            4 => FenceChange::Verify {
                epoch,
                move_id,
                freeze_no,
                digest,
            },
            5 => FenceChange::Start {
                epoch,
                move_id,
                freeze_no,
                digest,
            },
            6 => FenceChange::GivenAway { epoch },
            7 => FenceChange::AbortImport { epoch, move_id },
            _ => FenceChange::Raise {
                from: epoch,
                to: e(freeze_no),
            },
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever arrives in whatever order and however often: a fence only climbs, so no state is entered twice.
    #[test]
    fn a_fence_only_climbs(commands in prop::collection::vec(any_command(), 1..60)) {
        let mut fence: Option<FenceState> = None;
        for command in &commands {
            if let Ok(Outcome::Becomes(next)) = change(fence.as_ref(), command) {
                prop_assert!(fence.as_ref().is_none_or(|now| now.order() < next.order()), "{fence:?} {command:?}");
                prop_assert_eq!(change(Some(&next), command), Ok(Outcome::Unchanged), "repeating {:?}", command);
                fence = Some(next);
            }
        }
    }
}
