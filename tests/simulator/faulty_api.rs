//! Limits and failures of the REST API.

use std::time::Duration;

use modbot::simulator::ledger::EffectKind;
use modbot::simulator::{Fault, RestAnswer, RestFault, Settings};
use serde_json::{Value, json};

use super::api::Api;
use super::{settings, start};

fn limited() -> Settings {
    let mut settings = settings();
    settings.rest.route_limit_factor = 1;
    settings
}

#[tokio::test]
async fn a_bucket_says_what_is_left_and_refuses_until_it_refills() {
    let simulator = start(limited()).await;
    let api = Api::new(&simulator);
    let channels = simulator.guilds()[0].text_channels.clone();
    let path = |at: usize| format!("/channels/{}/messages", channels[at]);
    let send = async |at: usize| api.call("POST", &path(at), json!({ "content": "x" })).await;
    for left in ["4", "3", "2", "1", "0"] {
        let answer = send(0).await;
        assert_eq!(
            (answer.status, answer.header("x-ratelimit-remaining")),
            (200, left)
        );
        assert_eq!(answer.header("x-ratelimit-limit"), "5");
        assert!(!answer.header("x-ratelimit-bucket").is_empty());
    }
    let over = send(0).await;
    assert_eq!((over.status, over.header("x-ratelimit-scope")), (429, "user"));
    assert_eq!(over.body["global"], false);
    assert_eq!(over.body["retry_after"], 5.0);
    assert_eq!(over.header("retry-after"), "5");
    assert_eq!(
        send(1).await.status,
        200,
        "another channel has a count of its own"
    );
    simulator.advance(Duration::from_secs(5));
    assert_eq!(send(0).await.status, 200);
}

#[tokio::test]
async fn the_global_limit_spares_interactions() {
    let mut settings = limited();
    settings.rest.global_per_second = 3;
    let simulator = start(settings).await;
    let api = Api::new(&simulator);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(api.call("GET", "/users/@me", Value::Null).await);
    }
    let last = statuses.pop().unwrap();
    assert!(statuses.iter().all(|answer| answer.status == 200));
    assert_eq!((last.status, last.header("x-ratelimit-global")), (429, "true"));
    assert_eq!(last.body["global"], true);
    let answer = api
        .call("POST", "/interactions/1/x/callback", json!({ "type": 5 }))
        .await;
    assert_eq!(answer.status, 404);
    let counted = simulator.with_ledger(|ledger| {
        ledger
            .requests
            .iter()
            .filter(|request| request.counts_globally)
            .count()
    });
    assert_eq!(counted, 4);
}

#[tokio::test]
async fn too_many_invalid_requests_shut_the_client_out() {
    let mut settings = limited();
    settings.rest.invalid_limit = 3;
    let simulator = start(settings).await;
    let mut api = Api::new(&simulator);
    "wrong".clone_into(&mut api.token);
    for _ in 0..3 {
        assert_eq!(api.call("GET", "/users/@me", Value::Null).await.status, 401);
    }
    api.token = simulator.token();
    let out = api.call("GET", "/users/@me", Value::Null).await;
    assert_eq!((out.status, out.body), (429, Value::Null));
    assert_eq!(simulator.summary().invalid_requests_in_window, 4);
    simulator.advance(Duration::from_mins(11));
    assert_eq!(api.call("GET", "/users/@me", Value::Null).await.status, 200);
}

#[tokio::test]
async fn ordered_failures_meet_their_route_as_often_as_they_say() {
    let simulator = start(settings()).await;
    let api = Api::new(&simulator);
    let route = "/channels/{channel_id}/messages";
    let path = format!("/channels/{}/messages", simulator.guilds()[0].text_channels[0]);
    let order = |answer| {
        let fault = RestFault {
            route: Some(route.to_owned()),
            times: Some(1),
            answer,
            ..RestFault::default()
        };
        simulator.fault(Fault::Rest(fault));
    };
    let send = async || {
        api.try_call("POST", &path, json!({ "content": "x" }))
            .await
            .map(|answer| answer.status)
    };
    let created = || simulator.with_ledger(|ledger| ledger.done(EffectKind::MessageCreated).count());
    for (answer, status, done) in [
        (RestAnswer::Status(500), Some(500), 0),
        (
            RestAnswer::RateLimited {
                retry_after: 1.5,
                scope: "shared".to_owned(),
            },
            Some(429),
            0,
        ),
        (RestAnswer::Cut, None, 0),
        (RestAnswer::CutAfter, None, 1),
        (RestAnswer::StatusAfter(502), Some(502), 2),
        (RestAnswer::Delay(5), Some(200), 3),
    ] {
        order(answer.clone());
        assert_eq!((send().await, created()), (status, done), "{answer:?}");
    }
    assert_eq!(api.call("GET", "/users/@me", Value::Null).await.status, 200);
    assert_eq!(
        simulator.summary().invalid_requests_in_window,
        0,
        "a shared 429 does not count"
    );
    simulator.fault(Fault::Rest(RestFault::default()));
    assert_eq!(api.call("GET", "/users/@me", Value::Null).await.status, 500);
    simulator.fault(Fault::Clear);
    assert_eq!(api.call("GET", "/users/@me", Value::Null).await.status, 200);
}
