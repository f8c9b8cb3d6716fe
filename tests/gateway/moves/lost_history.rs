//! PostgreSQL goes back in time while pods run: a flip is lost with it, and the pods' fences bring it back.

use modbot::domain::fence::FenceMode;

use super::super::fleet::{Fleet, SHARDS, Shape, messages};
use super::{Driver, guild_of, started_over};
use crate::support::postgres::own_server;
use crate::support::wait;

/// Whether the store hands nothing out now.
async fn recovering(fleet: &Fleet) -> bool {
    fleet.store().stamp().await.is_ok_and(|stamp| stamp.recovering)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flip_that_the_store_has_forgotten_stands_once_every_pod_has_reported_its_fences() {
    let mut server = own_server();
    let shape = Shape {
        pods: 2,
        guilds: 4,
        hold: "1h",
        lease_ttl: "4s",
    };
    let fleet = Fleet::over(server.url("postgres"), shape).await;
    let (fleet, mut pods, mut owners) = started_over(fleet).await;
    let discord = &fleet.world.discord;
    discord.burst(&messages(1), 40);
    fleet.quiet().await;
    let copy = server.save_copy().unwrap();
    wait::until("config to be ready again", || {
        let ready = fleet.configs.iter().all(|config| config.readiness() == Some(200));
        ready.then_some(())
    });

    // What will be lost: a guild has gone to another pod, and has been written there.
    let driver = Driver::new(&fleet);
    let moved = guild_of(*owners.keys().next().unwrap());
    let one = driver.plan(moved, 1 - owners[&moved.as_i64()]).await;
    driver.to_verified(&one).await;
    driver.flip(&one).await;
    driver
        .wait_for(&one, FenceMode::Serving, FenceMode::Tombstone)
        .await;
    owners.insert(moved.as_i64(), one.dst);
    discord.burst(&messages(2), 40);
    fleet.quiet().await;
    let epoch = driver.fence(one.dst, moved).await.unwrap().epoch;

    // The new owner is dead when the store goes back: the store has the guild with its former pod, which is alive.
    pods[one.dst].kill9();
    server.put_back(&copy).unwrap();
    wait::until_async("the store to recover", async || {
        recovering(&fleet).await.then_some(())
    })
    .await;
    pods[one.src].wait_for_line("the fences to be reported", |line| {
        line.contains("config recovers: the fences were reported")
    });
    discord.burst(&messages(3), 40);
    let at_src = driver.fence(one.src, moved).await.unwrap();
    assert_eq!((at_src.mode, at_src.epoch), (FenceMode::Tombstone, epoch));
    assert!(recovering(&fleet).await, "one pod has not reported");

    pods[one.dst] = fleet.pod(one.dst);
    Fleet::attached(&mut pods[one.dst]);
    wait::until_async("the store to have recovered", async || {
        (!recovering(&fleet).await).then_some(())
    })
    .await;
    wait::until_async("the epochs to be raised", async || {
        let fence = driver.fence(one.dst, moved).await?;
        (fence.mode == FenceMode::Serving && fence.epoch.get() > 1_000_000).then_some(())
    })
    .await;
    discord.burst(&messages(4), 40);
    fleet.quiet().await;
    // The rows that were given away are still at the source: nothing was cleaned while the store did not know.
    let source = rusqlite::Connection::open(fleet.file(one.src)).unwrap();
    let kept = "DELETE FROM message_stats WHERE guild_id = ?1";
    assert!(source.execute(kept, [moved.as_i64()]).unwrap() > 0);
    fleet.assert_exact(&owners);
    assert_eq!(fleet.identifies(), SHARDS as usize);
}
