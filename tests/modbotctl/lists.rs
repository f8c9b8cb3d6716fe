//! What the reading verbs say, against what the store holds.

use std::process::Command;
use std::sync::Arc;

use modbot::domain::ids::{Epoch, PodId};

use super::{Fleet, GUILDS, json, snowflake};
use crate::config_store::{by, guild, pod};
use crate::support::process::Outcome;

/// The items of a list verb.
fn items(fleet: &Fleet, args: &[&str]) -> Vec<serde_json::Value> {
    let ended = fleet.ctl(&[args, &["-o", "json"]].concat());
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let document = json(&ended.stdout);
    assert_eq!(document["apiVersion"], "modbot/v1");
    assert_eq!(document["witness"], "config");
    document["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn guilds_come_sorted_with_ids_that_json_readers_keep() {
    let fleet = Fleet::new().await;
    let mut expected: Vec<(u64, u32)> = GUILDS.to_vec();
    expected.sort_unstable();
    let listed: Vec<(u64, u32)> = items(&fleet, &["guild", "list"])
        .iter()
        .map(|item| {
            let id = item["id"].as_str().unwrap().parse().unwrap();
            (id, u32::try_from(item["owner"].as_u64().unwrap()).unwrap())
        })
        .collect();
    assert_eq!(listed, expected);

    let of_one = items(&fleet, &["guilds", "ls", "--pod", "pod/1"]);
    assert_eq!(of_one.len(), 2);
    assert!(of_one.iter().all(|item| item["owner"] == 1));
}

#[tokio::test]
async fn a_guild_shows_its_state() {
    let fleet = Fleet::new().await;
    let (first, owner) = GUILDS[0];
    let shown = |fleet: &Fleet| {
        let ended = fleet.ctl(&["guild", "get", &first.to_string(), "-o", "json"]);
        json(&ended.stdout)["item"].clone()
    };
    assert_eq!(shown(&fleet)["state"], "placed");
    let incarnation = fleet.store.pod(pod(owner)).await.unwrap().value.incarnation;
    fleet
        .store
        .mark_born(pod(owner), incarnation, &[(snowflake(first), Epoch::new(1))])
        .await
        .unwrap();
    assert_eq!(shown(&fleet)["state"], "served");
    assert!(
        shown(&fleet)["bornAt"]
            .as_str()
            .is_some_and(|at| at.ends_with('Z'))
    );
    fleet
        .sql(&format!(
            "update guild set trouble = 'two owners' where guild_id = {first}"
        ))
        .await;
    assert_eq!(shown(&fleet)["state"], "trouble");
    assert_eq!(shown(&fleet)["trouble"], "two owners");
}

#[tokio::test]
async fn a_cut_list_says_so_and_an_empty_one_too() {
    let fleet = Fleet::new().await;
    let cut = fleet.ctl(&["guild", "list", "--limit", "2", "-o", "name"]);
    assert_eq!(cut.stdout.lines().count(), 2);
    assert_eq!(cut.stderr, "showing 2 of 5\n");
    let whole = fleet.ctl(&["guild", "list", "--limit", "6", "-o", "name"]);
    assert_eq!((whole.stdout.lines().count(), whole.stderr.as_str()), (5, ""));

    let empty = fleet.ctl(&["guild", "list", "--pinned"]);
    assert_eq!(
        (empty.code, empty.stdout.as_str(), empty.stderr.as_str()),
        (Some(0), "", "nothing found\n")
    );
    assert!(items(&fleet, &["guild", "list", "--pinned"]).is_empty());
}

#[tokio::test]
async fn names_are_what_other_verbs_take() {
    let fleet = Fleet::new().await;
    for noun in ["pod", "guild"] {
        let names = fleet.ctl(&[noun, "list", "-o", "name"]).stdout;
        assert!(!names.is_empty());
        for name in names.lines() {
            let ended = fleet.ctl(&[noun, "get", name, "-o", "name"]);
            assert_eq!(
                (ended.code, ended.stdout.trim_end()),
                (Some(0), name),
                "{}",
                ended.stderr
            );
        }
    }
}

#[tokio::test]
async fn the_audit_is_read_from_the_latest_back() {
    let fleet = Fleet::new().await;
    let all = items(&fleet, &["audit", "list"]);
    let ids: Vec<i64> = all.iter().map(|item| item["id"].as_i64().unwrap()).collect();
    assert!(ids.is_sorted_by(|a, b| a > b));
    assert!(ids.len() > 5);
    let first = fleet.ctl(&["audit", "list", "--limit", "3", "-o", "name"]);
    let hint = format!("showing the latest 3; go on with --before {}\n", ids[2]);
    assert_eq!(first.stderr, hint);
    let rest = items(&fleet, &["audit", "list", "--before", &ids[2].to_string()]);
    assert_eq!(rest[..], all[3..]);

    let id = GUILDS[0].0.to_string();
    let of_guild = items(&fleet, &["audit", "list", "--guild", &id]);
    assert_eq!(of_guild.len(), 1);
    assert_eq!(of_guild[0]["action"], "guild.place");
    assert!(
        items(&fleet, &["audit", "list", "--actor", "seed"])
            .iter()
            .all(|item| item["actor"] == "seed")
    );
    assert!(
        items(&fleet, &["audit", "list", "--pod", "1"])
            .iter()
            .all(|item| item["subject"] == "pod-1")
    );
}

#[tokio::test]
async fn a_shard_is_inspected_with_its_guilds_and_sessions() {
    let fleet = Fleet::new().await;
    let ended = fleet.ctl(&["shard", "inspect", "0", "-o", "json"]);
    let report = json(&ended.stdout)["item"].clone();
    assert_eq!(report["guilds"].as_array().unwrap().len(), 2);
    let hosted = report["sessions"].as_array().unwrap();
    assert!(hosted.iter().all(|session| session["host"] == 0));
    assert_eq!(hosted.len() as u64, report["pod"]["discordShards"]);

    let table = fleet.ctl(&["shard", "inspect", "0", "--limit", "1"]).stdout;
    assert!(table.contains("Guilds, the largest 1 of 2:"), "{table}");
}

#[tokio::test]
async fn sessions_can_be_narrowed_down() {
    let fleet = Fleet::new().await;
    assert_eq!(items(&fleet, &["session", "list"]).len(), 64);
    let of_pod = items(&fleet, &["sessions", "list", "--pod", "0"]);
    assert!(!of_pod.is_empty() && of_pod.iter().all(|item| item["host"] == 0));
    fleet
        .sql("update discord_shard set host_pod = null where shard_id = 7")
        .await;
    let unhosted = items(&fleet, &["session", "list", "--unhosted"]);
    assert_eq!(unhosted.len(), 1);
    assert_eq!(unhosted[0]["discordShard"], 7);
}

#[tokio::test]
async fn the_status_names_what_needs_a_look() {
    let fleet = Fleet::new().await;
    let screen = fleet.ctl(&["status"]);
    assert_eq!(screen.code, Some(0), "{}", screen.stderr);
    let lapsed = "pod-2's lease has been over for 3h20m (guilds: 1)";
    assert!(screen.stdout.contains(lapsed), "{}", screen.stdout);
    let kinds = |fleet: &Fleet| -> Vec<String> {
        let status = json(&fleet.ctl(&["status", "-o", "json"]).stdout);
        let concerns = status["item"]["concerns"].as_array().unwrap().clone();
        concerns
            .iter()
            .map(|c| c["kind"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(kinds(&fleet), ["lapsed"]);
    fleet
        .sql("update discord_shard set host_pod = null where shard_id = 7")
        .await;
    fleet
        .sql("update guild set trouble = 'two owners' where pod_id = 0")
        .await;
    fleet.sql("update pod set state = 'cordoned'").await;
    assert_eq!(
        kinds(&fleet),
        ["lapsed", "noOpenPod", "troubledGuilds", "unhostedDiscordShards"]
    );
}

#[tokio::test]
async fn a_recovering_store_is_said_to_be_one_everywhere() {
    let fleet = Fleet::new().await;
    // What the store does by itself when PostgreSQL went back in time.
    fleet
        .sql("update store_meta set timeline = '0000000A', revision = revision")
        .await;
    let status = fleet.ctl(&["status"]);
    assert!(
        status.stdout.contains("the config store is recovering"),
        "{}",
        status.stdout
    );
    assert!(
        status.stdout.contains("it waits for pod-0, pod-1"),
        "{}",
        status.stdout
    );
    let list = fleet.ctl(&["guild", "list", "-o", "json"]);
    assert_eq!(json(&list.stdout)["store"]["recovering"], true);
    assert!(list.stderr.starts_with("warning: the config store is recovering"));
    let store = fleet.ctl(&["store", "status"]);
    assert!(store.stdout.contains("AWAITED"), "{}", store.stdout);

    let before = fleet.contents().await;
    let refused = fleet.ctl(&["guild", "pin", &GUILDS[0].0.to_string(), "-y"]);
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(refused.stderr.contains("recovering"), "{}", refused.stderr);
    assert_eq!(fleet.contents().await, before);
}

#[tokio::test]
async fn versions_that_differ_are_pointed_out() {
    let fleet = Fleet::new().await;
    let ended = fleet.ctl(&["version"]);
    let warning = format!(
        "warning: pod-0 runs test, this modbotctl is {}",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains(&warning), "{}", ended.stderr);
    let alone = fleet.ctl(&["version", "--client"]);
    assert_eq!(
        (alone.code, alone.stderr.as_str()),
        (Some(0), ""),
        "{}",
        alone.stdout
    );
}

/// Readers and an operator at once: every answer is of one moment.
#[tokio::test]
async fn a_list_is_of_one_moment_while_guilds_are_placed() {
    let fleet = Arc::new(Fleet::new().await);
    let placing = {
        let fleet = Arc::clone(&fleet);
        tokio::spawn(async move {
            for batch in 0..20_u64 {
                let ids: Vec<_> = (0..50).map(|n| guild((batch * 50 + n + 1) << 22)).collect();
                fleet.store.place(&ids, &by("seed")).await.unwrap();
            }
        })
    };
    let mut counts = Vec::new();
    while !placing.is_finished() {
        let url = fleet.db.url();
        let ended = tokio::task::spawn_blocking(move || {
            let mut command: Command = crate::support::process::modbotctl();
            command.args(["guild", "list", "-o", "name", "--store", &url]);
            crate::support::process::outcome(&mut command)
        })
        .await
        .unwrap();
        let Outcome { code, stdout, stderr } = ended;
        assert_eq!(code, Some(0), "{stderr}");
        counts.push(stdout.lines().count() - GUILDS.len());
    }
    placing.await.unwrap();
    assert!(counts.iter().all(|count| count % 50 == 0), "{counts:?}");
    assert!(counts.is_sorted(), "{counts:?}");
    let owners: Vec<PodId> = vec![pod(0)];
    let of_the_open_pod = items(&fleet, &["guild", "list", "--pod", &owners[0].to_string()]);
    assert_eq!(of_the_open_pod.len(), 1_002);
}
