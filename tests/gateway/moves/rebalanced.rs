//! A pod is emptied by `modbotctl rebalance` while Discord sends, and plans that no longer fit are refused.

use std::time::Duration;

use modbot::domain::fleet::PodState;
use modbot::domain::ids::PodId;
use modbot::runtime::service_auth::Role;
use modbot::store::config_db::{By, GuildFilter};

use tokio_util::sync::CancellationToken;

use super::super::fleet::{Fleet, messages};
use super::driven::mover;
use super::started;
use crate::support::config::key;
use crate::support::process::{Outcome, outcome};
use crate::support::wait;

/// No pause is too long here, and what was moved away goes at once.
const HOW: [&str; 5] = ["--pause-budget", "10s", "--keep", "0s", "--yes"];

fn modbotctl(fleet: &Fleet, args: &[&str]) -> Outcome {
    outcome(
        crate::support::process::modbotctl()
            .args(args)
            .env("MODBOT_STORE_URL", &fleet.store_url)
            .env("MODBOT_AUTH_OPERATOR_KEY", key(Role::Operator)),
    )
}

/// Only what has been served has anything to move.
async fn all_served(fleet: &Fleet) {
    let filter = GuildFilter {
        limit: 100,
        ..GuildFilter::default()
    };
    wait::until_async("every guild to be served", async || {
        let guilds = fleet.store().guilds(&filter).await.ok()?.value;
        guilds
            .iter()
            .all(|guild| guild.born_at_ms.is_some())
            .then_some(())
    })
    .await;
}

async fn set_state(fleet: &Fleet, pod: u32, state: PodState) {
    let pod = PodId::new(pod).unwrap();
    fleet
        .store()
        .set_pod_state(pod, state, &By::daemon("test"))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draining_pod_is_emptied_under_load_and_nothing_is_lost_or_done_twice() {
    let (fleet, _pods, mut owners) = started(8).await;
    let discord = &fleet.world.discord;
    discord.burst(&messages(1), 60);
    fleet.quiet().await;
    all_served(&fleet).await;
    let moving = owners.values().filter(|owner| **owner == 1).count();
    let drained = modbotctl(&fleet, &["pod", "drain", "1", "--yes"]);
    assert_eq!(
        (drained.code, drained.stdout.as_str()),
        (Some(0), "pod-1 is draining (was active)\n")
    );
    let before = modbotctl(&fleet, &["rebalance", "--dry-run"]);
    assert_eq!(before.code, Some(0), "{}", before.stderr);
    assert!(
        before.stderr.contains(&format!("{moving} moves")),
        "{}",
        before.stderr
    );

    let done = std::thread::scope(|scope| {
        let running = scope.spawn(|| modbotctl(&fleet, &[&["rebalance"], &HOW[..]].concat()));
        for seed in 2..6 {
            discord.burst(&messages(seed), 30);
        }
        running.join().unwrap()
    });
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(done.stdout, format!("{moving} of {moving} guilds moved\n"));
    assert_eq!(
        done.stderr.matches("stood still for").count(),
        moving,
        "{}",
        done.stderr
    );
    for owner in owners.values_mut() {
        *owner = 0;
    }
    discord.burst(&messages(7), 30);
    fleet.quiet().await;
    let never = CancellationToken::new();
    let cleaned = mover(&fleet, "ledger")
        .clean_up(Duration::ZERO, &never)
        .await
        .unwrap();
    assert_eq!(cleaned.done, moving);
    fleet.assert_exact(&owners);

    a_plan_that_no_longer_fits_is_refused(&fleet).await;
    fleet.quiet().await;
}

async fn a_plan_that_no_longer_fits_is_refused(fleet: &Fleet) {
    let settled = modbotctl(fleet, &["rebalance", "plan", "--exit-code"]);
    assert_eq!(settled.code, Some(0), "{}", settled.stdout);
    set_state(fleet, 1, PodState::Active).await;
    let uneven = modbotctl(fleet, &["rebalance", "plan", "--exit-code", "-o", "json"]);
    assert_eq!(uneven.code, Some(6), "{}", uneven.stderr);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &uneven.stdout).unwrap();
    let path = file.path().to_str().unwrap();
    set_state(fleet, 1, PodState::Cordoned).await;
    let refused = modbotctl(fleet, &["rebalance", "apply", path, "--yes"]);
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("changed since the plan"),
        "{}",
        refused.stderr
    );
    set_state(fleet, 1, PodState::Active).await;
    let applied = modbotctl(fleet, &[&["rebalance", "apply", path], &HOW[..]].concat());
    assert_eq!(applied.code, Some(0), "{}", applied.stderr);
}
