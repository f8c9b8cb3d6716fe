//! Requests that make no sense.

use modbot::runtime::service_auth::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::{get_guild, place, told, wait_until_dealt};
use crate::support::config::{Raw, attach, caller, guilds, pod, replica};
use crate::support::postgres::{TestDb, open};

fn attach_with(api_url: &str, capacity: u32) -> Raw {
    let body = json!({ "api_url": api_url, "capacity": capacity, "version": "1", "boot_id": "b" });
    Raw::post("/v1/pods/1/attach", &body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_gets_one_clear_message_and_changes_nothing() {
    let db = TestDb::migrated();
    let daemon = replica(&db.url());
    attach(&caller(&daemon, Role::Pod), pod(0)).await;
    wait_until_dealt(&daemon).await;
    let before = open(&db.url()).stamp().await.unwrap();
    let beyond = format!("{}/00000001/{}", before.position.store_id, i64::MAX);
    let no_guilds = json!([]);
    let a_number: Value = json!([614_601_782_152_265_748_u64]);
    let requests = vec![
        ("a guild id of 20 digits", get_guild("99999999999999999999")),
        ("letters", get_guild("abc")),
        ("zero", get_guild("0")),
        ("negative", get_guild("-5")),
        ("the same in a body", place(&json!(["99999999999999999999"]))),
        ("a number, not a string", place(&a_number)),
        ("no guilds", place(&no_guilds)),
        ("too many guilds", place(&json!(guilds(1_001, 9)))),
        ("not JSON", place(&no_guilds).body("{")),
        ("5 MB", place(&no_guilds).body(vec![b'x'; 5_000_000])),
        ("a page too large", Raw::get("/v1/guilds?limit=5000")),
        ("a revision that is none", Raw::get("/v1/watch?since=-1")),
        ("a pod that is none", Raw::get("/v1/pods/x")),
        ("an attach without capacity", attach_with("http://x:1", 0)),
        ("an attach without an address", attach_with("pod-1:8082", 1)),
        (
            "a position that is none",
            get_guild("1").header("modbot-known", "x".to_owned()),
        ),
        (
            "a position beyond belief",
            get_guild("1").header("modbot-known", beyond),
        ),
        ("no such path", Raw::get("/v1/gilds")),
        ("no such method", Raw::new(Method::DELETE, "/v1/pods", Role::Http)),
    ];
    insta::assert_snapshot!(told(&daemon, requests).await);
    assert_eq!(open(&db.url()).stamp().await.unwrap(), before);
}
