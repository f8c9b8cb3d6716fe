//! Moves while Discord sends.

use modbot::client::pod_api::{Custody, Forget};
use modbot::domain::fence::FenceMode;
use modbot::domain::ids::GuildId;
use modbot::domain::move_step::MoveStep;

use super::super::fleet::messages;
use super::{Driver, Move, guild_of, rows_of, started};

/// Everything that the source still has of guilds that were moved away goes, as a clean-up would.
async fn clean_up(driver: &Driver, one: &Move) {
    let held = Custody::Committed;
    let done = driver
        .forget(one, one.src, Forget::GivenAway { held })
        .await
        .unwrap();
    assert_eq!(done.left, 0);
    assert_eq!(done.fence.mode, FenceMode::Tombstone);
    // Again: nothing more to do, and the fence stays.
    let again = driver
        .forget(one, one.src, Forget::GivenAway { held })
        .await
        .unwrap();
    assert_eq!((again.deleted, again.left), (0, 0));
    assert_eq!(again.fence, done.fence);
}

#[tokio::test(flavor = "multi_thread")]
async fn guilds_move_both_ways_under_load_and_nothing_is_lost_or_done_twice() {
    let (fleet, _pods, mut owners) = started(6).await;
    let discord = &fleet.world.discord;
    let driver = Driver::new(&fleet);
    discord.burst(&messages(1), 60);
    fleet.quiet().await;
    let all: Vec<GuildId> = owners.keys().copied().map(guild_of).collect();
    for (seed, guild) in (2..).zip(all) {
        let (src, number) = (owners[&guild.as_i64()], guild.as_i64());
        let one = driver.plan(guild, 1 - src).await;
        assert_eq!(one.src, src);
        driver.prepare(&one).await.unwrap();
        driver.step(&one, MoveStep::Planned, MoveStep::Prepared).await;
        discord.burst(&messages(seed), 30);
        driver.step(&one, MoveStep::Prepared, MoveStep::Frozen).await;
        let frozen = driver.freeze(&one, 1).await.unwrap();
        let stood = rows_of(&fleet, src, guild);
        // Frames that come now are kept by the session's host, whichever pod that is.
        discord.burst(&messages(seed + 100), 30);
        driver.import(&one, 1, &frozen).await.unwrap();
        driver.step(&one, MoveStep::Frozen, MoveStep::Verified).await;
        assert_eq!(
            rows_of(&fleet, src, guild),
            stood,
            "a frozen guild is not written"
        );
        driver.flip(&one).await;
        driver.serve(&one, 1).await.unwrap();
        driver.retire(&one).await.unwrap();
        discord.burst(&messages(seed + 200), 30);
        clean_up(&driver, &one).await;
        owners.insert(number, one.dst);
    }
    fleet.quiet().await;
    fleet.assert_exact(&owners);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flip_takes_effect_at_both_pods_when_no_driver_lives_to_tell_them() {
    let (fleet, _pods, mut owners) = started(4).await;
    let discord = &fleet.world.discord;
    let driver = Driver::new(&fleet);
    discord.burst(&messages(1), 40);
    fleet.quiet().await;
    let all: Vec<GuildId> = owners.keys().copied().map(guild_of).collect();
    for (seed, guild) in (2..).zip(all) {
        let one = driver.plan(guild, 1 - owners[&guild.as_i64()]).await;
        driver.to_verified(&one).await;
        discord.burst(&messages(seed), 20);
        driver.flip(&one).await;
        driver
            .wait_for(&one, FenceMode::Serving, FenceMode::Tombstone)
            .await;
        owners.insert(guild.as_i64(), one.dst);
        clean_up(&driver, &one).await;
    }
    fleet.quiet().await;
    fleet.assert_exact(&owners);
}
