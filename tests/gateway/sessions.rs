//! What Discord does to sessions, and what the pod makes of it.

use std::time::Duration;

use modbot::simulator::{Act, Fault, Ledger, Load, Mix, Target};

use super::{PATIENCE, World};

fn messages(seed: u64) -> Load {
    Load {
        seed,
        mix: Mix::MESSAGES,
        ..Load::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_break_are_resumed_without_a_loss() {
    let world = World::start(4, 2).await;
    let _pod = world.pod();
    world.live().await;
    let all = || Target::All;
    for (seed, fault) in (1..).zip([
        Fault::Drop { target: all() },
        Fault::Reset { target: all() },
        Fault::Reconnect { target: all() },
        Fault::InvalidSession {
            target: all(),
            resumable: true,
        },
        Fault::Close {
            target: all(),
            code: 4000,
        },
        Fault::Close {
            target: all(),
            code: 1006,
        },
    ]) {
        world.discord.burst(&messages(seed), 20);
        let resumes = world.discord.with_ledger(Ledger::resumes);
        world.discord.fault(fault.clone());
        world.discord.burst(&messages(seed + 100), 20);
        world
            .discord
            .wait_for(
                &format!("both sessions to be resumed after {fault:?}"),
                PATIENCE,
                |ledger| ledger.resumes() >= resumes + 2,
            )
            .await
            .unwrap();
        world.quiet().await;
        assert_eq!(world.stats(), world.expected_stats(), "after {fault:?}");
    }
    assert_eq!(world.discord.with_ledger(Ledger::identifies), 2);
    assert_eq!(world.number("SELECT count(*) FROM gap"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_discord_forgot_begins_anew_and_the_gap_says_what_is_missing() {
    let world = World::start(2, 1).await;
    let mut pod = world.pod();
    world.live().await;
    world.discord.burst(&messages(1), 10);
    world.quiet().await;
    pod.kill9();
    world.noticed_gone().await;
    world.discord.burst(&messages(2), 7);
    let left = world.discord.guilds()[0].id;
    world.discord.act(Act::RemoveBot { guild: left }).unwrap();
    let told = world.discord.with_ledger(|ledger| ledger.sessions[0].last_seq());
    world.discord.advance(Duration::from_mins(10));
    let _pod = world.pod();
    world.live().await;
    world.discord.burst(&messages(3), 5);
    world.quiet().await;
    let lost = world.discord.with_ledger(|ledger| {
        let beyond = ledger.beyond(&ledger.sessions[0].session_id, 0).len() as u64;
        (beyond, ledger.identifies())
    });
    assert_eq!(lost, (told, 2));
    // From the last frame in the file to the READY of the second session.
    assert_eq!(
        world.rows("SELECT from_session_no * 1000 + from_seq, to_session_no * 1000 + to_seq FROM gap"),
        [(1000 + i64::try_from(told - 8).unwrap(), 2001)]
    );
    // The second READY does not name the guild that the bot was removed from.
    assert_eq!(
        world.rows("SELECT guild_id, left_at IS NOT NULL FROM guilds WHERE left_at IS NOT NULL"),
        [(super::number_of(left), 1)]
    );
    assert_eq!(
        world.stats().len(),
        15,
        "what Discord did not replay is not there, and nothing else is missing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_bot_stops_with_what_to_do_and_spends_no_identifies() {
    let world = World::start(2, 1).await;
    let mut pod = world.pod();
    world.live().await;
    world.discord.fault(Fault::Close {
        target: Target::All,
        code: 4004,
    });
    let line = pod.wait_for_line("the refusal", |line| line.contains("Discord refuses the session"));
    assert!(
        line.contains("closed with 4004: the bot's token (MODBOT_DISCORD_TOKEN) is not valid"),
        "{line}"
    );
    pod.terminate();
    assert_eq!(pod.wait_exit().code(), Some(0));
    assert_eq!(world.discord.with_ledger(|ledger| ledger.attempts.len()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reserve_of_identifies_is_never_touched() {
    let world = World::start(2, 2).await;
    world.discord.fault(Fault::IdentifyBudget { remaining: 51 });
    let mut pod = world.pod();
    let line = pod.wait_for_line("the session without a ticket", |line| {
        line.contains("identify budget is spent")
    });
    assert!(
        line.contains("50 left, 50 of them in reserve; the session stays dark until then"),
        "{line}"
    );
    world
        .discord
        .wait_for("the other session", PATIENCE, |ledger| ledger.identifies() == 1)
        .await
        .unwrap();
    // A storm of refusals spends what is left and not one more.
    world.discord.fault(Fault::InvalidSession {
        target: Target::All,
        resumable: false,
    });
    world
        .discord
        .wait_for("the session to be gone", PATIENCE, |ledger| {
            ledger.sessions[0].ended.is_some()
        })
        .await
        .unwrap();
    pod.terminate();
    assert_eq!(pod.wait_exit().code(), Some(0));
    let attempts = world
        .discord
        .with_ledger(|ledger| (ledger.attempts.len(), ledger.token_reset));
    assert_eq!(attempts, (1, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_cannot_be_reached_is_tried_until_it_can_and_the_session_is_resumed() {
    let world = World::start(2, 1).await;
    let mut pod = world.pod();
    world.live().await;
    world.discord.fault(Fault::RefuseConnections);
    world.discord.fault(Fault::Drop { target: Target::All });
    pod.wait_for_line("a failed connection", |line| {
        line.contains("the session's connection failed")
    });
    world.discord.burst(&messages(1), 10);
    world.discord.fault(Fault::Clear);
    world.quiet().await;
    assert_eq!(world.stats(), world.expected_stats());
    let counts = world
        .discord
        .with_ledger(|ledger| (ledger.identifies(), ledger.resumes()));
    assert_eq!(counts, (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_written_loses_nothing_and_spends_no_identifies() {
    let world = World::start(2, 1).await;
    let mut pod = world.pod();
    world.quiet().await;
    let other = rusqlite::Connection::open(world.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    world.discord.burst(&messages(1), 1);
    pod.wait_for_line("a write that failed", |line| {
        line.contains("frames could not be written")
    });
    world.discord.burst(&messages(2), 20);
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    world.quiet().await;
    assert_eq!(world.stats(), world.expected_stats());
    let (identifies, resumes) = world
        .discord
        .with_ledger(|ledger| (ledger.identifies(), ledger.resumes()));
    assert!(
        identifies == 1 && resumes >= 1,
        "{identifies} identifies, {resumes} resumes"
    );
}
