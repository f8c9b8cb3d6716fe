//! After the flip the target's file turns out to be an older one: the source's rows are still there, and feed it again.

use std::path::Path;

use modbot::client::pod_api::{Custody, Forget, MoveRefusal};
use modbot::domain::fence::FenceMode;
use modbot::domain::ids::GuildId;

use super::super::fleet::{Fleet, messages};
use super::{Driver, Move, guild_of, refusal, rows_of, started};
use crate::support::process::Running;

/// A pod's file as it is now, put away; the pod is down meanwhile.
fn put_away(fleet: &Fleet, pods: &mut [Running; 2], pod: usize, at: &Path) {
    pods[pod].kill9();
    copy(fleet.file(pod).parent().unwrap(), at);
    back(fleet, pods, pod);
}

/// The same while the pod goes on: a new life of it would end its move.
fn put_away_running(fleet: &Fleet, pod: usize, at: &Path) {
    std::fs::create_dir_all(at).unwrap();
    let from = rusqlite::Connection::open(fleet.file(pod)).unwrap();
    let to = at.join("shard.db");
    from.execute("VACUUM INTO ?1", [to.to_str().unwrap()]).unwrap();
}

/// The pod dies, and starts again with a file that was put away.
fn put_back(fleet: &Fleet, pods: &mut [Running; 2], pod: usize, at: &Path) {
    pods[pod].kill9();
    let here = fleet.file(pod);
    std::fs::remove_dir_all(here.parent().unwrap()).unwrap();
    copy(at, here.parent().unwrap());
    back(fleet, pods, pod);
}

fn back(fleet: &Fleet, pods: &mut [Running; 2], pod: usize) {
    pods[pod] = fleet.pod(pod);
    Fleet::attached(&mut pods[pod]);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_lost_its_import_after_the_flip_is_fed_again_from_the_source() {
    let (fleet, mut pods, mut owners) = started(2).await;
    let discord = &fleet.world.discord;
    let driver = Driver::new(&fleet);
    discord.burst(&messages(1), 40);
    fleet.quiet().await;
    let older = tempfile::tempdir().unwrap();
    let all: Vec<GuildId> = owners.keys().copied().map(guild_of).collect();
    // Once the file knows nothing of the move, once it says `importing` without the rows.
    for (seed, (guild, prepared)) in (2..).zip(all.into_iter().zip([false, true])) {
        let src = owners[&guild.as_i64()];
        let dst = 1 - src;
        let before = older.path().join(format!("{seed}"));
        if !prepared {
            put_away(&fleet, &mut pods, dst, &before);
        }
        let one = driver.plan(guild, dst).await;
        driver.prepare(&one).await.unwrap();
        if prepared {
            put_away_running(&fleet, dst, &before);
        }
        let frozen = driver.to_verified(&one).await;
        // What comes now waits for the new owner, at the host.
        discord.burst(&messages(seed), 20);
        pods[dst].kill9();
        driver.flip(&one).await;
        put_back(&fleet, &mut pods, dst, &before);
        let fence = driver.fence(dst, guild).await;
        assert_eq!(
            fence.map(|fence| fence.mode),
            prepared.then_some(FenceMode::Importing)
        );
        let lost = driver.serve(&one, 1).await;
        let expected = if prepared { "not_verified" } else { "not_here" };
        assert_eq!(refusal(lost).code(), expected);
        assert_eq!(rows_of(&fleet, dst, guild), 0);
        // The source has heard of the flip, and gives its rows all the same.
        driver.retire(&one).await.unwrap();
        if !prepared {
            driver.prepare(&one).await.unwrap();
        }
        let again = driver.import(&one, 1, &frozen).await.unwrap();
        assert_eq!(
            (again.rows, again.fence.digest),
            (frozen.rows, Some(frozen.digest))
        );
        assert_eq!(again.fence.progress, frozen.cut);
        driver
            .wait_for(&one, FenceMode::Serving, FenceMode::Tombstone)
            .await;
        owners.insert(guild.as_i64(), dst);
        never_after_clean_up(&fleet, &driver, &one).await;
        fleet.quiet().await;
        fleet.assert_exact(&owners);
    }
}

/// Once one row may be gone nothing is handed out any more.
async fn never_after_clean_up(fleet: &Fleet, driver: &Driver, one: &Move) {
    let url = &driver.urls[one.src];
    let bundle = driver.api.bundle(url, one.guild, one.id, one.base + 1).await;
    assert!(bundle.unwrap().content_length().unwrap() > 0, "still in custody");
    let held = Custody::Committed;
    let abort = driver.forget(one, one.src, Forget::Import).await;
    assert!(
        matches!(refusal(abort), MoveRefusal::WrongMode { .. }),
        "it was no import here"
    );
    driver
        .forget(one, one.src, Forget::GivenAway { held })
        .await
        .unwrap();
    assert_eq!(rows_of(fleet, one.src, one.guild), 0);
    let bundle = driver.api.bundle(url, one.guild, one.id, one.base + 1).await;
    let refused = bundle.map(|_| ()).map_err(|error| error.refusal().cloned());
    assert!(
        matches!(refused, Err(Some(MoveRefusal::WrongMode { .. }))),
        "{refused:?}"
    );
}
