//! What the gateway refuses, and with which code.

use std::time::Duration;

use modbot::simulator::ledger::{EndReason, Outcome};
use modbot::simulator::{Fault, Settings, Simulator};
use serde_json::{Value, json};

use super::raw::{Came, Raw, identify};
use super::twilight::{Client, Plan};
use super::{PATIENCE, settings, start};

const GUILD_MEMBERS: u64 = 1 << 1;

async fn answer_to(simulator: &Simulator, payload: &Value) -> Came {
    let mut raw = Raw::greeted(simulator).await;
    raw.send(payload).await;
    raw.next().await
}

#[tokio::test]
async fn wrong_payloads_get_the_documented_close_codes() {
    let mut settings = settings();
    settings.gateway.privileged_intents = 0;
    settings.gateway.guilds_per_session = 4;
    let simulator = start(settings).await;
    let token = simulator.token();
    for (payload, code) in [
        (identify("wrong", (0, 2), 0), 4004),
        (identify(&token, (2, 2), 0), 4010),
        (identify(&token, (0, 1), 0), 4011),
        (identify(&token, (0, 2), 1 << 60), 4013),
        (identify(&token, (0, 2), GUILD_MEMBERS), 4014),
        (json!({ "op": 99, "d": null }), 4001),
        (json!({ "op": 2, "d": "nonsense" }), 4002),
        (json!({ "op": 3, "d": "x".repeat(5000) }), 4002),
        (json!({ "op": 3, "d": {} }), 4003),
    ] {
        assert_eq!(
            answer_to(&simulator, &payload).await,
            Came::Closed(code),
            "{payload}"
        );
    }
    assert_eq!(simulator.ledger().identifies(), 0);
}

#[tokio::test]
async fn versions_and_encodings_it_does_not_speak_are_4012() {
    let simulator = start(settings()).await;
    for query in ["v=7&encoding=json", "v=10&encoding=etf"] {
        let mut raw = Raw::connect(&simulator.urls().gateway, query).await;
        assert_eq!(raw.close_code().await, 4012, "{query}");
    }
}

#[tokio::test]
async fn identifying_twice_or_talking_too_much_ends_the_connection() {
    let mut settings = settings();
    settings.gateway.payloads_per_minute = 5;
    let simulator = start(settings).await;
    let mut raw = Raw::greeted(&simulator).await;
    raw.identify(&simulator, (0, 1), 0).await;
    raw.identify(&simulator, (0, 1), 0).await;
    assert_eq!(raw.close_code().await, 4005);
    let mut raw = Raw::greeted(&simulator).await;
    raw.identify(&simulator, (0, 1), 0).await;
    for _ in 0..5 {
        raw.send(&json!({ "op": 1, "d": null })).await;
        raw.send(&json!({ "op": 3, "d": {} })).await;
    }
    assert_eq!(raw.close_code().await, 4008);
}

#[tokio::test]
async fn a_connection_that_does_not_identify_is_closed() {
    let mut settings = settings();
    settings.gateway.identify_timeout = Duration::from_millis(20);
    let simulator = start(settings).await;
    assert_eq!(Raw::greeted(&simulator).await.close_code().await, 4003);
}

fn paced() -> Settings {
    let mut settings = settings();
    settings.gateway.identify_interval = Duration::from_secs(5);
    settings.gateway.max_concurrency = 2;
    settings.gateway.identify_budget = 3;
    settings
}

#[tokio::test]
async fn identifies_of_one_key_are_five_seconds_apart() {
    let simulator = start(paced()).await;
    let mut links = Vec::new();
    let mut op_of = async |shard: u32| {
        let mut raw = Raw::greeted(&simulator).await;
        raw.identify(&simulator, (shard, 4), 0).await;
        let payload = raw.payload().await;
        links.push(raw);
        (payload["op"].clone(), payload["d"].clone())
    };
    assert_eq!(op_of(0).await.0, 0);
    assert_eq!(op_of(1).await.0, 0);
    assert_eq!(op_of(2).await, (json!(9), json!(false)));
    simulator.advance(Duration::from_secs(5));
    assert_eq!(op_of(2).await.0, 0);
    let ledger = simulator.ledger();
    assert_eq!(ledger.identifies(), 3);
    assert_eq!(
        ledger
            .attempts
            .iter()
            .filter(|one| one.outcome == Outcome::TooSoon)
            .count(),
        1
    );
}

#[tokio::test]
async fn overrunning_the_daily_budget_ends_every_session_and_resets_the_token() {
    let simulator = start(paced()).await;
    let client = Client::connect(
        &simulator,
        Plan {
            shard: (0, 8),
            ..Plan::default()
        },
    );
    client.event("READY").await;
    simulator.fault(Fault::IdentifyBudget { remaining: 0 });
    simulator.advance(Duration::from_secs(5));
    assert_eq!(
        answer_to(&simulator, &identify(&simulator.token(), (1, 8), 0)).await,
        Came::Closed(4004)
    );
    client.until("the client to give up", |seen| seen.gave_up).await;
    let ledger = simulator.ledger();
    assert!(ledger.token_reset);
    assert_eq!(ledger.sessions[0].ended, Some(EndReason::TokenReset));
}

#[tokio::test]
async fn a_client_refused_by_op_9_tries_again_and_is_counted_each_time() {
    let simulator = start(settings()).await;
    simulator.fault(Fault::RefuseIdentifies {
        times: 2,
        resumable: false,
    });
    let client = Client::connect(&simulator, Plan::default());
    client.event("READY").await;
    let ledger = simulator.ledger();
    let refused = ledger
        .attempts
        .iter()
        .filter(|one| one.outcome == Outcome::RefusedByOrder)
        .count();
    assert_eq!((refused, ledger.identifies()), (2, 1));
}

#[tokio::test]
async fn a_gateway_that_is_down_is_found_again() {
    let simulator = start(settings()).await;
    simulator.fault(Fault::RefuseConnections);
    let client = Client::connect(&simulator, Plan::default());
    client
        .until("a failed connect", |seen| !seen.closed.is_empty())
        .await;
    simulator.fault(Fault::Clear);
    client.event("READY").await;
    simulator.quiet(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn all_members_of_a_guild_are_given_once_in_thirty_seconds() {
    let simulator = start(settings()).await;
    let guild = simulator.guilds().swap_remove(0);
    let mut raw = Raw::greeted(&simulator).await;
    raw.identify(&simulator, (0, 1), GUILD_MEMBERS).await;
    let ask = json!({ "op": 8, "d": { "guild_id": guild.id, "query": "", "limit": 0, "nonce": "n" } });
    let mut answer = async || {
        raw.send(&ask).await;
        raw.payload_where(|payload| payload["op"] == 0 && payload["t"] != "READY")
            .await
    };
    let members = answer().await;
    assert_eq!(members["t"], "GUILD_MEMBERS_CHUNK");
    assert_eq!(
        members["d"]["members"].as_array().unwrap().len(),
        guild.members.len() + 1
    );
    let refused = answer().await;
    assert_eq!(
        (refused["t"].clone(), refused["d"]["meta"]["nonce"].clone()),
        (json!("RATE_LIMITED"), json!("n"))
    );
    simulator.advance(Duration::from_secs(30));
    assert_eq!(answer().await["t"], "GUILD_MEMBERS_CHUNK");
}
