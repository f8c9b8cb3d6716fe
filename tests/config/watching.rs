//! Watchers see every change once and in order, whatever happens to a daemon.

use std::collections::BTreeMap;

use modbot::client::config_api::{ConfigApi, WatchEvent};
use modbot::domain::ids::{GuildId, Revision};
use modbot::runtime::service_auth::Role;
use modbot::store::config_db::{ChangesSince, RevisionChanges};

use crate::support::config::{Raw, attach, caller, command, guilds, pod, replica};
use crate::support::daemon::{Daemon, free_address};
use crate::support::postgres::{TestDb, open};

/// Revisions that told something, each with the subjects of its changes.
type Seen = Vec<(Revision, Vec<String>)>;

/// Watches until revision `upto`; every revision that told something, with its subjects.
async fn watch_to(api: ConfigApi, since: Revision, upto: tokio::sync::watch::Receiver<Revision>) -> Seen {
    let mut watch = api.watch(since);
    let mut seen = Vec::new();
    while watch.cursor() < *upto.borrow() {
        match watch.next().await.unwrap() {
            WatchEvent::Relist => panic!("nothing was trimmed"),
            WatchEvent::Line(line) if line.changes.is_empty() => {}
            WatchEvent::Line(line) => {
                seen.push((
                    line.revision,
                    line.changes.into_iter().map(|change| change.subject).collect(),
                ));
            }
        }
    }
    seen
}

/// What the store says has happened after `since`, in the form of [`watch_to`].
async fn change_log(db: &TestDb, since: Revision) -> Seen {
    let log = open(&db.url()).changes_since(since, 10_000).await.unwrap().value;
    let ChangesSince::Changes(log) = log else {
        panic!("nothing was trimmed");
    };
    let subjects = |r: RevisionChanges| r.changes.into_iter().map(|change| change.subject).collect();
    log.into_iter().map(|r| (r.revision, subjects(r))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_once_and_in_order_across_restarts() {
    let db = TestDb::migrated();
    let steady = replica(&db.url());
    let (api_address, admin_address) = (free_address(), free_address());
    let start = || {
        let mut command = command(&db.url());
        command
            .env("MODBOT_LISTEN", &api_address)
            .env("MODBOT_ADMIN_LISTEN", &admin_address);
        Daemon::start(&mut command).ready()
    };
    let mut shaky = start();
    attach(&caller(&steady, Role::Pod), pod(0)).await;
    let api = caller(&steady, Role::Http);
    let since = api.pods().await.unwrap().stamp.position.revision;

    let (end, upto) = tokio::sync::watch::channel(Revision::new(u64::MAX >> 1));
    let mut watchers = tokio::task::JoinSet::new();
    for number in 0..6 {
        let daemon = if number == 0 { &steady } else { &shaky };
        watchers.spawn(watch_to(caller(daemon, Role::Http), since, upto.clone()));
    }
    // Changes go on while the watched replica stops in order, is killed, and comes back.
    let guilds = guilds(150, 4);
    for (number, guild) in guilds.iter().enumerate() {
        api.place(&[*guild]).await.unwrap();
        match number {
            40 => {
                shaky.process.terminate();
                assert_eq!(
                    shaky.process.wait_exit().code(),
                    Some(0),
                    "open streams do not hold it up"
                );
            }
            60 | 110 => shaky = start(),
            90 => shaky.process.kill9(),
            _ => {}
        }
    }
    // Its revision ends the watch: the last change there is.
    let last = api
        .place(&[GuildId::new(77).unwrap()])
        .await
        .unwrap()
        .stamp
        .position
        .revision;
    end.send(last).unwrap();

    let log = change_log(&db, since).await;
    let mut placed: BTreeMap<&str, usize> = BTreeMap::new();
    for subject in log.iter().flat_map(|(_, subjects)| subjects) {
        *placed.entry(subject).or_default() += 1;
    }
    assert!(
        guilds
            .iter()
            .all(|guild| placed[format!("guild/{guild}").as_str()] == 1)
    );
    for seen in watchers.join_all().await {
        assert_eq!(seen, log);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watchers_are_bounded_and_what_was_trimmed_is_gone() {
    let db = TestDb::migrated();
    let daemon = Daemon::start(command(&db.url()).env("MODBOT_MAX_WATCHERS", "2")).ready();
    attach(&caller(&daemon, Role::Pod), pod(0)).await;
    let watch = |since: u64| {
        Raw::new(
            reqwest::Method::GET,
            &format!("/v1/watch?since={since}"),
            Role::Http,
        )
    };
    let first = watch(0).send(&daemon).await;
    let second = watch(0).send(&daemon).await;
    let third = watch(0).send(&daemon).await;
    assert_eq!((first.status().as_u16(), third.status().as_u16()), (200, 503));
    assert!(third.headers().contains_key("retry-after"));
    drop(second);
    let again = crate::support::wait::until_async("a free place", async || {
        let response = watch(0).send(&daemon).await;
        (response.status() == 200).then_some(response)
    })
    .await;
    drop(again);

    let api = caller(&daemon, Role::Http);
    for guild in guilds(5, 5) {
        api.place(&[guild]).await.unwrap();
    }
    open(&db.url()).trim_changes(2).await.unwrap();
    let gone = crate::support::wait::until_async("the refusal", async || {
        let response = watch(0).send(&daemon).await;
        (response.status() != 503).then_some(response)
    })
    .await;
    assert_eq!(gone.status().as_u16(), 410);
    let ahead = watch(1_000_000).send(&daemon).await;
    assert_eq!(
        ahead.status().as_u16(),
        410,
        "a revision that the store has never had"
    );
    assert_eq!(
        api.watch(Revision::new(0)).next().await.unwrap(),
        WatchEvent::Relist
    );
    drop(first);
}
