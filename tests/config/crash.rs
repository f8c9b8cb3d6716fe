//! `kill -9` PostgreSQL in the middle of 2,000 placements.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use modbot::domain::ids::{GuildId, PodId};
use modbot::runtime::service_auth::Role;
use serde_json::{Value, json};

use crate::support::config::{Raw, attach, caller, command, guilds, pod};
use crate::support::daemon::Daemon;
use crate::support::postgres::{migrate, own_server};
use crate::support::wait;

const GUILDS: u64 = 2_000;
const REQUEST_TIME: Duration = Duration::from_secs(4);
/// What a busy machine may add to a request's time.
const MARGIN: Duration = Duration::from_secs(6);

#[derive(Default)]
struct Ledger {
    acknowledged: Mutex<BTreeMap<GuildId, PodId>>,
    count: AtomicUsize,
    refused: AtomicUsize,
    slowest: Mutex<Duration>,
}

impl Ledger {
    fn note_time(&self, took: Duration) {
        let mut slowest = self.slowest.lock().unwrap();
        *slowest = (*slowest).max(took);
    }
}

/// Places guilds one by one, each until it is acknowledged.
async fn place_each(replica: Arc<Daemon>, guilds: Vec<GuildId>, ledger: Arc<Ledger>) {
    for guild in guilds {
        let ask = json!({ "guilds": [guild] });
        loop {
            let request = Raw::new(reqwest::Method::POST, "/v1/guilds/place", Role::Http).json(&ask);
            let started = Instant::now();
            let response = request.send(&replica).await;
            let status = response.status().as_u16();
            let body: Value = response.json().await.unwrap();
            let took = started.elapsed();
            ledger.note_time(took);
            if status == 200 {
                let owner = serde_json::from_value(body["placed"][0]["pod"].clone()).unwrap();
                ledger.acknowledged.lock().unwrap().insert(guild, owner);
                ledger.count.fetch_add(1, Ordering::SeqCst);
                break;
            }
            assert_eq!(status, 503, "{body}");
            ledger.refused.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_placement_survives_and_the_daemons_come_back_by_themselves() {
    let mut server = own_server();
    let url = server.url("postgres");
    migrate(&url).await;
    let request_time = format!("{}ms", REQUEST_TIME.as_millis());
    let start = || {
        let mut command = command(&url);
        Arc::new(Daemon::start(command.env("MODBOT_REQUEST_TIMEOUT", &request_time)).ready())
    };
    let replicas = [start(), start()];
    let pods = caller(&replicas[0], Role::Pod);
    for ordinal in 0..3 {
        attach(&pods, pod(ordinal)).await;
    }
    let ledger = Arc::new(Ledger::default());
    let guilds = guilds(GUILDS, 2);
    let mut callers = tokio::task::JoinSet::new();
    for (number, share) in guilds.chunks(guilds.len() / 8).enumerate() {
        callers.spawn(place_each(
            Arc::clone(&replicas[number % 2]),
            share.to_vec(),
            Arc::clone(&ledger),
        ));
    }
    wait::until_async("a quarter placed", async || {
        (ledger.count.load(Ordering::SeqCst) >= guilds.len() / 4).then_some(())
    })
    .await;
    server.kill9().unwrap();
    for replica in &replicas {
        wait::until_async("not ready", async || {
            (replica.readiness() == Some(503)).then_some(())
        })
        .await;
    }
    assert!(
        ledger.count.load(Ordering::SeqCst) < guilds.len(),
        "killed too late to mean anything"
    );
    server.start().unwrap();
    for replica in &replicas {
        wait::until_async("ready again", async || {
            (replica.readiness() == Some(200)).then_some(())
        })
        .await;
    }
    callers.join_all().await;

    assert!(ledger.refused.load(Ordering::SeqCst) > 0, "nobody noticed");
    let slowest = *ledger.slowest.lock().unwrap();
    assert!(slowest < REQUEST_TIME + MARGIN, "a request took {slowest:?}");
    let acknowledged = ledger.acknowledged.lock().unwrap().clone();
    assert_eq!(acknowledged.len(), guilds.len());
    let stored = super::placing::list(&caller(&replicas[1], Role::Http)).await;
    assert_eq!(stored, acknowledged);
}
