//! Revision order is commit order: a watcher that has seen N has seen everything up to N.

use std::time::Duration;

use modbot::domain::fleet::PodState;
use modbot::domain::ids::Revision;
use modbot::store::config_db::{ChangesSince, ConfigDb, RevisionChanges};

use super::{TTL, by, guild, pod, start};
use crate::support::postgres::{TestDb, open};

async fn since(db: &ConfigDb, revision: u64) -> Vec<RevisionChanges> {
    match db
        .changes_since(Revision::new(revision), 10_000)
        .await
        .unwrap()
        .value
    {
        ChangesSince::Changes(changes) => changes,
        ChangesSince::Trimmed { .. } => panic!("trimmed"),
    }
}

#[tokio::test]
async fn a_transaction_held_open_hides_no_change_behind_a_later_one() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    start(&db, 0, TTL).await;
    let seen = db.stamp().await.unwrap().position.revision.get();

    // Somebody's change is under way and does not commit yet.
    let mut slow = crate::support::postgres::psql(&server.url()).await;
    sqlx::raw_sql("begin; select from store_meta for update")
        .execute(&mut slow)
        .await
        .unwrap();
    let others: Vec<_> = (1..=8)
        .map(|n| {
            let db = db.clone();
            tokio::spawn(async move { db.place(&[guild(n)], &by("a")).await.unwrap() })
        })
        .collect();
    // The slow one commits as revision seen + 1; nobody may be seen before it.
    sqlx::raw_sql("select pg_sleep(0.3)")
        .execute(&mut slow)
        .await
        .unwrap();
    assert_eq!(since(&db, seen).await, []);
    sqlx::raw_sql(
        "update store_meta set revision = revision + 1;
         insert into change_log select revision, 1, 'slow', 'slow', '{}' from store_meta; commit",
    )
    .execute(&mut slow)
    .await
    .unwrap();
    for other in others {
        other.await.unwrap();
    }
    let changes = since(&db, seen).await;
    assert_eq!(changes[0].changes[0].kind, "slow");
    let revisions: Vec<u64> = changes.iter().map(|c| c.revision.get()).collect();
    assert_eq!(revisions, (seen + 1..=seen + 9).collect::<Vec<_>>());
}

#[tokio::test]
async fn watchers_racing_with_writers_see_every_revision_once_and_in_order() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    start(&db, 0, TTL).await;
    let seen = db.stamp().await.unwrap().position.revision.get();
    let writers: Vec<_> = (0..8)
        .map(|w| {
            let db = db.clone();
            tokio::spawn(async move {
                for n in 1..=25 {
                    db.place(&[guild(w * 1_000 + n)], &by("a")).await.unwrap();
                }
            })
        })
        .collect();
    let mut at = seen;
    let mut guilds = std::collections::BTreeSet::new();
    while at < seen + 200 {
        assert!(
            writers.iter().any(|w| !w.is_finished()) || since(&db, at).await.len() as u64 == seen + 200 - at,
            "a writer failed"
        );
        for entry in since(&db, at).await {
            assert_eq!(entry.revision.get(), at + 1);
            at += 1;
            assert!(guilds.insert(entry.changes[0].subject.clone()));
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(guilds.len(), 200);
}

#[tokio::test]
async fn a_commit_is_announced_and_a_repeat_is_silent() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    start(&db, 0, TTL).await;
    let mut announcements = db.announcements().await.unwrap();
    let was = db
        .set_pod_state(pod(0), PodState::Cordoned, &by("a"))
        .await
        .unwrap();
    assert_eq!(was.value, PodState::Active);
    let heard = announcements.next(Duration::from_secs(10)).await.unwrap();
    assert_eq!(heard, Some(was.stamp.position.revision));
    let again = db
        .set_pod_state(pod(0), PodState::Cordoned, &by("a"))
        .await
        .unwrap();
    assert_eq!((again.value, again.stamp), (PodState::Cordoned, was.stamp));
}

#[tokio::test]
async fn a_watcher_that_is_too_far_behind_or_ahead_is_told_so() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    start(&db, 0, TTL).await;
    for n in 1..=20 {
        db.place(&[guild(n)], &by("a")).await.unwrap();
    }
    let head = db.stamp().await.unwrap().position.revision.get();
    assert_eq!(db.trim_changes(5).await.unwrap(), head - 5);
    let from = Revision::new(head - 5);
    let behind = db
        .changes_since(Revision::new(head - 6), 100)
        .await
        .unwrap()
        .value;
    assert_eq!(behind, ChangesSince::Trimmed { watch_from: from });
    let ahead = db
        .changes_since(Revision::new(head + 1), 100)
        .await
        .unwrap()
        .value;
    assert_eq!(ahead, ChangesSince::Trimmed { watch_from: from });
    assert_eq!(since(&db, head - 5).await.len(), 5);
}

#[tokio::test]
async fn a_revision_is_never_cut_in_two_by_the_limit() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    start(&db, 0, TTL).await;
    let seen = db.stamp().await.unwrap().position.revision;
    let guilds: Vec<_> = (1..=50).map(guild).collect();
    db.place(&guilds, &by("a")).await.unwrap();
    db.place(&[guild(51)], &by("a")).await.unwrap();
    let ChangesSince::Changes(page) = db.changes_since(seen, 10).await.unwrap().value else {
        panic!("trimmed")
    };
    assert_eq!(page.len(), 1);
    assert_eq!(page[0].changes.len(), 50);
}
