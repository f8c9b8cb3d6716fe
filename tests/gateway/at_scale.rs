//! One pod with a thousand guilds on 64 Discord shards, killed and robbed of power at moments drawn from a seed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use modbot::simulator::ledger::Outcome;
use modbot::simulator::{Ledger, Load, LoadRun, Mix};

use super::World;
use crate::support::process::Running;
use crate::support::shim;

const GUILDS: usize = 1000;
const SHARDS: u32 = 64;
/// As far apart as Discord wants them.
const HEARTBEATS: Duration = Duration::from_secs(41);
const KILLS: usize = 50;
const POWER_LOSSES: usize = 6;

fn load(world: &World) -> LoadRun {
    world.discord.load(Load {
        seed: 64,
        acts_per_s: 300.0,
        // Every guild alike: each Discord shard has something under way at each moment.
        skew: 0.0,
        mix: Mix {
            messages: 800,
            edits: 50,
            deletes: 60,
            reactions: 250,
            timeouts: 30,
            ..Mix::MESSAGES
        },
        ..Load::default()
    })
}

/// From before the process has opened its file to well after its sessions are live again.
fn moment(random: &mut fastrand::Rng) -> Duration {
    Duration::from_millis(random.u64(0..900))
}

fn cursors(world: &World) -> i64 {
    world.number("SELECT coalesce(sum(seq), 0) FROM discord_session")
}

fn mod_actions(world: &World) -> (BTreeSet<i64>, BTreeSet<i64>) {
    let told = world.discord.with_ledger(|ledger| {
        let entries = ledger.named("GUILD_AUDIT_LOG_ENTRY_CREATE");
        entries
            .map(|event| super::number_of(event.subject.unwrap()))
            .collect()
    });
    let kept = world.rows("SELECT CAST(id AS INTEGER), 0 FROM mod_actions");
    (kept.into_iter().map(|(id, _)| id).collect(), told)
}

async fn assert_exact(world: &World) {
    world.quiet().await;
    let (kept, expected) = (world.stats(), world.expected_stats());
    assert!(kept.len() > 500, "{} messages", kept.len());
    assert_eq!(kept, expected);
    let (kept, told) = mod_actions(world);
    assert!(!kept.is_empty());
    assert_eq!(kept, told);
    assert_eq!(
        world.number("SELECT count(*) FROM guilds"),
        i64::try_from(GUILDS).unwrap()
    );
    for (what, sql) in [
        ("gaps", "SELECT count(*) FROM gap"),
        ("dead frames", "SELECT count(*) FROM dead_frame"),
        ("frames that wait", "SELECT count(*) FROM forward"),
    ] {
        assert_eq!(world.number(sql), 0, "{what}");
    }
    let identifies = world.discord.with_ledger(Ledger::identifies);
    let ended = world.discord.with_ledger(|ledger| {
        let ended = ledger.sessions.iter().filter(|one| one.ended.is_some());
        let ended: Vec<_> = ended.map(|one| (one.shard, one.ended)).collect();
        let refused = |outcome| !matches!(outcome, Outcome::Identified | Outcome::Resumed { .. });
        let refused = ledger.attempts.iter().filter(|one| refused(one.outcome));
        (ended, refused.cloned().collect::<Vec<_>>())
    });
    assert_eq!(identifies, SHARDS as usize, "all else was resumed: {ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_kills_at_random_moments_lose_nothing_and_double_nothing() {
    let world = World::with_heartbeats(GUILDS, SHARDS, HEARTBEATS).await;
    let mut pod = world.pod();
    world.live().await;
    let traffic = load(&world);
    let mut random = fastrand::Rng::with_seed(50);
    let mut lives_that_wrote = 0;
    for _ in 0..KILLS {
        let before = cursors(&world);
        tokio::time::sleep(moment(&mut random)).await;
        pod.kill9();
        lives_that_wrote += usize::from(cursors(&world) > before);
        pod = world.pod();
    }
    traffic.stop().await;
    assert_exact(&world).await;
    assert!(
        (5..KILLS).contains(&lives_that_wrote),
        "the moments were no mixture: {lives_that_wrote} of {KILLS} lives wrote something"
    );
}

/// Copies the files of a directory, as far as they are files.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// The pod, with everything that it has synced copied to `disk`.
fn pod_on_a_disk(world: &World, shim: &Path, disk: &Path) -> Running {
    let mut command: Command = world.command();
    command.env("LD_PRELOAD", shim).env("SYNC_SHIM_KEEP", disk);
    Running::start(&mut command)
}

#[tokio::test(flavor = "multi_thread")]
async fn losing_power_at_random_moments_loses_nothing_and_doubles_nothing() {
    let world = World::with_heartbeats(GUILDS, SHARDS, HEARTBEATS).await;
    let Some(shim) = shim::compiled(shim::SYNC, world.dir.path()) else {
        return;
    };
    let here: PathBuf = world.file().parent().unwrap().to_owned();
    let disk = world.dir.path().join("disk");
    std::fs::create_dir_all(&disk).unwrap();
    // What was there before the first loss: the shim sees a file when it is synced, and none that was renamed.
    let mut pod = world.pod();
    world.live().await;
    pod.terminate();
    assert_eq!(pod.wait_exit().code(), Some(0), "{}", pod.stdout());
    copy(&here, &disk);
    let mut pod = pod_on_a_disk(&world, &shim, &disk);
    let traffic = load(&world);
    let mut random = fastrand::Rng::with_seed(51);
    let mut lost = 0;
    for _ in 0..POWER_LOSSES {
        tokio::time::sleep(moment(&mut random) * 3).await;
        pod.kill9();
        let written = cursors(&world);
        // The machine comes back with what was synced: whatever only the page cache had is gone.
        std::fs::remove_dir_all(&here).unwrap();
        copy(&disk, &here);
        lost += usize::from(cursors(&world) < written);
        pod = pod_on_a_disk(&world, &shim, &disk);
    }
    traffic.stop().await;
    assert_exact(&world).await;
    eprintln!("{lost} of {POWER_LOSSES} losses of power took something that was written");
}
