//! Config away, and the lives of a pod: who may go on, who waits, who has to stop.

use std::time::{Duration, Instant};

use modbot::domain::ids::PodId;
use modbot::runtime::service_auth::Role;
use modbot::simulator::{Fault, Ledger, Target};

use super::super::number_of;
use super::{Fleet, SHARDS, Shape, messages};
use crate::support::config::{attach_request, caller};
use crate::support::postgres::own_server;
use crate::support::wait;

#[tokio::test(flavor = "multi_thread")]
async fn a_running_pod_goes_on_without_config_and_a_starting_one_waits_for_it() {
    let mut fleet = Fleet::start(4, "1h").await;
    let mut pod = fleet.pod(0);
    Fleet::attached(&mut pod);
    fleet.world.discord.fault(Fault::Clear);
    fleet.live().await;
    fleet.world.discord.burst(&messages(1), 20);
    fleet.quiet().await;
    fleet.configs.clear();
    pod.wait_for_line("config to be missed", |line| line.contains("config is silent"));
    fleet.world.discord.burst(&messages(2), 20);
    fleet.quiet().await;
    assert_eq!(fleet.sum("SELECT count(*) FROM message_stats"), 40);
    // Killed and started again while config is away: it may be somebody else's turn by now, so it does nothing.
    pod.kill9();
    fleet.world.noticed_gone().await;
    let resumes = fleet.world.discord.with_ledger(Ledger::resumes);
    let mut pod = fleet.pod(0);
    pod.wait_for_line("the pod to wait", |line| {
        line.contains("a starting pod serves nothing")
    });
    fleet.world.discord.burst(&messages(3), 20);
    assert_eq!(fleet.world.discord.with_ledger(Ledger::resumes), resumes);
    fleet.start_configs();
    Fleet::attached(&mut pod);
    fleet.quiet().await;
    let owners = fleet.world.discord.guilds();
    let owners = owners.iter().map(|view| (number_of(view.id), 0)).collect();
    fleet.assert_exact(&owners);
    assert_eq!(fleet.identifies(), SHARDS as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_config_and_postgresql_away_for_longer_than_a_lease_nothing_changes_hands_and_nothing_is_lost() {
    let mut server = own_server();
    let shape = Shape {
        pods: 2,
        guilds: 8,
        hold: "1h",
        lease_ttl: "2s",
    };
    let mut fleet = Fleet::over(server.url("postgres"), shape).await;
    let mut pods = [fleet.pod(0), fleet.pod(1)];
    pods.iter_mut().for_each(Fleet::attached);
    let hosts = fleet.hosts(2).await;
    let owners = fleet.assign_across(&hosts).await;
    fleet.world.discord.fault(Fault::Clear);
    fleet.live().await;
    fleet.world.discord.burst(&messages(1), 40);
    fleet.quiet().await;
    let before = fleet_attempts(&fleet);
    // First the database alone, then the daemons over it too.
    server.kill9().unwrap();
    fleet.world.discord.burst(&messages(2), 40);
    fleet.quiet().await;
    fleet.configs.clear();
    for pod in &mut pods {
        pod.wait_for_line("config to be missed", |line| line.contains("config is silent"));
    }
    let since = Instant::now();
    wait::until("more than two leases to pass", || {
        (since.elapsed() > Duration::from_secs(5)).then_some(())
    });
    fleet.world.discord.burst(&messages(3), 40);
    fleet.quiet().await;
    assert_eq!(fleet_attempts(&fleet), before, "every session stayed as it was");
    fleet.assert_exact(&owners);
    server.start().unwrap();
    fleet.start_configs();
    for pod in &mut pods {
        pod.wait_for_line("config to be back", |line| line.contains("config answers again"));
    }
    fleet.world.discord.burst(&messages(4), 40);
    fleet.quiet().await;
    fleet.assert_exact(&owners);
    assert_eq!(fleet_attempts(&fleet), before);
}

/// IDENTIFYs and RESUMEs so far.
fn fleet_attempts(fleet: &Fleet) -> usize {
    fleet.world.discord.with_ledger(|ledger| ledger.attempts.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_whose_place_was_taken_drops_its_sessions_and_writes_nothing_more() {
    let fleet = Fleet::start(4, "1h").await;
    let mut pod = fleet.pod(0);
    Fleet::attached(&mut pod);
    fleet.world.discord.fault(Fault::Clear);
    fleet.live().await;
    fleet.world.discord.burst(&messages(1), 20);
    fleet.quiet().await;
    // Another process attaches as this pod, on the same machine: from elsewhere it would have to wait for the lease.
    let api = caller(&fleet.configs[1], Role::Pod);
    let pod_0 = PodId::new(0).unwrap();
    let mut request = attach_request(pod_0);
    request.boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .unwrap()
        .trim()
        .to_owned();
    api.attach(pod_0, &request).await.unwrap();
    let line = pod.wait_for_line("the end of this life", |line| {
        line.contains("may not act any more")
    });
    assert!(line.contains("stale_incarnation"), "{line}");
    fleet.world.noticed_gone().await;
    fleet.world.discord.burst(&messages(2), 20);
    fleet
        .world
        .discord
        .fault(Fault::AskHeartbeat { target: Target::All });
    pod.terminate();
    assert_eq!(pod.wait_exit().code(), Some(0));
    assert_eq!(fleet.sum("SELECT count(*) FROM message_stats"), 20);
    let attempts = fleet.world.discord.with_ledger(|ledger| ledger.attempts.len());
    assert_eq!(attempts, SHARDS as usize, "it asked Discord for nothing more");
    let released = fleet.store().discord_shards().await.unwrap().value;
    assert!(
        released.iter().all(|row| row.host == PodId::new(0).ok()),
        "they are the new process's now"
    );
    assert!(pod.stdout().lines().count() < 200, "no loop of complaints");
}
