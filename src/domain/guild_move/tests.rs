//! The machine, edge by edge.

use uuid::Uuid;

use super::*;
use crate::domain::digest::GuildDigest;
use crate::domain::ids::{Epoch, GuildId, MoveId, PodId};

fn at(stage: Stage, thaws: u32) -> GuildMove {
    let facts = MoveFacts {
        move_id: MoveId::new(Uuid::from_u128(1)),
        guild: GuildId::from_i64(4_194_304).unwrap(),
        src: PodId::new(0).unwrap(),
        dst: PodId::new(1).unwrap(),
        epoch: Epoch::new(6),
    };
    GuildMove::found(facts, stage, thaws, Limits::default())
}

fn cut(number: u8) -> Cut {
    Cut {
        digest: GuildDigest::from_bytes([number; 32]),
        rows: u64::from(number),
    }
}

/// What follows when nothing fails, and what the store then says.
#[test]
fn a_move_goes_from_plan_to_cleaned() {
    let digest = cut(3).digest;
    let mut it = at(Stage::Planned, 0);
    let row = |stage| Event::Row { stage, thaws: 0 };
    let story = [
        (Event::Begin, Command::Write(Write::Prepare)),
        (
            row(Stage::Prepared { no: 7 }),
            Command::Call(Call::Prepare { no: 7 }),
        ),
        (Event::Done(Answer::Prepared), Command::Write(Write::Freeze)),
        (
            row(Stage::Frozen { no: 8 }),
            Command::Call(Call::Freeze { no: 8 }),
        ),
        (
            Event::Done(Answer::Frozen(cut(3))),
            Command::Call(Call::Import { no: 8, digest }),
        ),
        (
            Event::Done(Answer::Imported(cut(3))),
            Command::Write(Write::Verify(cut(3))),
        ),
        (
            row(Stage::Verified { no: 8, digest }),
            Command::Write(Write::Flip),
        ),
        (
            row(Stage::Flipped { no: 8, digest }),
            Command::Call(Call::Serve { no: 8, digest }),
        ),
        (Event::Done(Answer::Serving), Command::Write(Write::Start)),
        (row(Stage::Started { no: 8, digest }), Command::Call(Call::Retire)),
        (Event::Done(Answer::Retired), Command::End(Ended::Served)),
        (Event::CleanDue, Command::Call(Call::Retire)),
        (Event::Done(Answer::Retired), Command::Call(Call::Custody)),
        (Event::Done(Answer::Custody(true)), Command::Call(Call::Forget)),
        (Event::Done(Answer::Forgotten), Command::Write(Write::Clean)),
        (row(Stage::Cleaned), Command::End(Ended::Cleaned)),
    ];
    for (event, expected) in story {
        let (now, commands) = next(&it, event.clone());
        assert_eq!(commands, [expected], "after {event:?} at {:?}", it.stage);
        it = now;
    }
}

#[test]
fn every_step_before_the_flip_can_be_given_up_and_none_after_it() {
    let digest = cut(1).digest;
    let why = || "asked".to_owned();
    for stage in [
        Stage::Planned,
        Stage::Prepared { no: 1 },
        Stage::Frozen { no: 2 },
        Stage::Verified { no: 2, digest },
    ] {
        let (_, commands) = next(&at(stage, 0), Event::AbortAsked { why: why() });
        assert_eq!(
            commands,
            [Command::Write(Write::Abort { why: why() })],
            "{stage:?}"
        );
    }
    for stage in [
        Stage::Flipped { no: 2, digest },
        Stage::Started { no: 2, digest },
        Stage::Cleaned,
    ] {
        let (_, commands) = next(&at(stage, 0), Event::AbortAsked { why: why() });
        assert_eq!(commands, [Command::End(Ended::TooLate)], "{stage:?}");
    }
}

#[test]
fn a_spent_budget_thaws_and_too_many_give_the_move_up() {
    let (it, commands) = next(&at(Stage::Frozen { no: 2 }, 4), Event::BudgetSpent);
    let why = "the pause budget was spent".to_owned();
    assert_eq!(commands, [Command::Write(Write::Thaw { why })]);
    let row = Event::Row {
        stage: Stage::Prepared { no: 2 },
        thaws: 5,
    };
    let (it, commands) = next(&it, row);
    assert_eq!(
        commands,
        [Command::Call(Call::Thaw { no: 2 })],
        "the source first"
    );
    let (_, commands) = next(&it, Event::Done(Answer::Thawed));
    let [Command::Write(Write::Abort { why })] = commands.as_slice() else {
        panic!("{commands:?}")
    };
    assert!(
        why.contains("5 times in vain: the pause budget was spent"),
        "{why}"
    );
}

#[test]
fn rows_that_differ_are_never_flipped() {
    let mut it = at(Stage::Frozen { no: 2 }, 0);
    it.cut = Some(cut(3));
    let (_, commands) = next(&it, Event::Done(Answer::Imported(cut(4))));
    assert!(
        matches!(commands.as_slice(), [Command::Write(Write::Abort { .. })]),
        "{commands:?}"
    );
    // A driver that took over does not know the cut: it asks for it first.
    it.cut = None;
    let (_, commands) = next(&it, Event::Done(Answer::Imported(cut(4))));
    assert_eq!(commands, [Command::Call(Call::Freeze { no: 2 })]);
}

#[test]
fn after_the_flip_a_target_that_lost_the_rows_is_fed_again_for_ever() {
    let digest = cut(1).digest;
    let mut it = at(Stage::Flipped { no: 2, digest }, 0);
    for _ in 0..50 {
        let (now, commands) = next(&it, Event::NotVerified);
        assert_eq!(commands.last(), Some(&Command::Call(Call::Prepare { no: 1 })));
        let (now, commands) = next(&now, Event::Done(Answer::Prepared));
        assert_eq!(commands, [Command::Call(Call::Import { no: 2, digest })]);
        let (now, commands) = next(&now, Event::Silent(Party::Target));
        assert!(matches!(commands.as_slice(), [Command::Wait(_)]), "{commands:?}");
        it = now;
    }
}

#[test]
fn a_store_that_is_silent_is_asked_again_and_never_guessed() {
    for stage in [Stage::Planned, Stage::Frozen { no: 2 }, Stage::Aborted { no: 2 }] {
        let (it, commands) = next(&at(stage, 0), Event::StoreSilent);
        assert!(
            matches!(commands.as_slice(), [Command::Wait(_), Command::Read]),
            "{commands:?}"
        );
        assert_eq!(it.stage, stage);
    }
}
