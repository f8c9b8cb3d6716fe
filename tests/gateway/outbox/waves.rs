//! Spam waves, with the pod killed in between.

use std::collections::BTreeMap;

use modbot::simulator::SpamWave;
use modbot::simulator::ledger::EffectKind;

use super::super::number_of;
use super::{World, settled};
use crate::support::wait;

/// How often Discord did this, by target.
fn by_target(world: &World, kind: EffectKind) -> BTreeMap<i64, usize> {
    world.discord.with_ledger(|ledger| {
        let mut times = BTreeMap::new();
        for effect in ledger
            .effects
            .iter()
            .filter(|effect| effect.kind == kind && !effect.repeated)
        {
            *times.entry(number_of(effect.target.unwrap())).or_default() += 1;
        }
        times
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_decision_of_a_wave_is_carried_out_once_through_kills() {
    let world = World::start(20, 2).await;
    let mut pod = world.pod();
    world.live().await;
    world.quiet().await;
    pod.kill9();
    for guild in world.discord.guilds() {
        let set = format!(
            "UPDATE guilds SET mod_log = {} WHERE guild_id = {}",
            guild.text_channels[3].0, guild.id.0
        );
        rusqlite::Connection::open(world.file())
            .unwrap()
            .execute(&set, [])
            .unwrap();
    }
    let mut pod = world.pod();
    // Each of twenty accounts in two of twenty guilds, two messages in each: the second of them is a high one.
    let wave = SpamWave {
        users: 20,
        guilds: 2,
        messages: 2,
        ..SpamWave::default()
    };
    let posted = world.discord.spam_wave(&wave);
    assert_eq!(posted.len(), 80);
    for kill in 1..=4 {
        let enough = 20 * kill;
        wait::until_async("the pod to act", async || {
            let acts = world.discord.with_ledger(|ledger| ledger.effects.len());
            (acts >= enough).then_some(())
        })
        .await;
        pod.kill9();
        pod = world.pod();
    }
    world.quiet().await;
    settled(&world).await;

    let deleted = by_target(&world, EffectKind::MessageDeleted);
    assert_eq!(deleted.len(), 80, "every spam message is gone");
    assert!(deleted.values().all(|times| *times == 1), "{deleted:?}");
    // One timeout for each account and guild: by account that is two.
    let timed_out = by_target(&world, EffectKind::MemberTimedOut);
    assert_eq!(timed_out.len(), 20);
    assert!(timed_out.values().all(|times| *times == 2), "{timed_out:?}");
    let threads = by_target(&world, EffectKind::ThreadCreated);
    assert_eq!(threads.len(), 40, "a thread for each account and guild");
    assert_eq!(world.number("SELECT count(*) FROM user_threads"), 40);
    assert_eq!(world.number("SELECT count(*) FROM thread_post"), 0);
    // Forty messages that threads begin at, and a report for each spam message.
    let said = by_target(&world, EffectKind::MessageCreated);
    assert_eq!(said.len(), 120);
    let states = "SELECT count(*) FROM outbox WHERE state <> 'done'";
    assert_eq!(world.number(states), 0);
    let logged =
        "SELECT count(*) FROM reported_messages WHERE log_message_id IS NOT NULL AND deleted_at IS NOT NULL";
    assert_eq!(world.number(logged), 80);
    let limited = world.discord.with_ledger(|ledger| {
        let answers = ledger.requests.iter();
        answers.filter(|request| request.status == Some(429)).count()
    });
    // A killed pod forgets what it was told of limits.
    assert!(limited <= 20, "{limited} calls over a limit");
}
