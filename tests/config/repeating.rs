//! What the typed client sends again, and what it does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use modbot::client::config_api::{ConfigApi, ConfigApiSettings, TicketRequest, write_stamp};
use modbot::domain::ids::{Epoch, GuildId, Incarnation, NumShards, Revision};
use modbot::domain::store_stamp::{StorePosition, StoreStamp};
use modbot::runtime::clock::SystemClock;
use modbot::runtime::service_auth::{Role, SigningKey};

use crate::support::config::{key, pod};

/// A daemon that says 503 to the first request and answers every later one; how many there were.
async fn stumbling() -> (ConfigApi, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&count);
    let routes = Router::new().fallback(move |headers: HeaderMap| {
        let number = counted.fetch_add(1, Ordering::SeqCst);
        async move { answer(number, &headers) }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    let mut settings = ConfigApiSettings::new(&url, SigningKey::new(Role::Pod, &key(Role::Pod)));
    settings.call_time = Duration::from_secs(20);
    (ConfigApi::new(&settings, Arc::new(SystemClock)).unwrap(), count)
}

fn answer(number: u32, headers: &HeaderMap) -> Response {
    let stamp = StoreStamp {
        position: StorePosition {
            store_id: uuid::Uuid::from_u128(1),
            timeline: "00000001".to_owned(),
            revision: Revision::new(5),
        },
        recovering: false,
    };
    let mut response = if number == 0 {
        let problem = r#"{"error":"store_unreachable","message":"it is away","retry_after_ms":10}"#;
        (StatusCode::SERVICE_UNAVAILABLE, problem).into_response()
    } else {
        // Even an error's stamp is remembered and sent.
        let known = headers["modbot-known"].to_str().unwrap();
        assert_eq!(known, "00000000-0000-0000-0000-000000000001/00000001/5");
        r#"{"placed":[],"unplaced":[]}"#.into_response()
    };
    write_stamp(&stamp, response.headers_mut());
    response
}

#[tokio::test]
async fn what_may_be_repeated_is_and_a_ticket_is_not() {
    let (api, count) = stumbling().await;
    let guild = GuildId::new(77).unwrap();
    api.place(&[guild]).await.unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 2);

    let (api, count) = stumbling().await;
    let ask = TicketRequest {
        pod: pod(0),
        incarnation: Incarnation::new(1),
        discord_shard: guild.discord_shard(NumShards::DEFAULT),
        host_epoch: Epoch::new(1),
    };
    let refused = api.ticket(&ask).await.unwrap_err();
    assert_eq!(refused.code(), Some("store_unreachable"));
    assert_eq!(count.load(Ordering::SeqCst), 1);
}
