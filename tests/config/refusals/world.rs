//! Requests that the state of the world forbids.

use modbot::domain::ids::GuildId;
use modbot::runtime::service_auth::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::{get_guild, place, redacted, told, wait_until_dealt};
use crate::support::config::{Raw, attach, caller, pod, replica};
use crate::support::postgres::{TestDb, open};

fn born(guild: &str, epoch: u64, incarnation: u64) -> Raw {
    let guilds = json!([{ "guild": guild, "epoch": epoch }]);
    Raw::post(
        "/v1/guilds/born",
        &json!({ "pod": 0, "incarnation": incarnation, "guilds": guilds }),
    )
}

fn requests(second_life: u64, ticket: &Value) -> Vec<(&'static str, Raw)> {
    let beat = json!({
        "incarnation": 1, "bytes": 0, "events_per_s": 0.0, "rest_share": 0, "known_revision": 0
    });
    let elsewhere = json!({ "api_url": "http://x:1", "capacity": 1, "version": "1", "boot_id": "another" });
    let release = json!({ "pod": 0, "incarnation": second_life, "host_epoch": 99, "cursor": null });
    let adopt = json!({ "pod": 0, "incarnation": second_life });
    let by_hand = Raw::new(Method::PUT, "/v1/guilds/77/owner", Role::Operator).json(&json!({ "pod": 1 }));
    let foreign = "00000000-0000-0000-0000-000000000001/00000001/1".to_owned();
    vec![
        ("a guild nobody has seen", get_guild("78")),
        ("a pod that does not exist", Raw::get("/v1/pods/9")),
        ("a heartbeat of one", Raw::post("/v1/pods/9/heartbeat", &beat)),
        ("a stale epoch", born("77", 4, second_life)),
        ("a stale incarnation", born("77", 1, second_life - 1)),
        ("a birth of a guild that is not known", born("78", 1, second_life)),
        ("an owner set by hand", by_hand),
        (
            "the same pod on another machine",
            Raw::post("/v1/pods/0/attach", &elsewhere),
        ),
        (
            "a ticket without a budget",
            Raw::post("/v1/identify/tickets", ticket),
        ),
        (
            "a release by one that does not host",
            Raw::post("/v1/discord-shards/5/release", &release),
        ),
        (
            "a Discord shard that the fleet has not",
            Raw::post("/v1/discord-shards/64/adopt", &adopt),
        ),
        (
            "a caller of another fleet",
            get_guild("77").header("modbot-known", foreign),
        ),
    ]
}

fn budget(remaining: u32) -> Raw {
    let said = json!({
        "pod": 0, "total": 1000, "remaining": remaining, "resets_in_ms": 1_000_000, "max_concurrency": 1
    });
    Raw::new(Method::PUT, "/v1/identify/budget", Role::Pod).json(&said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_state_of_the_world_refuses() {
    let db = TestDb::migrated();
    let daemon = replica(&db.url());
    let mut text = told(&daemon, vec![("no pod at all", place(&json!(["77"])))]).await;
    let pods = caller(&daemon, Role::Pod);
    attach(&pods, pod(0)).await;
    let second_life = attach(&pods, pod(0)).await.assignment.incarnation.get();
    let host_epoch = wait_until_dealt(&daemon).await;
    pods.place(&[GuildId::new(77).unwrap()]).await.unwrap();
    let before = open(&db.url()).stamp().await.unwrap();
    let ticket = json!({
        "pod": 0, "incarnation": second_life, "discord_shard": 5, "host_epoch": host_epoch
    });
    text += &told(&daemon, requests(second_life, &ticket)).await;
    assert_eq!(open(&db.url()).stamp().await.unwrap(), before);

    let ask = || Raw::post("/v1/identify/tickets", &ticket);
    assert_eq!(budget(102).send(&daemon).await.status(), 200);
    assert_eq!(ask().send(&daemon).await.status(), 200);
    text += &told(&daemon, vec![("a ticket too soon", ask())]).await;
    assert_eq!(budget(100).send(&daemon).await.status(), 200);
    text += &told(&daemon, vec![("only the reserve is left", ask())]).await;
    for before in [
        "its lease runs ",
        "this is store ",
        "it is now ",
        "incarnation ",
        "at host epoch ",
    ] {
        text = redacted(&text, before);
    }
    insta::assert_snapshot!(text);
}
