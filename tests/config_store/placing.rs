//! Placing brand-new guilds.

use modbot::domain::fleet::PodState;
use modbot::store::config_db::{GuildFilter, StoreError};
use std::time::Duration;

use super::{TTL, by, guild, pod, start};
use crate::support::postgres::{TestDb, open};

#[tokio::test]
async fn every_caller_gets_the_same_owner_and_the_spread_is_within_the_rule() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    for n in 0..3 {
        start(&db, n, TTL).await;
    }
    // Two stores' worth of connections, as two replicas have.
    let dbs = [open(&server.url()), open(&server.url())];
    let snowflakes: Vec<_> = (1..=100u64).map(|n| guild(n * 7_777_777_777_777 + n)).collect();
    let callers: Vec<_> = (0..8)
        .map(|caller| {
            let db = dbs[caller % 2].clone();
            let mut guilds = snowflakes.clone();
            guilds.rotate_left(caller * 13);
            tokio::spawn(async move {
                let mut owners = std::collections::BTreeMap::new();
                for guild in guilds {
                    let placed = db
                        .place(&[guild], &by("a"))
                        .await
                        .unwrap()
                        .value
                        .remove(0)
                        .unwrap();
                    owners.insert(guild, placed.pod);
                }
                owners
            })
        })
        .collect();
    let mut answers = Vec::new();
    for caller in callers {
        answers.push(caller.await.unwrap());
    }
    assert!(answers.iter().all(|owners| *owners == answers[0]));
    let pods = db.pods().await.unwrap().value;
    let counts: Vec<u64> = pods.iter().map(|p| p.guilds).collect();
    assert_eq!(counts.iter().sum::<u64>(), 100);
    let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
    assert!(most * 100 <= (least + 1) * 120, "{counts:?}");
    let audit = db
        .audit(&modbot::store::config_db::AuditFilter {
            limit: 1_000,
            ..Default::default()
        })
        .await
        .unwrap();
    assert_eq!(
        audit.value.iter().filter(|e| e.action == "guild.place").count(),
        100
    );
}

#[tokio::test]
async fn closed_pods_get_nothing_new_and_keep_what_they_have() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    start(&db, 0, TTL).await;
    db.place(&[guild(1)], &by("a")).await.unwrap();
    start(&db, 1, TTL).await;
    start(&db, 2, Duration::ZERO).await;
    for (n, state) in [(0, PodState::Cordoned), (1, PodState::Draining)] {
        db.set_pod_state(pod(n), state, &by("a")).await.unwrap();
    }
    let outcome = db.place(&[guild(1), guild(2)], &by("a")).await.unwrap();
    assert_eq!(outcome.value[0].as_ref().unwrap().pod, pod(0));
    assert_eq!(
        outcome.value[1].as_ref().unwrap_err().to_string(),
        "no pod takes new guilds: pod-0: it is cordoned, pod-1: it is draining, pod-2: its lease has run out"
    );
    assert_eq!(db.guild(guild(2)).await.unwrap().value, None);
    db.set_pod_state(pod(1), PodState::Active, &by("a"))
        .await
        .unwrap();
    assert_eq!(
        db.place(&[guild(2)], &by("a")).await.unwrap().value[0]
            .as_ref()
            .unwrap()
            .pod,
        pod(1)
    );
}

#[tokio::test]
async fn a_guild_goes_to_the_host_of_its_discord_shard() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    start(&db, 0, TTL).await;
    start(&db, 1, TTL).await;
    db.deal_discord_shards(Duration::ZERO, &by("a")).await.unwrap();
    let shards = db.discord_shards().await.unwrap().value;
    let hosts: Vec<_> = shards.iter().map(|s| s.host.unwrap()).collect();
    // Shard k and shard k+1 in turn keep the load even, so that the host always gets its guild.
    let (mut of_0, mut of_1): (Vec<_>, Vec<_>) =
        (0..64u64).partition(|k| hosts[usize::try_from(*k).unwrap()] == pod(0));
    assert_eq!((of_0.len(), of_1.len()), (32, 32));
    for _ in 0..20 {
        for (shards, host) in [(&mut of_0, pod(0)), (&mut of_1, pod(1))] {
            let id = guild((shards.pop().unwrap() << 22) + 5);
            let placed = db.place(&[id], &by("a")).await.unwrap().value.remove(0).unwrap();
            assert_eq!(placed.pod, host);
        }
    }
}

#[tokio::test]
async fn an_operator_assigns_a_guild_once() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    start(&db, 0, TTL).await;
    start(&db, 1, TTL).await;
    assert!(matches!(
        db.assign(guild(9), pod(7), &by("a")).await,
        Err(StoreError::NoSuchPod(_))
    ));
    assert_eq!(
        db.assign(guild(9), pod(1), &by("a")).await.unwrap().value.pod,
        pod(1)
    );
    let stamp = db.stamp().await.unwrap();
    assert_eq!(db.assign(guild(9), pod(1), &by("a")).await.unwrap().stamp, stamp);
    let refused = db.assign(guild(9), pod(0), &by("a")).await.unwrap_err();
    assert!(matches!(refused, StoreError::OwnedElsewhere { owner, .. } if owner == pod(1)));
    assert_eq!(db.stamp().await.unwrap(), stamp);
}

#[tokio::test]
async fn guilds_are_listed_page_by_page() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    start(&db, 0, TTL).await;
    let ids: Vec<_> = (1..=25).map(guild).collect();
    db.place(&ids, &by("a")).await.unwrap();
    db.set_pinned(guild(3), true, &by("a")).await.unwrap();
    let mut listed = Vec::new();
    let mut filter = GuildFilter {
        limit: 10,
        ..Default::default()
    };
    loop {
        let page = db.guilds(&filter).await.unwrap().value;
        let Some(last) = page.last() else { break };
        filter.after = Some(last.guild);
        listed.extend(page.iter().map(|g| g.guild));
    }
    assert_eq!(listed, ids);
    let pinned = GuildFilter {
        pinned: Some(true),
        limit: 10,
        ..Default::default()
    };
    assert_eq!(db.guilds(&pinned).await.unwrap().value[0].guild, guild(3));
    assert_eq!(db.count_guilds(&pinned).await.unwrap(), 1);
}
