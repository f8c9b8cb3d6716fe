//! The pod's API as an operator sees it.

use std::sync::Arc;

use modbot::client::pod_api::{FencePage, PodHealth, Queues, SessionPhase};
use modbot::runtime::clock::SystemClock;
use modbot::runtime::service_auth::{Role, SignedClient, SigningKey};
use serde::de::DeserializeOwned;

use super::World;
use crate::support::daemon::{Daemon, http};

const KEY: &str = "0123456789abcdef0123456789abcdef";

async fn asked<T: DeserializeOwned>(client: &SignedClient, url: String) -> T {
    let request = client.http().get(url).build().unwrap();
    let answer = client.send(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn health_fences_and_queues_say_what_is_in_the_file() {
    let world = World::start(3, 2).await;
    let pod = Daemon::start(world.command().env("MODBOT_AUTH_OPERATOR_KEY", KEY)).ready();
    world.quiet().await;
    let key = SigningKey::new(Role::Operator, KEY);
    let client = SignedClient::new(http().clone(), key, Arc::new(SystemClock));

    let health: PodHealth = asked(&client, format!("{}/v1/health", pod.api)).await;
    assert!(health.standalone);
    let cursors: Vec<_> = health
        .sessions
        .iter()
        .map(|one| (one.discord_shard, one.cursor.unwrap().seq))
        .collect();
    let seqs: Vec<_> = world
        .cursors()
        .into_iter()
        .map(|(shard, (_, seq))| (shard, seq))
        .collect();
    assert_eq!(cursors, seqs);
    assert!(health.sessions.iter().all(|one| one.state == SessionPhase::Live));

    let mut guilds = Vec::new();
    let mut after = String::new();
    loop {
        let page: FencePage = asked(&client, format!("{}/v1/fences?limit=2{after}", pod.api)).await;
        guilds.extend(page.fences.iter().map(|fence| fence.guild.get()));
        match page.next {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    let mut expected: Vec<u64> = world.discord.guilds().iter().map(|guild| guild.id.0).collect();
    expected.sort_unstable();
    assert_eq!(guilds, expected);
    let queues: Queues = asked(&client, format!("{}/v1/queues", pod.api)).await;
    assert_eq!(queues, Queues::default());

    let unsigned = http().get(format!("{}/v1/health", pod.api)).send().await.unwrap();
    assert_eq!(unsigned.status(), 401);
}
