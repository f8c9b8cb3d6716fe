//! What the machine does to a pod: its disk fills up, its wall clock jumps.

use std::path::{Path, PathBuf};
use std::time::Duration;

use modbot::simulator::{Ledger, Load, Mix};

use super::World;
use crate::gateway::fleet::{Fleet, SHARDS, Shape, messages};
use crate::support::mounted::Mounted;
use crate::support::process::Running;
use crate::support::{shim, wait};

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_and_is_freed_again_loses_nothing() {
    let world = World::start(4, 2).await;
    let Some(small) = Mounted::new(&world.dir.path().join("mounted"), "24m") else {
        return;
    };
    let file = small.path().join("shard.db");
    let mut command = world.command();
    let mut pod = Running::start(command.env("MODBOT_SHARD_DB", &file));
    let world = World { file, ..world };
    world.live().await;
    world.quiet().await;
    // Somebody else's file takes what is left.
    let other = small.fill("other");
    let traffic = world.discord.load(Load {
        acts_per_s: 300.0,
        mix: Mix::MESSAGES,
        ..Load::default()
    });
    let line = pod.wait_for_line("a write that failed", |line| {
        line.contains("frames could not be written") && line.contains("full")
    });
    assert!(line.contains("\"level\":\"ERROR\""), "{line}");
    let before = world.stats().len();
    std::fs::remove_file(&other).unwrap();
    wait::until("rows to be written again", || {
        (world.stats().len() > before + 100).then_some(())
    });
    traffic.stop().await;
    world.quiet().await;
    assert_eq!(world.stats(), world.expected_stats());
    assert_eq!(world.discord.with_ledger(Ledger::identifies), 2);
    for table in ["gap", "dead_frame", "forward"] {
        assert_eq!(
            world.number(&format!("SELECT count(*) FROM {table}")),
            0,
            "{table}"
        );
    }
}

/// Sets the wall clock of every process that has the shim.
fn jump(offset: &Path, seconds: i64) {
    std::fs::write(offset, seconds.to_string()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wall_clock_that_jumps_ends_no_lease_and_no_session() {
    let shape = Shape {
        pods: 1,
        guilds: 4,
        hold: "1h",
        lease_ttl: "4s",
    };
    let fleet = Fleet::of(shape).await;
    let Some(shim) = shim::compiled("tests/gateway/clock_shim.c", fleet.world.dir.path()) else {
        return;
    };
    let offset: PathBuf = fleet.world.dir.path().join("offset");
    let mut command = fleet.pod_command(0);
    let mut pod = Running::start(command.env("LD_PRELOAD", &shim).env("CLOCK_SHIM_OFFSET", &offset));
    Fleet::attached(&mut pod);
    fleet.world.discord.fault(modbot::simulator::Fault::Clear);
    fleet.live().await;
    let connections = || fleet.world.discord.with_ledger(|ledger| ledger.connections.len());
    let before = connections();
    let day = Duration::from_hours(24).as_secs().cast_signed();
    for (seed, seconds) in [(1, day), (2, -day), (3, 3 * day), (4, 0)] {
        jump(&offset, seconds);
        fleet.world.discord.burst(&messages(seed), 20);
        // Longer than the lease: it is prolonged, or every session would be dropped.
        let start = std::time::Instant::now();
        wait::until_async("a lease to be over, were it one by the wall clock", async || {
            (start.elapsed() > Duration::from_secs(5)).then_some(())
        })
        .await;
    }
    fleet.quiet().await;
    assert_eq!(connections(), before, "no session was dropped: {}", pod.stdout());
    assert_eq!(fleet.sum("SELECT count(*) FROM message_stats"), 80);
    assert_eq!(fleet.identifies(), SHARDS as usize);
    let shown = pod.stdout();
    assert!(shown.contains("\"20"), "the log has the clock's time: {shown}");
}
