//! Discord shards and tickets to identify.

use std::num::NonZeroU32;
use std::time::Duration;

use modbot::domain::identify::TicketRefused;
use modbot::domain::ids::{DiscordShardId, Incarnation, NumShards};
use modbot::store::config_db::{BudgetReport, ConfigDb, Released, SessionCursor, StoreError, TicketAsk};

use super::{TTL, by, guild, pod, start};
use crate::support::postgres::{TestDb, open};

fn shard(n: u32) -> DiscordShardId {
    NumShards::DEFAULT.shard(n).unwrap()
}

fn budget(remaining: u32) -> BudgetReport {
    BudgetReport {
        total: 1_000,
        remaining,
        resets_in_ms: 3_600_000,
        max_concurrency: NonZeroU32::new(16).unwrap(),
    }
}

async fn counts(db: &ConfigDb) -> Vec<u64> {
    db.pods()
        .await
        .unwrap()
        .value
        .iter()
        .map(|p| p.discord_shards)
        .collect()
}

async fn ask(db: &ConfigDb, n: u32, life: Incarnation, id: u32) -> TicketAsk {
    let row = db.discord_shards().await.unwrap().value.remove(id as usize);
    TicketAsk {
        pod: pod(n),
        incarnation: life,
        shard: shard(id),
        host_epoch: row.host_epoch,
    }
}

#[tokio::test]
async fn pods_that_start_one_after_the_other_share_the_discord_shards_evenly() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    for (n, expected) in [vec![64], vec![32, 32], vec![22, 21, 21]].into_iter().enumerate() {
        start(&db, u32::try_from(n).unwrap(), TTL).await;
        db.deal_discord_shards(TTL, &by("deal")).await.unwrap();
        let mut counts = counts(&db).await;
        counts.sort_unstable_by(|a, b| b.cmp(a));
        assert_eq!(counts, expected);
    }
    let stamp = db.stamp().await.unwrap();
    assert_eq!(db.deal_discord_shards(TTL, &by("deal")).await.unwrap().value, []);
    assert_eq!(db.stamp().await.unwrap(), stamp);
}

#[tokio::test]
async fn discord_shards_without_a_session_follow_the_guilds_that_were_assigned() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    for id in 0..2 {
        start(&db, id, TTL).await;
    }
    db.deal_discord_shards(TTL, &by("deal")).await.unwrap();
    let hosts = || async { db.discord_shards().await.unwrap().value };
    let of_first: Vec<_> = hosts()
        .await
        .into_iter()
        .filter(|row| row.host == Some(pod(0)))
        .collect();
    // Two guilds of a Discord shard make more than one of it elsewhere.
    let moved = of_first[3].shard;
    for (number, owner) in [(1, 1), (2, 0), (3, 1)] {
        let one = guild((number << 32) + (u64::from(moved.get()) << 22));
        db.assign(one, pod(owner), &by("load")).await.unwrap();
    }
    let dealt = db.deal_discord_shards(TTL, &by("deal")).await.unwrap().value;
    assert!(dealt.contains(&(moved, pod(1))), "{dealt:?}");
    assert_eq!(dealt.len(), 2, "another goes the other way: {dealt:?}");
    assert_eq!(counts(&db).await, [32, 32]);
    assert_eq!(db.deal_discord_shards(TTL, &by("deal")).await.unwrap().value, []);
}

#[tokio::test]
async fn a_ticket_is_counted_takes_its_bucket_and_numbers_the_session() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    let life = start(&db, 0, TTL).await;
    db.deal_discord_shards(TTL, &by("deal")).await.unwrap();
    let zero = ask(&db, 0, life, 0).await;
    assert_eq!(
        db.ticket(&zero).await.unwrap().value,
        Err(TicketRefused::BudgetUnknown)
    );
    db.report_budget(pod(0), &budget(52), 50).await.unwrap();
    let ticket = db.ticket(&zero).await.unwrap().value.unwrap();
    assert_eq!((ticket.session_no.get(), ticket.remaining), (1, 51));
    // Shard 16 is in the same bucket, shard 1 is not.
    let refused = db.ticket(&ask(&db, 0, life, 16).await).await.unwrap().value;
    assert!(
        matches!(refused, Err(TicketRefused::TooSoon { wait_ms: 1..=5_000 })),
        "{refused:?}"
    );
    assert_eq!(
        db.ticket(&ask(&db, 0, life, 1).await)
            .await
            .unwrap()
            .value
            .unwrap()
            .remaining,
        50
    );
    let spent = db.ticket(&ask(&db, 0, life, 2).await).await.unwrap().value;
    assert!(
        matches!(
            spent,
            Err(TicketRefused::BudgetSpent {
                remaining: 50,
                reserve: 50,
                ..
            })
        ),
        "{spent:?}"
    );
    // An answer of Discord's that is older than the tickets does not give them back.
    db.report_budget(pod(0), &budget(52), 50).await.unwrap();
    let spent = db.ticket(&ask(&db, 0, life, 2).await).await.unwrap().value;
    assert!(
        matches!(spent, Err(TicketRefused::BudgetSpent { remaining: 50, .. })),
        "{spent:?}"
    );
}

#[tokio::test]
async fn tickets_asked_for_at_once_are_one_a_bucket() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    let life = start(&db, 0, TTL).await;
    db.deal_discord_shards(TTL, &by("deal")).await.unwrap();
    db.report_budget(pod(0), &budget(1_000), 0).await.unwrap();
    let began = std::time::Instant::now();
    let mut asking = Vec::new();
    for n in 0..64 {
        let (db, ask) = (db.clone(), ask(&db, 0, life, n).await);
        asking.push(tokio::spawn(async move {
            (ask.shard.get() % 16, db.ticket(&ask).await.unwrap().value)
        }));
    }
    let mut granted = [0; 16];
    for asked in asking {
        if let (bucket, Ok(_)) = asked.await.unwrap() {
            granted[bucket as usize] += 1;
        }
    }
    // A bucket gives one in 5 s; a slow disk may let more than that go by.
    let most = 1 + began.elapsed().as_secs() / 5;
    assert!(
        granted.iter().all(|count| (1..=most).contains(count)),
        "{granted:?}"
    );
}

#[tokio::test]
async fn a_session_is_released_and_adopted_with_its_cursor() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    let zero = start(&db, 0, TTL).await;
    db.deal_discord_shards(TTL, &by("deal")).await.unwrap();
    db.report_budget(pod(0), &budget(100), 0).await.unwrap();
    let asked = ask(&db, 0, zero, 7).await;
    let ticket = db.ticket(&asked).await.unwrap().value.unwrap();
    let one = start(&db, 1, TTL).await;
    // A shard with a session is not dealt away.
    db.deal_discord_shards(TTL, &by("deal")).await.unwrap();
    let cursor = SessionCursor {
        session_no: ticket.session_no,
        session_id: "abc".into(),
        resume_url: "wss://resume.test".into(),
        resume_at: 41,
    };
    let released = Released {
        shard: shard(7),
        host_epoch: asked.host_epoch,
        cursor: Some(cursor.clone()),
    };
    assert!(matches!(
        db.adopt_discord_shard(pod(1), one, shard(7), TTL).await,
        Err(StoreError::Refused(_))
    ));
    db.release_discord_shard(pod(0), zero, &released).await.unwrap();
    // Once: the host epoch has gone on.
    assert!(matches!(
        db.release_discord_shard(pod(0), zero, &released).await,
        Err(StoreError::Refused(_))
    ));
    assert!(matches!(db.ticket(&asked).await, Err(StoreError::Refused(_))));
    // Held for its former host, also from the deal; then free.
    assert!(matches!(
        db.adopt_discord_shard(pod(1), one, shard(7), TTL).await,
        Err(StoreError::Refused(_))
    ));
    assert_eq!(db.deal_discord_shards(TTL, &by("deal")).await.unwrap().value, []);
    let adopted = db
        .adopt_discord_shard(pod(1), one, shard(7), Duration::ZERO)
        .await
        .unwrap()
        .value;
    assert_eq!((adopted.host, adopted.cursor), (Some(pod(1)), Some(cursor)));
    let stamp = db.stamp().await.unwrap();
    assert_eq!(
        db.adopt_discord_shard(pod(1), one, shard(7), TTL)
            .await
            .unwrap()
            .stamp,
        stamp
    );
}
