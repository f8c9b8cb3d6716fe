//! Discord refuses, forgets and falls silent: what it costs, what is missing afterwards, and that the file says so.

use std::collections::BTreeSet;
use std::time::Duration;

use modbot::simulator::ledger::{Attempt, Outcome, SessionRecord};
use modbot::simulator::{Fault, Ledger, Target};

use super::{PATIENCE, World, number_of};
use crate::gateway::fleet::messages;
use crate::support::process::Running;
use crate::support::wait;

/// Every IDENTIFY that was sent, whatever it got.
fn identifies_sent(ledger: &Ledger) -> usize {
    let resume = |attempt: &&Attempt| {
        matches!(
            attempt.outcome,
            Outcome::Resumed { .. } | Outcome::UnknownSession | Outcome::SeqTooOld(_)
        )
    };
    ledger.attempts.iter().filter(|attempt| !resume(attempt)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_op_9_never_costs_more_identifies_than_there_are_tickets() {
    const TICKETS: usize = 30;
    let world = World::start(8, 8).await;
    let remaining = 50 + u32::try_from(TICKETS).unwrap();
    world.discord.fault(Fault::IdentifyBudget { remaining });
    let mut pod = world.pod();
    world.live().await;
    // Every session is ended again and again, and some of the new ones are refused too, until no ticket is left.
    let dark = |pod: &Running| pod.stdout().matches("identify budget is spent").count();
    for round in 0.. {
        if dark(&pod) > 0 {
            break;
        }
        let before = world.discord.with_ledger(identifies_sent);
        world.discord.fault(Fault::RefuseIdentifies {
            times: 4,
            resumable: round % 2 == 0,
        });
        world.discord.fault(Fault::InvalidSession {
            target: Target::All,
            resumable: false,
        });
        wait::until("another identify, or no ticket", || {
            let sent = world.discord.with_ledger(identifies_sent);
            (sent > before || dark(&pod) > 0).then_some(())
        });
    }
    let line = pod.wait_for_line("a session without a ticket", |line| {
        line.contains("identify budget is spent")
    });
    assert!(line.contains("50 left, 50 of them in reserve"), "{line}");
    // What is left goes too, and each session is told that there is no ticket for it.
    wait::until("every session to be dark", || {
        world.discord.fault(Fault::InvalidSession {
            target: Target::All,
            resumable: false,
        });
        (dark(&pod) >= 8).then_some(())
    });
    pod.terminate();
    assert_eq!(pod.wait_exit().code(), Some(0));
    let (sent, reset) = world
        .discord
        .with_ledger(|ledger| (identifies_sent(ledger), ledger.token_reset));
    // A connection may end between its ticket and its IDENTIFY; the other way round it never is.
    assert!((TICKETS / 2..=TICKETS).contains(&sent), "{sent} of {TICKETS}");
    assert!(!reset);
}

/// The sessions of a Discord shard in the order of their numbers, which count from one.
fn session_of(ledger: &Ledger, shard: i64, session_no: i64) -> &SessionRecord {
    let mut of_shard = ledger.sessions.iter().filter(|one| i64::from(one.shard) == shard);
    of_shard.nth(usize::try_from(session_no - 1).unwrap()).unwrap()
}

/// The messages that lie in the gaps of the file, by the ledger.
fn messages_in_gaps(world: &World) -> BTreeSet<i64> {
    let from = world.rows("SELECT shard_id * 1000000 + from_session_no, from_seq FROM gap ORDER BY gap_id");
    world.discord.with_ledger(|ledger| {
        let mut lost = BTreeSet::new();
        for (place, seq) in from {
            let session = session_of(ledger, place / 1_000_000, place % 1_000_000);
            let beyond = ledger.beyond(&session.session_id, seq.unsigned_abs());
            let messages = beyond.into_iter().filter(|event| event.name == "MESSAGE_CREATE");
            lost.extend(messages.map(|event| number_of(event.subject.unwrap())));
        }
        lost
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_gaps_name_is_what_discord_did_not_replay_and_nothing_else_is_missing() {
    let world = World::start(8, 4).await;
    let mut pod = world.pod();
    world.live().await;
    for round in 0..3 {
        world.discord.burst(&messages(10 * round + 1), 30);
        pod.kill9();
        world.noticed_gone().await;
        world.discord.burst(&messages(10 * round + 2), 30);
        // Some sessions expire, the others are resumed.
        for shard in 0..=u32::try_from(round).unwrap() {
            world.discord.fault(Fault::ForgetSessions {
                target: Target::Shard(shard),
            });
        }
        pod = world.pod();
        world.quiet().await;
        let there: BTreeSet<i64> = world.stats().into_keys().collect();
        let sent: BTreeSet<i64> = world.expected_stats().into_keys().collect();
        let missing: BTreeSet<i64> = sent.difference(&there).copied().collect();
        assert!(!missing.is_empty() && there.is_subset(&sent));
        // Between the end of a session and the READY of the next one Discord tells nobody anything.
        let unheard: BTreeSet<i64> = world.discord.with_ledger(|ledger| {
            let messages = ledger.unheard().filter(|event| event.name == "MESSAGE_CREATE");
            messages.map(|event| number_of(event.subject.unwrap())).collect()
        });
        let mut named = messages_in_gaps(&world);
        named.extend(unheard);
        let gaps = world.rows("SELECT from_session_no * 1000000 + from_seq, shard_id FROM gap");
        assert_eq!(missing, named, "round {round}: {gaps:?}");
    }
    assert_eq!(world.number("SELECT count(*) FROM gap"), 1 + 2 + 3);
    assert_eq!(world.discord.with_ledger(Ledger::identifies), 4 + 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_whose_heartbeats_are_not_answered_is_given_up_and_resumed() {
    let world = World::with_heartbeats(4, 2, Duration::from_millis(700)).await;
    let _pod = world.pod();
    world.live().await;
    world.discord.burst(&messages(1), 20);
    world.discord.fault(Fault::StallAcks { target: Target::All });
    let resumes = world.discord.with_ledger(Ledger::resumes);
    world
        .discord
        .wait_for("both sessions to be resumed elsewhere", PATIENCE, |ledger| {
            ledger.resumes() >= resumes + 2
        })
        .await
        .unwrap();
    world.discord.burst(&messages(2), 20);
    world.discord.fault(Fault::Clear);
    world.quiet().await;
    assert_eq!(world.stats(), world.expected_stats());
    assert_eq!(world.discord.with_ledger(Ledger::identifies), 2);
    assert_eq!(world.number("SELECT count(*) FROM gap"), 0);
}
