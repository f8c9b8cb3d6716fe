//! PostgreSQL goes back in time: here by putting rows back, in `config_recovery.rs` by putting files back.

use std::time::Duration;

use modbot::domain::fence::FenceMode;
use modbot::domain::ids::{Epoch, Revision};
use modbot::domain::recovery::JUMP;
use modbot::store::config_db::{ChangesSince, ConfigDb, FenceReport, StoreError};

use super::fleet::beat;
use super::{TTL, by, guild, pod, start};
use crate::support::postgres::{TestDb, open};

fn report(n: u32, incarnation: u64, known: u64, fences: &[(u64, u64, FenceMode)]) -> FenceReport {
    FenceReport {
        pod: pod(n),
        incarnation: modbot::domain::ids::Incarnation::new(incarnation),
        known_revision: Revision::new(known),
        fences: fences
            .iter()
            .map(|(g, e, m)| (guild(*g), Epoch::new(*e), *m))
            .collect(),
        sessions: Vec::new(),
    }
}

async fn revision(db: &ConfigDb) -> u64 {
    db.stamp().await.unwrap().position.revision.get()
}

#[tokio::test]
async fn a_revision_that_went_down_is_noticed_by_a_process_that_remembers() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    start(&db, 0, TTL).await;
    db.place(&[guild(1)], &by("a")).await.unwrap();
    let mut psql = crate::support::postgres::psql(&server.url()).await;
    sqlx::raw_sql("update store_meta set revision = revision - 1")
        .execute(&mut psql)
        .await
        .unwrap();
    assert!(db.guild(guild(1)).await.unwrap().stamp.recovering);
    for outcome in [
        db.place(&[guild(2)], &by("a")).await.map(|_| ()),
        db.set_pinned(guild(1), true, &by("a")).await.map(|_| ()),
        db.deal_discord_shards(TTL, &by("a")).await.map(|_| ()),
    ] {
        assert!(
            matches!(outcome, Err(StoreError::Recovering { .. })),
            "{outcome:?}"
        );
    }
    // A replica that was not there sees it too, and a guild that has an owner is still answered.
    let other = open(&server.url());
    let known = other.place(&[guild(1)], &by("a")).await.unwrap();
    assert!(known.stamp.recovering && known.value[0].is_ok());
}

#[tokio::test]
async fn a_caller_that_has_seen_more_proves_the_loss() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    start(&db, 0, TTL).await;
    let mut known = db.stamp().await.unwrap().position;
    assert!(!db.check_history(Some(&known)).await.unwrap().recovering);
    known.revision = known.revision.next();
    assert!(db.check_history(Some(&known)).await.unwrap().recovering);
    known.store_id = uuid::Uuid::nil();
    assert!(matches!(
        db.check_history(Some(&known)).await,
        Err(StoreError::ForeignStore { .. })
    ));
}

#[tokio::test]
async fn readers_racing_with_writers_raise_no_false_alarm() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    start(&db, 0, TTL).await;
    let racers: Vec<_> = (0..8u64)
        .map(|w| {
            let db = db.clone();
            tokio::spawn(async move {
                for n in 1..=30 {
                    assert!(
                        !db.place(&[guild(w * 100 + n)], &by("a"))
                            .await
                            .unwrap()
                            .stamp
                            .recovering
                    );
                    assert!(!db.guild(guild(n)).await.unwrap().stamp.recovering);
                }
            })
        })
        .collect();
    for racer in racers {
        racer.await.unwrap();
    }
}

#[tokio::test]
async fn a_new_timeline_or_another_server_is_a_lost_history_too() {
    for sql in [
        "update store_meta set timeline = '0000FFFF'",
        "update store_meta set system_identifier = '1'",
    ] {
        let server = TestDb::migrated();
        let db = open(&server.url());
        let mut psql = crate::support::postgres::psql(&server.url()).await;
        sqlx::raw_sql(sql).execute(&mut psql).await.unwrap();
        assert!(
            db.check_history(None).await.unwrap().recovering || db.stamp().await.unwrap().recovering,
            "{sql}"
        );
        // Nobody was leased: it is over at once, and stays over.
        assert!(
            db.try_finish_recovery(Duration::ZERO, &by("config"))
                .await
                .unwrap()
                .value
        );
        assert!(!db.check_history(None).await.unwrap().recovering, "{sql}");
    }
}

#[tokio::test]
async fn the_higher_epoch_wins_and_everything_jumps() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    let zero = start(&db, 0, TTL).await;
    let one = start(&db, 1, TTL).await;
    for (g, p) in [(1, 0), (2, 0), (3, 1)] {
        db.assign(guild(g), pod(p), &by("a")).await.unwrap();
    }
    let claimed = revision(&db).await + 500;
    let mut known = db.stamp().await.unwrap().position;
    known.revision = Revision::new(claimed - 3);
    db.check_history(Some(&known)).await.unwrap();

    let finish = || async {
        db.try_finish_recovery(Duration::ZERO, &by("config"))
            .await
            .unwrap()
            .value
    };
    assert!(!finish().await);
    // Guild 1 went from 0 to 1 in the lost history; guild 4 was born there, on a pod that the copy never saw.
    let zeros = [(1, 2, FenceMode::Tombstone), (2, 1, FenceMode::Serving)];
    db.report_fences(&report(0, zero.get(), claimed, &zeros))
        .await
        .unwrap();
    db.report_fences(&report(2, 77, 5, &[(4, 1, FenceMode::Serving)]))
        .await
        .unwrap();
    assert!(!finish().await, "pod 1 had a lease and has not reported");
    let beat_answer = db.heartbeat(&beat(1, one, 0), TTL).await.unwrap();
    assert!(beat_answer.value.report_fences && beat_answer.stamp.recovering);
    let ones = [(1, 2, FenceMode::Serving), (3, 1, FenceMode::Frozen)];
    db.report_fences(&report(1, one.get(), 9, &ones)).await.unwrap();
    assert!(
        !db.heartbeat(&beat(1, one, 0), TTL)
            .await
            .unwrap()
            .value
            .report_fences
    );
    assert!(
        !db.try_finish_recovery(TTL, &by("config")).await.unwrap().value,
        "a lease's time has not passed"
    );
    assert!(finish().await);

    let mut owners = Vec::new();
    for g in 1..=4 {
        let row = db.guild(guild(g)).await.unwrap().value.unwrap();
        owners.push((row.pod.get(), row.epoch.get() - JUMP));
    }
    assert_eq!(owners, [(1, 2), (0, 1), (1, 1), (2, 1)]);
    assert!(revision(&db).await > claimed);
    let told = db.assignment(pod(1), one).await.unwrap().value.guilds;
    assert_eq!(
        told.iter()
            .map(|g| g.raise_from.unwrap().get())
            .collect::<Vec<_>>(),
        [2, 1]
    );
    assert!(start(&db, 0, TTL).await.get() > JUMP);
    // Whoever watched must list anew.
    let since = db.changes_since(Revision::new(claimed), 10).await.unwrap().value;
    assert!(matches!(since, ChangesSince::Trimmed { .. }));
    db.place(&[guild(9)], &by("a")).await.unwrap();
}

#[tokio::test]
async fn an_operators_word_stands_for_a_pod_that_is_gone() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    start(&db, 0, TTL).await;
    assert!(matches!(
        db.waive_recovery_pod(pod(0), &by("op")).await,
        Err(StoreError::Refused(_))
    ));
    let mut known = db.stamp().await.unwrap().position;
    known.revision = known.revision.next();
    db.check_history(Some(&known)).await.unwrap();
    assert!(
        !db.try_finish_recovery(Duration::ZERO, &by("config"))
            .await
            .unwrap()
            .value
    );
    assert!(matches!(
        db.waive_recovery_pod(pod(5), &by("op")).await,
        Err(StoreError::Refused(_))
    ));
    db.waive_recovery_pod(pod(0), &by("op")).await.unwrap();
    let progress = db.recovery_progress().await.unwrap().value;
    assert_eq!(progress.pods[0].waived_by.as_deref(), Some("op"));
    assert!(
        db.try_finish_recovery(Duration::ZERO, &by("config"))
            .await
            .unwrap()
            .value
    );
}
