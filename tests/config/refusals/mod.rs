//! What is refused: one clear message each, the documented status, nothing changed.

mod input;
mod signatures;
mod store;
mod world;

use std::fmt::Write as _;

use modbot::domain::ids::Epoch;
use modbot::runtime::service_auth::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::config::{Raw, caller};
use crate::support::daemon::Daemon;
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

fn get_guild(id: &str) -> Raw {
    Raw::get(&format!("/v1/guilds/{id}"))
}

fn place(guilds: &Value) -> Raw {
    Raw::new(Method::POST, "/v1/guilds/place", Role::Http).json(&json!({ "guilds": guilds }))
}

/// Waits until somebody hosts every Discord shard, after which a quiet store stays as it is; the host epoch
/// of number 5.
async fn wait_until_dealt(daemon: &Daemon) -> Epoch {
    let api = caller(daemon, Role::Pod);
    wait::until_async("dealt", async || {
        let shards = api.discord_shards().await.unwrap().value.discord_shards;
        let all = shards.iter().all(|shard| shard.host.is_some());
        all.then(|| shards[5].host_epoch)
    })
    .await
}
