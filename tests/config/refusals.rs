//! What is refused: one clear message each, the documented status, nothing changed.

use std::fmt::Write as _;

use modbot::domain::ids::{Epoch, GuildId};
use modbot::runtime::service_auth::Role;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::support::config::{Raw, attach, caller, command, guilds, pod, replica};
use crate::support::daemon::{Daemon, get};
use crate::support::postgres::{TestDb, open};
use crate::support::wait;

/// Status, code, message and hint of each request, one after the other.
async fn told(daemon: &Daemon, requests: Vec<(&str, Raw)>) -> String {
    let mut text = String::new();
    for (what, request) in requests {
        let response = request.send(daemon).await;
        let status = response.status().as_u16();
        let retry = response.headers().get("retry-after").is_some();
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["request_id"].as_str().map(str::len), Some(32));
        let retry = if retry { " (retry-after)" } else { "" };
        let (code, message) = (body["error"].as_str().unwrap(), body["message"].as_str().unwrap());
        writeln!(text, "{what}: {status} {code}{retry}\n  {message}").unwrap();
        if let Some(hint) = body["hint"].as_str() {
            writeln!(text, "  hint: {hint}").unwrap();
        }
    }
    text
}

fn get_guild(id: &str) -> Raw {
    Raw::new(Method::GET, &format!("/v1/guilds/{id}"), Role::Http)
}

fn place(guilds: &Value) -> Raw {
    Raw::new(Method::POST, "/v1/guilds/place", Role::Http).json(&json!({ "guilds": guilds }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_gets_one_clear_message_and_changes_nothing() {
    let db = TestDb::migrated();
    let daemon = replica(&db.url());
    attach(&caller(&daemon, Role::Pod), pod(0)).await;
    wait_until_dealt(&daemon).await;
    let before = open(&db.url()).stamp().await.unwrap();
    let post = |path: &str, role, body: Value| Raw::new(Method::POST, path, role).json(&body);
    let requests = vec![
        ("a guild id of 20 digits", get_guild("99999999999999999999")),
        ("letters", get_guild("abc")),
        ("zero", get_guild("0")),
        ("negative", get_guild("-5")),
        ("the same in a body", place(&json!(["99999999999999999999"]))),
        (
            "a number, not a string",
            place(&json!([614_601_782_152_265_748_u64])),
        ),
        ("no guilds", place(&json!([]))),
        ("too many guilds", place(&json!(guilds(1_001, 9)))),
        (
            "not JSON",
            Raw {
                body: b"{".to_vec(),
                ..place(&json!([]))
            },
        ),
        (
            "5 MB",
            Raw {
                body: vec![b'x'; 5_000_000],
                ..place(&json!([]))
            },
        ),
        (
            "a page too large",
            Raw::new(Method::GET, "/v1/guilds?limit=5000", Role::Http),
        ),
        (
            "a revision that is none",
            Raw::new(Method::GET, "/v1/watch?since=-1", Role::Http),
        ),
        (
            "a pod that is none",
            Raw::new(Method::GET, "/v1/pods/x", Role::Http),
        ),
        (
            "an attach without capacity",
            post(
                "/v1/pods/1/attach",
                Role::Pod,
                json!({
                    "api_url": "http://x:1", "capacity": 0, "version": "1", "boot_id": "b"
                }),
            ),
        ),
        (
            "an attach without an address",
            post(
                "/v1/pods/1/attach",
                Role::Pod,
                json!({
                    "api_url": "pod-1:8082", "capacity": 1, "version": "1", "boot_id": "b"
                }),
            ),
        ),
        (
            "a position that is none",
            Raw {
                headers: vec![("modbot-known", "x".to_owned())],
                ..get_guild("1")
            },
        ),
        ("no such path", Raw::new(Method::GET, "/v1/gilds", Role::Http)),
        ("no such method", Raw::new(Method::DELETE, "/v1/pods", Role::Http)),
    ];
    insta::assert_snapshot!(told(&daemon, requests).await);
    assert_eq!(open(&db.url()).stamp().await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_believed_changes_nothing() {
    let db = TestDb::migrated();
    let daemon = replica(&db.url());
    let before = open(&db.url()).stamp().await.unwrap();
    let ask = || place(&json!(["77"]));
    let born = Raw::new(Method::POST, "/v1/guilds/born", Role::Http).json(&json!({}));
    let requests = vec![
        (
            "a wrong key",
            Raw {
                key: Some("another-key-0123456789-0123456789".to_owned()),
                ..ask()
            },
        ),
        (
            "the key of another role",
            Raw {
                key: Some("pod-key-of-the-tests-0123456789abcdef".to_owned()),
                ..ask()
            },
        ),
        (
            "a request of long ago",
            Raw {
                skew_ms: -45_000,
                ..ask()
            },
        ),
        (
            "a request from the future",
            Raw {
                skew_ms: 45_000,
                ..ask()
            },
        ),
        ("a role that may not", born),
        (
            "a stranger with a position",
            Raw {
                key: Some("another-key-0123456789-0123456789".to_owned()),
                headers: vec![(
                    "modbot-known",
                    format!("{}/00000001/999999", before.position.store_id),
                )],
                ..ask()
            },
        ),
    ];
    insta::assert_snapshot!(redacted(&told(&daemon, requests).await, "was signed "));
    let bare = reqwest::get(format!("{}/v1/pods", daemon.api)).await.unwrap();
    assert_eq!(bare.status().as_u16(), 401);
    assert_eq!(bare.json::<Value>().await.unwrap()["error"], "unsigned");
    assert_eq!(open(&db.url()).stamp().await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_state_of_the_world_refuses() {
    let db = TestDb::migrated();
    let daemon = replica(&db.url());
    let nobody = told(&daemon, vec![("no pod at all", place(&json!(["77"])))]).await;
    let pods = caller(&daemon, Role::Pod);
    attach(&pods, pod(0)).await;
    let second = attach(&pods, pod(0)).await.assignment.incarnation.get();
    let shard = wait_until_dealt(&daemon).await;
    pods.place(&[GuildId::new(77).unwrap()]).await.unwrap();
    let before = open(&db.url()).stamp().await.unwrap();
    let post = |path: &str, body: Value| Raw::new(Method::POST, path, Role::Pod).json(&body);
    let born = |guild: &str, epoch: u64, incarnation: u64| {
        post(
            "/v1/guilds/born",
            json!({
                "pod": 0, "incarnation": incarnation, "guilds": [{ "guild": guild, "epoch": epoch }]
            }),
        )
    };
    let elsewhere = json!({ "api_url": "http://x:1", "capacity": 1, "version": "1", "boot_id": "another" });
    let ticket = json!({ "pod": 0, "incarnation": second, "discord_shard": 5, "host_epoch": shard.get() });
    let foreign = "00000000-0000-0000-0000-000000000001/00000001/1".to_owned();
    let requests = vec![
        ("a guild nobody has seen", get_guild("78")),
        (
            "a pod that does not exist",
            Raw::new(Method::GET, "/v1/pods/9", Role::Http),
        ),
        (
            "a heartbeat of a pod that does not exist",
            post(
                "/v1/pods/9/heartbeat",
                json!({
                    "incarnation": 1, "bytes": 0, "events_per_s": 0.0, "rest_share": 0, "known_revision": 0
                }),
            ),
        ),
        ("a stale epoch", born("77", 4, second)),
        ("a stale incarnation", born("77", 1, second - 1)),
        ("a guild that is not known", born("78", 1, second)),
        (
            "an owner set by hand",
            Raw::new(Method::PUT, "/v1/guilds/77/owner", Role::Operator).json(&json!({ "pod": 1 })),
        ),
        (
            "the same pod on another machine",
            post("/v1/pods/0/attach", elsewhere),
        ),
        (
            "a ticket without a budget",
            post("/v1/identify/tickets", ticket.clone()),
        ),
        (
            "a release by one that does not host",
            post(
                "/v1/discord-shards/5/release",
                json!({
                    "pod": 0, "incarnation": second, "host_epoch": 99, "cursor": null
                }),
            ),
        ),
        (
            "a Discord shard that the fleet has not",
            post(
                "/v1/discord-shards/64/adopt",
                json!({
                    "pod": 0, "incarnation": second
                }),
            ),
        ),
        (
            "a caller of another fleet",
            Raw {
                headers: vec![("modbot-known", foreign)],
                ..get_guild("77")
            },
        ),
    ];
    let mut text = nobody + &told(&daemon, requests).await;
    assert_eq!(open(&db.url()).stamp().await.unwrap(), before);

    let budget =
        json!({ "pod": 0, "total": 1000, "remaining": 102, "resets_in_ms": 1_000_000, "max_concurrency": 1 });
    let put = Raw::new(Method::PUT, "/v1/identify/budget", Role::Pod).json(&budget);
    assert_eq!(put.send(&daemon).await.status(), 200);
    assert_eq!(
        post("/v1/identify/tickets", ticket.clone())
            .send(&daemon)
            .await
            .status(),
        200
    );
    text += &told(
        &daemon,
        vec![("a ticket too soon", post("/v1/identify/tickets", ticket.clone()))],
    )
    .await;
    let spent =
        json!({ "pod": 0, "total": 1000, "remaining": 100, "resets_in_ms": 1_000_000, "max_concurrency": 1 });
    let put = Raw::new(Method::PUT, "/v1/identify/budget", Role::Pod).json(&spent);
    assert_eq!(put.send(&daemon).await.status(), 200);
    text += &told(
        &daemon,
        vec![("only the reserve is left", post("/v1/identify/tickets", ticket))],
    )
    .await;
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

/// The text with what follows `before`, a number or an id, replaced.
fn redacted(text: &str, before: &str) -> String {
    let mut parts = text.split(before);
    let mut redacted = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_hexdigit() || c == '-');
        let mark = if rest.len() < part.len() { "[..]" } else { "" };
        redacted = redacted + before + mark + rest;
    }
    redacted
}

/// Waits until pod 0 hosts every Discord shard; the host epoch of number 5.
async fn wait_until_dealt(daemon: &Daemon) -> Epoch {
    let api = caller(daemon, Role::Pod);
    wait::until_async("dealt", async || {
        let shards = api.discord_shards().await.unwrap().value.discord_shards;
        shards
            .iter()
            .all(|shard| shard.host.is_some())
            .then(|| shards[5].host_epoch)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_cannot_be_used_is_said_to_be_so() {
    let unreachable = Daemon::start(&mut command("postgres://nobody@127.0.0.1:1/nothing"));
    wait::until("not ready", || {
        (unreachable.readiness() == Some(503)).then_some(())
    });
    let mut text = told(&unreachable, vec![("unreachable", get_guild("77"))]).await;

    let empty = TestDb::empty();
    let without = Daemon::start(&mut command(&empty.url()));
    text += &told(&without, vec![("no schema", get_guild("77"))]).await;
    let readyz = |daemon: &Daemon| get(&format!("{}/readyz", daemon.admin)).unwrap().1;
    wait::until("it says so", || {
        readyz(&without)
            .contains("has no schema yet (run `modbotctl store migrate`)")
            .then_some(())
    });
    // Migrated meanwhile: it becomes ready by itself.
    open(&empty.url())
        .migrate(modbot::domain::ids::NumShards::DEFAULT)
        .await
        .unwrap();
    let without = without.ready();

    // A newer modbot migrates: this one steps aside.
    let mut newer = sqlx::postgres::PgConnection::connect(&empty.url()).await.unwrap();
    sqlx::query(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (999, 'later', true, '', 0)",
    )
    .execute(&mut newer)
    .await
    .unwrap();
    wait::until("not ready", || {
        readyz(&without).contains("newer than the").then_some(())
    });
    insta::assert_snapshot!(text);
}
