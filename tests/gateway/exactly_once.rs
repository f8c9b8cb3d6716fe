//! Each event takes effect exactly once, whenever the process is killed.

use modbot::simulator::{Ledger, Load, Mix};

use super::World;
use crate::support::wait;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_messages_are_a_hundred_rows_through_kill_and_resume() {
    let world = World::start(3, 2).await;
    let mut pod = world.pod();
    world.live().await;
    let messages = |seed| Load {
        seed,
        mix: Mix::MESSAGES,
        ..Load::default()
    };
    world.discord.burst(&messages(1), 50);
    // Killed with frames on the wire, in memory and in the file.
    pod.kill9();
    world.discord.burst(&messages(2), 50);
    let mut pod = world.pod();
    world.quiet().await;
    assert_eq!(world.stats().len(), 100);
    assert_eq!(world.stats(), world.expected_stats());
    let (identifies, resumes) = world
        .discord
        .with_ledger(|ledger| (ledger.identifies(), ledger.resumes()));
    assert_eq!((identifies, resumes), (2, 2), "the second start resumed");
    assert_eq!(world.number("SELECT count(*) FROM gap"), 0);

    // SIGTERM: out in order, and nothing is missed meanwhile.
    pod.terminate();
    assert_eq!(pod.wait_exit().code(), Some(0), "{}", pod.stdout());
    world.discord.burst(&messages(3), 20);
    let _pod = world.pod();
    world.quiet().await;
    assert_eq!(world.stats(), world.expected_stats());
    assert_eq!(world.discord.with_ledger(Ledger::identifies), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn under_load_every_kill_is_survived_with_every_effect_once() {
    let world = World::start(6, 4).await;
    let mut pod = world.pod();
    world.live().await;
    let load = world.discord.load(Load {
        acts_per_s: 400.0,
        mix: Mix {
            edits: 60,
            deletes: 60,
            reactions: 200,
            timeouts: 20,
            bans: 0,
            ..Mix::default()
        },
        ..Load::default()
    });
    for kill in 1..=8 {
        let before: i64 = world.number("SELECT coalesce(sum(seq), 0) FROM discord_session");
        wait::until_async("the pod to go on", async || {
            (world.number("SELECT coalesce(sum(seq), 0) FROM discord_session") > before + 20 * kill)
                .then_some(())
        })
        .await;
        pod.kill9();
        pod = world.pod();
    }
    load.stop().await;
    world.quiet().await;
    assert_eq!(world.stats(), world.expected_stats());
    let actions = |ledger: &modbot::simulator::Ledger| {
        let entries = ledger.named("GUILD_AUDIT_LOG_ENTRY_CREATE");
        entries
            .map(|event| super::number_of(event.subject.unwrap()))
            .collect::<Vec<_>>()
    };
    let told = world.discord.with_ledger(actions);
    let kept = world.rows("SELECT CAST(id AS INTEGER), 0 FROM mod_actions");
    assert!(
        !kept.is_empty() && kept.iter().all(|(id, _)| told.contains(id)),
        "{} of {}",
        kept.len(),
        told.len()
    );
    assert_eq!(
        world.discord.with_ledger(Ledger::identifies),
        4,
        "all else was resumed"
    );
    assert_eq!(world.number("SELECT count(*) FROM gap"), 0);
    assert_eq!(world.number("SELECT count(*) FROM dead_frame"), 0);
}
