//! Which pod holds which session, and how it goes from one to the other.

use modbot::simulator::Fault;

use super::{Fleet, SHARDS, messages};
use crate::support::daemon::get;
use crate::support::wait;

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_a_stopping_pod_let_go_are_resumed_by_another_and_nothing_is_missed() {
    let fleet = Fleet::start(6, "300ms").await;
    let mut pods = [fleet.pod(0), fleet.pod(1)];
    pods.iter_mut().for_each(Fleet::attached);
    let hosts = fleet.hosts(2).await;
    let owners = fleet.assign_across(&hosts).await;
    let discord = &fleet.world.discord;
    discord.fault(Fault::Clear);
    fleet.live().await;
    discord.burst(&messages(1), 40);
    fleet.quiet().await;
    pods[0].terminate();
    assert_eq!(pods[0].wait_exit().code(), Some(0), "{}", pods[0].stdout());
    discord.burst(&messages(2), 40);
    // After the hold the other pod has them all, and its own guilds go on.
    fleet.hosts(1).await;
    fleet.live().await;
    discord.burst(&messages(3), 20);
    pods[0] = fleet.pod(0);
    fleet.quiet().await;
    fleet.assert_exact(&owners);
    assert_eq!(fleet.identifies(), SHARDS as usize, "all else was resumed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_no_session_is_dealt_to_is_ready_and_says_so() {
    let fleet = Fleet::start(1, "1h").await;
    let mut first = fleet.pod(0);
    Fleet::attached(&mut first);
    // A Discord shard with a session stays where it is.
    fleet.hosts(1).await;
    fleet.world.discord.fault(Fault::Clear);
    fleet.live().await;
    let mut second = fleet.pod(1);
    let line = second.wait_for_line("the first log line", |line| line.contains("\"starting\""));
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let url = format!("http://{}/readyz?verbose", line["admin_listen"].as_str().unwrap());
    let checks = wait::until("the pod without sessions to be ready", || {
        get(&url).filter(|(status, _)| *status == 200)
    });
    assert!(
        checks.1.contains("[+]sessions ok: no sessions dealt"),
        "{}",
        checks.1
    );
    assert!(checks.1.contains("[+]attached ok"), "{}", checks.1);
    let hosts = fleet.hosts(1).await;
    assert!(hosts.values().all(|host| host.get() == 0), "{hosts:?}");
}
