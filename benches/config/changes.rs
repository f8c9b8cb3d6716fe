//! New guilds, and how soon watchers hear of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use modbot::client::config_api::{ConfigApi, WatchEvent};
use modbot::domain::ids::Revision;
use modbot::store::config_db::By;

use super::caller::Caller;
use super::lookups::Figures;
use super::stage::{GUILDS, Stage, guild};

/// Guilds that no figure has used yet.
static NEXT: AtomicU64 = AtomicU64::new(GUILDS);

/// One new guild a call, `callers` at once; each is synced to disk before its answer.
pub(crate) async fn placements(stage: &Stage, callers: usize, span: Duration) -> Figures {
    let mut running = tokio::task::JoinSet::new();
    let started = Instant::now();
    for _ in 0..callers {
        let address = stage.address.clone();
        running.spawn(async move {
            let mut caller = Caller::connect(&address, Stage::key()).await;
            let mut times = Vec::new();
            while started.elapsed() < span {
                let new = guild(NEXT.fetch_add(1, Ordering::Relaxed));
                let asked = Instant::now();
                caller
                    .call("POST", "/v1/guilds/place", &format!(r#"{{"guilds":["{new}"]}}"#))
                    .await;
                times.push(asked.elapsed());
            }
            times
        });
    }
    let times = running.join_all().await.concat();
    Figures::of(times, started.elapsed())
}

/// From a change's commit, as its maker hears of it, to each watcher's line.
pub(crate) struct Watched {
    pub(crate) changes: usize,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) worst: Duration,
}

/// Fifty changes a second past the replica, which hears of them from PostgreSQL alone.
pub(crate) async fn commit_to_watcher(stage: &Stage, watchers: usize, span: Duration) -> Watched {
    let since = stage.db.stamp().await.unwrap().position.revision;
    let mut running = tokio::task::JoinSet::new();
    let (end, ends) = tokio::sync::watch::channel(Revision::new(u64::MAX));
    for _ in 0..watchers {
        running.spawn(watch(stage.api(), since, ends.clone()));
    }
    // The streams are open.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut committed: BTreeMap<Revision, Instant> = BTreeMap::new();
    let started = Instant::now();
    let mut beat = tokio::time::interval(Duration::from_millis(20));
    while started.elapsed() < span {
        beat.tick().await;
        let new = guild(NEXT.fetch_add(1, Ordering::Relaxed));
        let placed = stage.db.place(&[new], &By::daemon("bench")).await.unwrap();
        committed.insert(placed.stamp.position.revision, Instant::now());
    }
    end.send(*committed.keys().next_back().unwrap()).unwrap();
    let mut waits = Vec::new();
    for seen in running.join_all().await {
        for (revision, at) in &committed {
            // A line may overtake the answer to the change's maker.
            waits.push(seen[revision].saturating_duration_since(*at));
        }
    }
    waits.sort_unstable();
    Watched {
        changes: committed.len(),
        p50: waits[waits.len() / 2],
        p99: waits[waits.len() * 99 / 100],
        worst: *waits.last().unwrap(),
    }
}

async fn watch(
    api: ConfigApi,
    since: Revision,
    ends: tokio::sync::watch::Receiver<Revision>,
) -> BTreeMap<Revision, Instant> {
    let mut watch = api.watch(since);
    let mut seen = BTreeMap::new();
    while watch.cursor() < *ends.borrow() {
        match watch.next().await.unwrap() {
            WatchEvent::Line(line) => {
                // A keepalive repeats the last revision.
                seen.entry(line.revision).or_insert_with(Instant::now);
            }
            WatchEvent::Relist => panic!("nothing was trimmed"),
        }
    }
    seen
}
