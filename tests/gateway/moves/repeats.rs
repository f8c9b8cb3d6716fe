//! Calls that come twice, late, or from another move: they change nothing.

use modbot::client::pod_api::{Custody, Forget, Frozen, MoveRefusal};
use modbot::domain::digest::GuildDigest;
use modbot::domain::fence::FenceMode;
use modbot::domain::ids::MoveId;
use modbot::domain::move_step::MoveStep;
use uuid::Uuid;

use super::super::fleet::{Fleet, messages};
use super::{Driver, Move, guild_of, refusal, started};

#[tokio::test(flavor = "multi_thread")]
async fn every_call_repeated_or_late_changes_nothing() {
    let (fleet, _pods, mut owners) = started(2).await;
    let driver = Driver::new(&fleet);
    fleet.world.discord.burst(&messages(1), 40);
    fleet.quiet().await;
    let guild = guild_of(*owners.keys().next().unwrap());
    let one = driver.plan(guild, 1 - owners[&guild.as_i64()]).await;
    let foreign = Move {
        id: MoveId::new(Uuid::new_v4()),
        ..one
    };

    first_freeze(&fleet, &driver, &one, &foreign).await;
    let frozen = second_freeze(&fleet, &driver, &one).await;
    after_the_flip(&fleet, &driver, &one, &frozen).await;
    owners.insert(guild.as_i64(), one.dst);
    fleet.quiet().await;
    fleet.assert_exact(&owners);
}

/// To the verified copy, with calls that repeat, and calls of a move that nobody planned.
async fn first_freeze(fleet: &Fleet, driver: &Driver, one: &Move, foreign: &Move) {
    // Before anything: nothing to thaw, hand out or serve.
    assert_eq!(refusal(driver.serve(one, 1).await).code(), "not_flipped");
    let prepared = driver.prepare(one).await.unwrap();
    assert_eq!(driver.prepare(one).await.unwrap().fence, prepared.fence);
    assert_eq!(refusal(driver.prepare(foreign).await).code(), "superseded");
    driver.step(one, MoveStep::Planned, MoveStep::Prepared).await;

    driver.step(one, MoveStep::Prepared, MoveStep::Frozen).await;
    let frozen = driver.freeze(one, 1).await.unwrap();
    fleet.world.discord.burst(&messages(2), 20);
    assert_eq!(driver.freeze(one, 1).await.unwrap(), frozen);
    assert_eq!(refusal(driver.freeze(foreign, 2).await).code(), "other_move");
    assert_eq!(refusal(driver.thaw(foreign, 1).await).code(), "other_move");
    let lied = Frozen {
        digest: GuildDigest::from_bytes([1; 32]),
        ..frozen.clone()
    };
    let MoveRefusal::Differs { kept, .. } = refusal(driver.import(one, 1, &lied).await) else {
        panic!("it differs");
    };
    assert!(std::path::Path::new(&kept).exists(), "{kept}");
    assert_eq!(driver.fence(one.dst, one.guild).await.unwrap().digest, None);
    let MoveRefusal::NoBundle { refused, .. } = refusal(driver.import(one, 7, &frozen).await) else {
        panic!("there is no freeze 7");
    };
    assert_eq!(refused.unwrap().code(), "superseded");
    let imported = driver.import(one, 1, &frozen).await.unwrap();
    assert_eq!(driver.import(one, 1, &frozen).await.unwrap(), imported);
    assert_eq!(
        refusal(driver.import(foreign, 1, &frozen).await).code(),
        "other_move"
    );
}

/// Thawed and frozen anew: what belongs to the first freeze is over.
async fn second_freeze(fleet: &Fleet, driver: &Driver, one: &Move) -> Frozen {
    driver.step(one, MoveStep::Frozen, MoveStep::Prepared).await;
    driver.thaw(one, 1).await.unwrap();
    assert_eq!(refusal(driver.freeze(one, 1).await).code(), "superseded");
    fleet.quiet().await;
    driver.step(one, MoveStep::Prepared, MoveStep::Frozen).await;
    let frozen = driver.freeze(one, 2).await.unwrap();
    assert_eq!(refusal(driver.thaw(one, 1).await).code(), "superseded");
    assert_eq!(
        driver.fence(one.src, one.guild).await.unwrap().mode,
        FenceMode::Frozen
    );
    let imported = driver.import(one, 2, &frozen).await.unwrap();
    assert_eq!(imported.rows, frozen.rows);
    assert_eq!(refusal(driver.import(one, 1, &frozen).await).code(), "superseded");
    for refused in [driver.serve(one, 2).await, driver.retire(one).await] {
        assert_eq!(refusal(refused).code(), "not_flipped");
    }
    driver.step(one, MoveStep::Frozen, MoveStep::Verified).await;
    frozen
}

/// Whatever comes late then finds the guild served there and given away here.
async fn after_the_flip(fleet: &Fleet, driver: &Driver, one: &Move, frozen: &Frozen) {
    driver.flip(one).await;
    assert_eq!(refusal(driver.serve(one, 1).await).code(), "not_verified");
    let served = driver.serve(one, 2).await.unwrap();
    assert_eq!(driver.serve(one, 2).await.unwrap().mode, FenceMode::Serving);
    assert_eq!(served.epoch, one.epoch);
    let retired = driver.retire(one).await.unwrap();
    assert_eq!(driver.retire(one).await.unwrap(), retired);
    fleet.world.discord.burst(&messages(3), 20);
    let held = Custody::Committed;
    for refused in [
        refusal(driver.freeze(one, 2).await),
        refusal(driver.freeze(one, 3).await),
        refusal(driver.prepare(one).await),
        refusal(driver.import(one, 2, frozen).await),
        refusal(driver.forget(one, one.dst, Forget::Import).await),
        refusal(driver.forget(one, one.dst, Forget::GivenAway { held }).await),
        refusal(driver.forget(one, one.src, Forget::Import).await),
    ] {
        assert!(
            matches!(refused.code(), "wrong_mode" | "wrong_epoch" | "other_move"),
            "{refused:?}"
        );
    }
    assert_eq!(refusal(driver.thaw(one, 2).await).code(), "not_flipped");
    let cleaned = driver
        .forget(one, one.src, Forget::GivenAway { held })
        .await
        .unwrap();
    assert_eq!(cleaned.left, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_given_up_leaves_the_guild_where_it_was_and_can_be_tried_again() {
    let (fleet, _pods, mut owners) = started(2).await;
    let discord = &fleet.world.discord;
    let driver = Driver::new(&fleet);
    discord.burst(&messages(1), 40);
    fleet.quiet().await;
    let guild = guild_of(*owners.keys().next().unwrap());
    let one = driver.plan(guild, 1 - owners[&guild.as_i64()]).await;
    driver.to_verified(&one).await;
    discord.burst(&messages(2), 20);
    driver.step(&one, MoveStep::Verified, MoveStep::Aborted).await;
    // Nobody tells the pods: they hear it from the store.
    driver
        .wait_for(&one, FenceMode::Tombstone, FenceMode::Serving)
        .await;
    let gone = driver.forget(&one, one.dst, Forget::Import).await.unwrap();
    assert_eq!(gone.left, 0);
    assert!(gone.deleted > 0, "there were rows");
    let late = refusal(driver.freeze(&one, 1).await);
    assert_eq!(late.code(), "superseded", "a late freeze stops nothing");
    fleet.quiet().await;
    fleet.assert_exact(&owners);

    // A freeze of a move that the store has never heard of stops the guild until the store is asked.
    let foreign = Move {
        id: MoveId::new(Uuid::new_v4()),
        base: one.base + 1,
        ..one
    };
    driver.freeze(&foreign, 1).await.unwrap();
    discord.burst(&messages(3), 20);
    driver
        .wait_for(&one, FenceMode::Tombstone, FenceMode::Serving)
        .await;
    fleet.quiet().await;

    // The next move of the guild begins above every number so far.
    let again = driver.plan(guild, one.dst).await;
    assert_eq!(again.epoch, one.epoch);
    driver.to_verified(&again).await;
    driver.flip(&again).await;
    driver
        .wait_for(&again, FenceMode::Serving, FenceMode::Tombstone)
        .await;
    let held = Custody::Committed;
    driver
        .forget(&again, again.src, Forget::GivenAway { held })
        .await
        .unwrap();
    owners.insert(guild.as_i64(), one.dst);
    fleet.quiet().await;
    fleet.assert_exact(&owners);
}
