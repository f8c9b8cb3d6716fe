//! Requests that are not believed.

use modbot::runtime::service_auth::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::{place, redacted, told};
use crate::support::config::{Raw, key, replica};
use crate::support::daemon::http;
use crate::support::postgres::{TestDb, open};

const STRANGER: &str = "another-key-0123456789-0123456789";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_believed_changes_nothing() {
    let db = TestDb::migrated();
    let daemon = replica(&db.url());
    let before = open(&db.url()).stamp().await.unwrap();
    let ask = || place(&json!(["77"]));
    let ahead = format!("{}/00000001/999999", before.position.store_id);
    let requests = vec![
        ("a wrong key", ask().key(STRANGER)),
        ("the key of another role", ask().key(&key(Role::Pod))),
        ("a request of long ago", ask().skew_ms(-45_000)),
        ("a request from the future", ask().skew_ms(45_000)),
        (
            "a role that may not",
            Raw::new(Method::POST, "/v1/guilds/born", Role::Http).json(&json!({})),
        ),
        // It cannot make the store recover either.
        (
            "a stranger with a position",
            ask().key(STRANGER).header("modbot-known", ahead),
        ),
    ];
    insta::assert_snapshot!(redacted(&told(&daemon, requests).await, "was signed "));
    let bare = http()
        .get(format!("{}/v1/pods", daemon.api))
        .send()
        .await
        .unwrap();
    assert_eq!(bare.status().as_u16(), 401);
    assert_eq!(bare.json::<Value>().await.unwrap()["error"], "unsigned");
    assert_eq!(open(&db.url()).stamp().await.unwrap(), before);
}
