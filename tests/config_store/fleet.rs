//! Pods start, renew, stop, and come back.

use std::time::Duration;

use modbot::domain::fleet::PodState;
use modbot::domain::ids::{Epoch, Incarnation, Revision};
use modbot::store::config_db::{Attach, CleanupKind, ConfigDb, Heartbeat, StoreError};

use super::{TTL, by, guild, hello, pod, start};
use crate::support::postgres::{TestDb, open};

pub(super) fn beat(n: u32, incarnation: Incarnation, rest_share: u32) -> Heartbeat {
    Heartbeat {
        pod: pod(n),
        incarnation,
        bytes: 1 << 20,
        events_per_s: 1.5,
        rest_share,
        known_revision: Revision::new(1),
        guild_loads: Vec::new(),
        sessions: Vec::new(),
    }
}

#[tokio::test]
async fn a_start_mints_an_incarnation_and_hands_out_the_pods_guilds() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    let first = start(&db, 0, TTL).await;
    db.place(&[guild(5), guild(6)], &by("a")).await.unwrap();
    db.mark_born(pod(0), first, &[(guild(5), Epoch::new(1))])
        .await
        .unwrap();
    let again = db
        .attach(
            &Attach {
                volume_lineage: Some(1),
                ..hello(0)
            },
            TTL,
            TTL,
        )
        .await
        .unwrap()
        .value;
    assert!(again.assignment.incarnation > first);
    assert_eq!((again.lineage, again.lineage_is_new), (1, false));
    let guilds: Vec<_> = again
        .assignment
        .guilds
        .iter()
        .map(|g| (g.guild, g.epoch.get(), g.born))
        .collect();
    assert_eq!(guilds, [(guild(5), 1, true), (guild(6), 1, false)]);
    // The former life can do nothing any more.
    for outcome in [
        db.heartbeat(&beat(0, first, 0), TTL).await.map(|_| ()),
        db.mark_born(pod(0), first, &[(guild(6), Epoch::new(1))])
            .await
            .map(|_| ()),
        db.detach(pod(0), first).await.map(|_| ()),
    ] {
        assert!(
            matches!(outcome, Err(StoreError::StaleIncarnation { .. })),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_pod_that_may_live_elsewhere_is_not_doubled() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    let life = start(&db, 0, TTL).await;
    let elsewhere = Attach {
        boot_id: "another machine".into(),
        ..hello(0)
    };
    let refused = db.attach(&elsewhere, TTL, TTL).await.unwrap_err();
    assert!(
        matches!(
            refused,
            StoreError::LeaseHeld {
                retry_after_ms: 1..,
                ..
            }
        ),
        "{refused}"
    );
    db.detach(pod(0), life).await.unwrap();
    db.attach(&elsewhere, TTL, TTL).await.unwrap();
}

#[tokio::test]
async fn an_unclean_change_of_machine_begins_a_lineage_and_retires_the_old() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    db.attach(&hello(0), Duration::ZERO, TTL).await.unwrap();
    let moved = Attach {
        boot_id: "another machine".into(),
        volume_lineage: Some(1),
        ..hello(0)
    };
    let attached = db.attach(&moved, TTL, TTL).await.unwrap().value;
    assert_eq!((attached.lineage, attached.lineage_is_new), (2, true));
    let cleanups = db.open_cleanups(10).await.unwrap().value;
    assert_eq!(
        cleanups.iter().map(|c| (c.pod, c.what)).collect::<Vec<_>>(),
        [(pod(0), CleanupKind::Lineage(1))]
    );
}

#[tokio::test]
async fn a_heartbeat_keeps_the_operators_word() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    let life = start(&db, 0, TTL).await;
    db.set_pod_state(pod(0), PodState::Draining, &by("a"))
        .await
        .unwrap();
    let stamp = db.stamp().await.unwrap();
    let answer = db.heartbeat(&beat(0, life, 0), TTL).await.unwrap();
    assert_eq!(answer.value.state, PodState::Draining);
    assert_eq!(answer.stamp, stamp);
    assert_eq!(db.pod(pod(0)).await.unwrap().value.state, PodState::Draining);
    assert_eq!(db.stamp().await.unwrap(), stamp);
    assert!(matches!(
        db.heartbeat(&beat(8, life, 0), TTL).await,
        Err(StoreError::NoSuchPod(_))
    ));
}

async fn share(db: &ConfigDb, n: u32, life: Incarnation, used: u32) -> u32 {
    db.heartbeat(&beat(n, life, used), TTL)
        .await
        .unwrap()
        .value
        .rest_share
}

#[tokio::test]
async fn the_rest_budget_is_handed_over_only_after_it_was_given_up() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    let zero = start(&db, 0, TTL).await;
    assert_eq!(share(&db, 0, zero, 0).await, 45_000);
    let one = start(&db, 1, TTL).await;
    assert_eq!(share(&db, 1, one, 0).await, 0);
    // Pod 0 is told its smaller share, and may not have heard it.
    assert_eq!(share(&db, 0, zero, 45_000).await, 22_500);
    assert_eq!(share(&db, 1, one, 0).await, 0);
    assert_eq!(share(&db, 0, zero, 22_500).await, 22_500);
    assert_eq!(share(&db, 1, one, 0).await, 22_500);
}
