//! What the changing verbs change, and that a dry run changes nothing.

use std::io::Write;
use std::process::{Command, Stdio};

use modbot::domain::fleet::PodState;
use modbot::store::config_db::ConfigDb;

use super::{Fleet, GUILDS, contents, json};
use crate::config_store::{guild, pod};
use crate::support::postgres::{TestDb, open};
use crate::support::process::{modbotctl, outcome};

async fn state(store: &ConfigDb, n: u32) -> PodState {
    store.pod(pod(n)).await.unwrap().value.state
}

#[tokio::test]
async fn a_pod_is_cordoned_and_opened_again_with_an_audit() {
    let fleet = Fleet::new().await;
    let cordon = [
        "pod", "cordon", "0", "--yes", "--actor", "alice", "--reason", "new disk",
    ];
    let ended = fleet.ctl(&cordon);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(state(&fleet.store, 0).await, PodState::Cordoned);
    assert_eq!(
        fleet.last_audit().await,
        ["alice", "pod.state", "pod-0", "new disk"]
    );

    // Again: nothing happens, not even in the audit.
    let before = fleet.contents().await;
    let again = fleet.ctl(&cordon);
    assert_eq!(
        (again.code, again.stdout.as_str()),
        (Some(0), "pod-0 is cordoned already\n")
    );
    assert_eq!(fleet.contents().await, before);

    let ended = fleet.ctl(&["pod", "uncordon", "0", "-y"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(state(&fleet.store, 0).await, PodState::Active);
}

#[tokio::test]
async fn a_draining_pod_is_not_cordoned_out_of_it() {
    let fleet = Fleet::new().await;
    fleet
        .sql("update pod set state = 'draining' where pod_id = 0")
        .await;
    let ended = fleet.ctl(&["pod", "cordon", "0", "-y"]);
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains("pod-0 is draining"), "{}", ended.stderr);
    assert_eq!(state(&fleet.store, 0).await, PodState::Draining);
}

#[tokio::test]
async fn a_guild_is_assigned_once_and_pinned() {
    let fleet = Fleet::new().await;
    let ended = fleet.ctl(&["guild", "assign", "5", "pod-1", "-y", "--actor", "alice"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let doubt = "warning: pod-1 takes no new guilds by itself: it is cordoned\n";
    assert_eq!(ended.stderr, doubt);
    let row = fleet.store.guild(guild(5)).await.unwrap().value.unwrap();
    assert_eq!((row.pod, row.epoch.get()), (pod(1), 1));
    assert_eq!(fleet.last_audit().await[..3], ["alice", "guild.place", "guild/5"]);

    let before = fleet.contents().await;
    let again = fleet.ctl(&["guild", "assign", "5", "pod-1", "-y"]);
    assert_eq!(
        again.stdout, "guild 5 belongs to pod-1 already, epoch 1\n",
        "{}",
        again.stderr
    );
    let elsewhere = fleet.ctl(&["guild", "assign", "5", "pod-0", "-y"]);
    assert_eq!(elsewhere.code, Some(3));
    assert_eq!(fleet.contents().await, before);

    assert_eq!(fleet.ctl(&["guild", "pin", "5", "-y"]).code, Some(0));
    let row = fleet.store.guild(guild(5)).await.unwrap().value.unwrap();
    assert!(row.pinned);
    assert_eq!(fleet.ctl(&["guild", "unpin", "5", "-y"]).code, Some(0));
    let row = fleet.store.guild(guild(5)).await.unwrap().value.unwrap();
    assert!(!row.pinned);
}

/// I12.
#[tokio::test]
async fn a_dry_run_leaves_every_table_as_it_was() {
    let fleet = Fleet::new().await;
    let id = GUILDS[0].0.to_string();
    let before = fleet.contents().await;
    for args in [
        &["pod", "cordon", "0"][..],
        &["pod", "uncordon", "1"],
        &["guild", "pin", &id],
        &["guild", "assign", "5", "pod-0"],
        &["guild", "assign", "6", "pod-2", "--yes"],
        &["store", "migrate"],
    ] {
        let args = [args, &["--dry-run"]].concat();
        let ended = fleet.ctl(&args);
        assert_eq!(ended.code, Some(0), "{args:?}: {}", ended.stderr);
        let document = json(&fleet.ctl(&[&args[..], &["-o", "json"]].concat()).stdout);
        assert_eq!(document["item"]["dryRun"], true);
        assert_eq!(document["item"]["changed"], args[0] != "store");
        assert_eq!(fleet.contents().await, before, "{args:?}");
    }
    // The same without the flag does change something: the comparison above can fail.
    assert_eq!(fleet.ctl(&["guild", "pin", &id, "-y"]).code, Some(0));
    assert_ne!(fleet.contents().await, before);
}

#[tokio::test]
async fn a_dry_run_is_refused_what_the_change_would_be() {
    let fleet = Fleet::new().await;
    let id = GUILDS[0].0.to_string();
    for (args, code) in [
        (&["pod", "cordon", "9"][..], 5),
        (&["guild", "pin", "5"], 5),
        (&["guild", "assign", &id, "pod-1"], 3),
        (&["guild", "assign", "5", "pod-9"], 5),
    ] {
        let dry = fleet.ctl(&[args, &["--dry-run"]].concat());
        let wet = fleet.ctl(&[args, &["--yes"]].concat());
        assert_eq!((dry.code, &dry.stderr), (wet.code, &wet.stderr));
        assert_eq!(dry.code, Some(code), "{}", dry.stderr);
    }
}

#[tokio::test]
async fn an_empty_database_becomes_a_store() {
    let db = TestDb::empty();
    let run = |args: &[&str]| outcome(modbotctl().args(args).env("MODBOT_STORE_URL", db.url()));
    let dry = run(&["store", "migrate", "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.stderr);
    assert!(contents(&db.url()).await.is_empty());

    let ended = run(&["store", "migrate", "-y", "--discord-shards", "16"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let store = open(&db.url());
    store.check_schema().await.unwrap();
    assert_eq!(store.status().await.unwrap().value.num_shards.get(), 16);

    // The number of Discord shards is for good.
    let before = contents(&db.url()).await;
    let again = run(&["store", "migrate", "-y", "--discord-shards", "32"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(again.stdout.contains("already"), "{}", again.stdout);
    assert_eq!(contents(&db.url()).await, before);
}

/// Runs `modbotctl` at a terminal of its own, types `typed`, and gives what the screen shows and the code.
fn at_a_terminal(fleet: &Fleet, args: &[&str], typed: &str) -> Option<(String, i32)> {
    let program = env!("CARGO_BIN_EXE_modbotctl");
    let line = format!("{program} {}", args.join(" "));
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env("MODBOT_STORE_URL", fleet.db.url())
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(typed.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    let screen = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    Some((screen, output.status.code()?))
}

#[tokio::test]
async fn at_a_terminal_the_name_is_to_be_typed() {
    let fleet = Fleet::new().await;
    let Some((screen, code)) = at_a_terminal(&fleet, &["pod", "cordon", "0"], "pod-1\n") else {
        eprintln!("skipped: script(1) is not installed");
        return;
    };
    assert_eq!(code, 4, "{screen}");
    assert!(screen.contains("cordon pod-0: active -> cordoned"), "{screen}");
    assert_eq!(state(&fleet.store, 0).await, PodState::Active);

    let (screen, code) = at_a_terminal(&fleet, &["pod", "cordon", "0"], "pod-0\n").unwrap();
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("type pod-0 to go on:"), "{screen}");
    assert_eq!(state(&fleet.store, 0).await, PodState::Cordoned);

    // Nothing to do, or nothing that could be done: nothing is asked.
    for (args, expected) in [(["pod", "cordon", "0"], 0), (["pod", "cordon", "9"], 5)] {
        let (screen, code) = at_a_terminal(&fleet, &args, "").unwrap();
        assert_eq!(code, expected, "{screen}");
        assert!(!screen.contains("to go on"), "{screen}");
    }
}

#[tokio::test]
async fn a_recovery_is_told_to_wait_for_a_pod_no_longer() {
    let fleet = Fleet::new().await;
    let waive = [
        "store",
        "waive",
        "0",
        "-y",
        "--actor",
        "alice",
        "--reason",
        "volume lost",
    ];
    let too_early = fleet.ctl(&waive);
    assert_eq!(too_early.code, Some(3), "{}", too_early.stderr);

    fleet.sql("update store_meta set timeline = '0000000A'").await;
    assert!(
        fleet
            .ctl(&["status"])
            .stdout
            .contains("it waits for pod-0, pod-1")
    );
    let before = fleet.contents().await;
    let dry = fleet.ctl(&["store", "waive", "0", "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.stderr);
    assert_eq!(fleet.contents().await, before);

    let ended = fleet.ctl(&waive);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(
        fleet.last_audit().await,
        ["alice", "store.waive", "pod-0", "volume lost"]
    );
    assert!(fleet.ctl(&["status"]).stdout.contains("it waits for pod-1"));
    let before = fleet.contents().await;
    let again = fleet.ctl(&waive);
    assert_eq!(again.stdout, "pod-0 is waived already\n", "{}", again.stderr);
    assert_eq!(fleet.contents().await, before);
    let never_leased = fleet.ctl(&["store", "waive", "2", "-y"]);
    assert_eq!(never_leased.code, Some(3), "{}", never_leased.stderr);
}
