//! Pods that die in the middle of a move, and a store that is away.

use modbot::client::pod_api::{Custody, Forget};
use modbot::domain::fence::FenceMode;
use modbot::domain::ids::GuildId;
use modbot::domain::move_step::MoveStep;

use super::super::fleet::{Fleet, messages};
use super::{Driver, Move, guild_of, rows_of, started};
use crate::support::process::Running;

/// Kills a pod as a power switch would, and has its next life attached.
fn restart(fleet: &Fleet, pods: &mut [Running; 2], pod: usize) {
    pods[pod].kill9();
    pods[pod] = fleet.pod(pod);
    Fleet::attached(&mut pods[pod]);
}

async fn clean_up(driver: &Driver, one: &Move) {
    let held = Custody::Committed;
    let done = driver.forget(one, one.src, Forget::GivenAway { held }).await;
    assert_eq!(done.unwrap().left, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_killed_before_the_flip_comes_back_as_it_was_and_the_flip_is_refused() {
    let (fleet, mut pods, mut owners) = started(2).await;
    let discord = &fleet.world.discord;
    let driver = Driver::new(&fleet);
    discord.burst(&messages(1), 40);
    fleet.quiet().await;
    let guild = guild_of(*owners.keys().next().unwrap());
    let src = owners[&guild.as_i64()];
    for (seed, killed) in [(2, src), (3, 1 - src)] {
        let one = driver.plan(guild, 1 - src).await;
        let frozen = driver.to_verified(&one).await;
        discord.burst(&messages(seed), 20);
        restart(&fleet, &mut pods, killed);
        let at_src = driver.fence(src, guild).await.unwrap();
        assert_eq!((at_src.mode, at_src.freeze_no), (FenceMode::Frozen, one.base + 1));
        assert_eq!(at_src.progress, frozen.cut, "it has not been written since");
        let at_dst = driver.fence(one.dst, guild).await.unwrap();
        assert_eq!(
            (at_dst.mode, at_dst.digest),
            (FenceMode::Importing, Some(frozen.digest))
        );
        // The file that came back may be an older one: only its former life was asked.
        let flipped = driver.store.flip_move(one.id.uuid(), &Driver::by()).await;
        let error = flipped.expect_err("a pod of the move has another life now");
        assert!(error.to_string().contains("incarnation"), "{error}");
        driver.step(&one, MoveStep::Verified, MoveStep::Aborted).await;
        driver
            .wait_for(&one, FenceMode::Tombstone, FenceMode::Serving)
            .await;
        driver.forget(&one, one.dst, Forget::Import).await.unwrap();
        fleet.quiet().await;
        fleet.assert_exact(&owners);
    }
    let one = driver.plan(guild, 1 - src).await;
    driver.to_verified(&one).await;
    driver.flip(&one).await;
    driver
        .wait_for(&one, FenceMode::Serving, FenceMode::Tombstone)
        .await;
    clean_up(&driver, &one).await;
    owners.insert(guild.as_i64(), one.dst);
    fleet.quiet().await;
    fleet.assert_exact(&owners);
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_killed_at_the_flip_serve_and_give_away_when_they_are_back() {
    let (fleet, mut pods, mut owners) = started(2).await;
    let discord = &fleet.world.discord;
    let driver = Driver::new(&fleet);
    discord.burst(&messages(1), 40);
    fleet.quiet().await;
    let all: Vec<GuildId> = owners.keys().copied().map(guild_of).collect();
    for (seed, guild) in (2..).zip(all) {
        let one = driver.plan(guild, 1 - owners[&guild.as_i64()]).await;
        driver.to_verified(&one).await;
        pods.iter_mut().for_each(Running::kill9);
        discord.burst(&messages(seed), 20);
        driver.flip(&one).await;
        for (pod, running) in pods.iter_mut().enumerate() {
            *running = fleet.pod(pod);
            Fleet::attached(running);
        }
        driver
            .wait_for(&one, FenceMode::Serving, FenceMode::Tombstone)
            .await;
        owners.insert(guild.as_i64(), one.dst);
        clean_up(&driver, &one).await;
        fleet.quiet().await;
        fleet.assert_exact(&owners);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guild_that_is_frozen_while_the_store_is_away_stays_so_and_the_others_go_on() {
    let (mut fleet, mut pods, owners) = started(4).await;
    let driver = Driver::new(&fleet);
    fleet.world.discord.burst(&messages(1), 40);
    fleet.quiet().await;
    let guild = guild_of(*owners.keys().next().unwrap());
    let src = owners[&guild.as_i64()];
    let one = driver.plan(guild, 1 - src).await;
    driver.prepare(&one).await.unwrap();
    driver.step(&one, MoveStep::Planned, MoveStep::Prepared).await;
    driver.step(&one, MoveStep::Prepared, MoveStep::Frozen).await;
    driver.freeze(&one, 1).await.unwrap();
    let stood = rows_of(&fleet, src, guild);
    fleet.configs.clear();
    pods[src].wait_for_line("config to be missed", |line| line.contains("config is silent"));
    driver.step(&one, MoveStep::Frozen, MoveStep::Aborted).await;
    fleet.world.discord.burst(&messages(2), 40);
    fleet.world.discord.quiet(super::super::PATIENCE).await.unwrap();
    let other = |pod| {
        owners
            .iter()
            .find(|(id, owner)| **owner == pod && **id != guild.as_i64())
    };
    let moving = guild_of(*other(src).unwrap().0);
    let before = rows_of(&fleet, src, moving);
    fleet.world.discord.burst(&messages(3), 40);
    crate::support::wait::until("the other guilds to go on", || {
        (rows_of(&fleet, src, moving) > before).then_some(())
    });
    let fence = driver.fence(src, guild).await.unwrap();
    assert_eq!(fence.mode, FenceMode::Frozen, "no clock decides");
    assert_eq!(rows_of(&fleet, src, guild), stood);
    fleet.start_configs();
    driver
        .wait_for(&one, FenceMode::Tombstone, FenceMode::Serving)
        .await;
    driver.forget(&one, one.dst, Forget::Import).await.unwrap();
    fleet.quiet().await;
    fleet.assert_exact(&owners);
}
