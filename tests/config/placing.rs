//! Two replicas, sixteen callers, five hundred guilds that all of them see first.

use std::collections::BTreeMap;
use std::sync::Arc;

use modbot::client::config_api::ConfigApi;
use modbot::domain::fleet::PodState;
use modbot::domain::ids::{GuildId, PodId};
use modbot::runtime::service_auth::Role;
use modbot::store::config_db::By;

use crate::support::config::{attach, caller, guilds, pod, replica};
use crate::support::daemon::{Daemon, get};
use crate::support::postgres::{TestDb, open};
use crate::support::wait;

/// Places all guilds in calls of some size, beginning somewhere in the middle; the owners it was told.
async fn place_all(api: ConfigApi, guilds: Arc<Vec<GuildId>>, number: usize) -> BTreeMap<GuildId, PodId> {
    let mut order = guilds.to_vec();
    order.rotate_left(number * 37 % guilds.len());
    if number % 2 == 1 {
        order.reverse();
    }
    let mut owners = BTreeMap::new();
    for call in order.chunks(1 + number * 7) {
        let answer = api.place(call).await.unwrap().value;
        assert_eq!(answer.unplaced, []);
        owners.extend(answer.placed.into_iter().map(|placed| (placed.guild, placed.pod)));
    }
    owners
}

/// Every guild and its owner, page by page.
pub(super) async fn list(api: &ConfigApi) -> BTreeMap<GuildId, PodId> {
    let mut all = BTreeMap::new();
    let mut after = None;
    loop {
        let page = api.guilds(after, 120).await.unwrap().value;
        all.extend(page.guilds.iter().map(|guild| (guild.guild, guild.pod)));
        match page.next {
            Some(next) => after = Some(next),
            None => return all,
        }
    }
}

/// Three pods that may take guilds, one cordoned, one draining, one whose lease is over.
async fn start_pods(replica: &Daemon, db: &TestDb) {
    let pods = caller(replica, Role::Pod);
    for ordinal in 0..6 {
        attach(&pods, pod(ordinal)).await;
    }
    let store = open(&db.url());
    let by = By::daemon("test");
    store
        .set_pod_state(pod(3), PodState::Cordoned, &by)
        .await
        .unwrap();
    store
        .set_pod_state(pod(4), PodState::Draining, &by)
        .await
        .unwrap();
    let fifth = pods.pod(pod(5)).await.unwrap().value;
    pods.detach(pod(5), fifth.incarnation).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_gets_the_same_owner_and_the_pods_share_alike() {
    let db = TestDb::migrated();
    let replicas = [replica(&db.url()), replica(&db.url())];
    start_pods(&replicas[0], &db).await;
    let guilds = Arc::new(guilds(500, 1));
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..16 {
        let api = caller(&replicas[number % 2], Role::Http);
        callers.spawn(place_all(api, Arc::clone(&guilds), number));
    }
    let told = callers.join_all().await;
    assert!(
        told.iter().all(|owners| *owners == told[0]),
        "one owner each, whoever asks"
    );
    assert_eq!(told[0].len(), 500);

    let mut shares: BTreeMap<PodId, u32> = BTreeMap::new();
    for owner in told[0].values() {
        *shares.entry(*owner).or_default() += 1;
    }
    assert!(
        shares.keys().all(|owner| owner.get() < 3),
        "closed pods got something: {shares:?}"
    );
    let (least, most) = (shares.values().min().unwrap(), shares.values().max().unwrap());
    // The rule lets a host be 20 % above the least loaded, counted with the guild itself.
    assert!(*most * 10 <= (*least + 1) * 12, "{shares:?}");

    // A lookup never changes an owner, and the replicas agree.
    for (number, guild) in guilds.iter().enumerate() {
        let api = caller(&replicas[number % 2], Role::Http);
        assert_eq!(
            api.guild(*guild).await.unwrap().unwrap().value.pod,
            told[0][guild]
        );
    }
    for replica in &replicas {
        assert_eq!(list(&caller(replica, Role::Operator)).await, told[0]);
    }
    let asked: f64 = replicas
        .iter()
        .map(|r| metric(&r.admin, "modbot_place_requests_total"))
        .sum();
    let made: f64 = replicas
        .iter()
        .map(|r| metric(&r.admin, "modbot_place_batches_total"))
        .sum();
    assert!(
        made < asked,
        "{asked} requests in {made} transactions: nothing was coalesced"
    );
}

fn metric(admin: &str, name: &str) -> f64 {
    let (_, text) = get(&format!("{admin}/metrics")).unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).expect(name);
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_shards_are_dealt_evenly_as_pods_come() {
    let db = TestDb::migrated();
    let replica = replica(&db.url());
    let pods = caller(&replica, Role::Pod);
    for (ordinal, expected) in [(0, vec![64]), (1, vec![32, 32]), (2, vec![21, 21, 22])] {
        attach(&pods, pod(ordinal)).await;
        wait::until_async("dealt evenly", async || {
            let mut counts: BTreeMap<PodId, usize> = BTreeMap::new();
            for shard in pods.discord_shards().await.unwrap().value.discord_shards {
                *counts.entry(shard.host?).or_default() += 1;
            }
            let mut counts: Vec<_> = counts.into_values().collect();
            counts.sort_unstable();
            (counts == expected).then_some(())
        })
        .await;
    }
}
