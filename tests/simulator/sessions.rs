//! Sessions as a real client lives them: it identifies, receives, breaks off, resumes.

use modbot::simulator::ledger::{Closer, EndReason, Outcome, Via};
use modbot::simulator::{Fault, Load, Mix, Simulator, Target};

use super::raw::Raw;
use super::twilight::{Client, Plan};
use super::{PATIENCE, settings, start};

fn messages() -> Load {
    Load {
        mix: Mix::MESSAGES,
        ..Load::default()
    }
}

/// Everything that was sent was received, once and in order.
fn assert_exact(simulator: &Simulator, client: &Client) {
    let kept = client.positions();
    let kept = kept.iter().map(|(session, seq)| (session.as_str(), *seq));
    let reckoning = simulator.with_ledger(|ledger| ledger.reckon(kept));
    assert!(reckoning.is_exact(), "{reckoning:?}");
}

#[tokio::test]
async fn a_client_identifies_and_gets_ready_its_guilds_and_messages_over_zstd() {
    let simulator = start(settings()).await;
    let client = Client::connect(&simulator, Plan::default());
    let ready = client.event("READY").await;
    assert_eq!(ready.seq, 1);
    assert_eq!(ready.data["shard"], serde_json::json!([0, 1]));
    assert_eq!(ready.data["guilds"].as_array().unwrap().len(), 6);
    simulator.burst(&messages(), 100);
    simulator.quiet(PATIENCE).await.unwrap();
    let seen = client.seen();
    let count = |name: &str| seen.events.iter().filter(|event| event.name == name).count();
    assert_eq!(
        (count("READY"), count("GUILD_CREATE"), count("MESSAGE_CREATE")),
        (1, 6, 100)
    );
    assert_exact(&simulator, &client);
    let ledger = simulator.ledger();
    assert!(ledger.connections[0].compressed);
    assert!(ledger.sessions[0].is_quiet());
    client.end().await;
    simulator
        .wait_for("the session to end", PATIENCE, |ledger| {
            ledger.sessions[0].ended == Some(EndReason::ClosedByClient)
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn after_every_kind_of_break_the_client_resumes_and_nothing_is_lost_or_doubled() {
    let simulator = start(settings()).await;
    let client = Client::connect(&simulator, Plan::default());
    client.event("READY").await;
    let all = || Target::All;
    let breaks = [
        Fault::Drop { target: all() },
        Fault::Reset { target: all() },
        Fault::Reconnect { target: all() },
        Fault::InvalidSession {
            target: all(),
            resumable: true,
        },
        Fault::Close {
            target: all(),
            code: 4000,
        },
        Fault::Close {
            target: all(),
            code: 4008,
        },
        Fault::Close {
            target: all(),
            code: 1012,
        },
    ];
    for (number, fault) in breaks.into_iter().enumerate() {
        simulator.burst(&messages(), 50);
        assert_eq!(simulator.fault(fault.clone()), 1, "{fault:?}");
        simulator.burst(&messages(), 50);
        simulator
            .wait_for(&format!("a resume after {fault:?}"), PATIENCE, |ledger| {
                ledger.resumes() == number + 1
            })
            .await
            .unwrap();
        simulator.quiet(PATIENCE).await.unwrap();
        assert_exact(&simulator, &client);
    }
    let ledger = simulator.ledger();
    assert_eq!(ledger.identifies(), 1);
    let resumed = ledger
        .connections
        .iter()
        .skip(1)
        .filter(|one| one.session.is_some());
    assert!(resumed.clone().count() >= 7);
    assert!(
        resumed
            .into_iter()
            .all(|connection| connection.via == Via::ResumeUrl)
    );
}

#[tokio::test]
async fn a_session_is_resumed_by_another_process_with_what_was_missed() {
    let simulator = start(settings()).await;
    let first = Client::connect(&simulator, Plan::default());
    first.event("GUILD_CREATE").await;
    simulator.quiet(PATIENCE).await.unwrap();
    let mut kept = first.positions();
    let session = first.leave().await;
    simulator.burst(&messages(), 30);
    let second = Client::connect(
        &simulator,
        Plan {
            resume: Some(session),
            ..Plan::default()
        },
    );
    second.event("RESUMED").await;
    simulator.quiet(PATIENCE).await.unwrap();
    kept.extend(second.positions());
    assert_eq!(second.positions().len(), 31);
    let ledger = simulator.ledger();
    let kept = kept.iter().map(|(session, seq)| (session.as_str(), *seq));
    assert!(ledger.reckon(kept).is_exact());
    assert_eq!((ledger.identifies(), ledger.resumes()), (1, 1));
}

#[tokio::test]
async fn op_9_that_is_not_resumable_costs_an_identify_and_what_was_not_replayed_is_known() {
    let simulator = start(settings()).await;
    let client = Client::connect(&simulator, Plan::default());
    let ready = client.event("READY").await;
    simulator.quiet(PATIENCE).await.unwrap();
    simulator.fault(Fault::RefuseResumes {
        times: 1,
        resumable: false,
    });
    simulator.fault(Fault::Drop { target: Target::All });
    simulator
        .wait_for("the connection to be gone", PATIENCE, |ledger| {
            ledger.connections[0].closed.is_some()
        })
        .await
        .unwrap();
    let before = simulator.with_ledger(|ledger| ledger.sessions[0].last_seq());
    simulator.burst(&messages(), 20);
    client
        .until("a second READY", |seen| {
            seen.events.iter().filter(|event| event.name == "READY").count() == 2
        })
        .await;
    let ledger = simulator.ledger();
    assert_eq!(ledger.identifies(), 2);
    assert!(
        ledger
            .attempts
            .iter()
            .any(|attempt| attempt.outcome == Outcome::RefusedByOrder)
    );
    // Messages of the time between stand in the old session only, beyond what its client acknowledged.
    assert_eq!(ledger.beyond(&ready.session, before).len(), 20);
}

#[tokio::test]
async fn fatal_close_codes_are_given_and_the_client_gives_up() {
    for code in [4004, 4010, 4011, 4012, 4013, 4014] {
        let simulator = start(settings()).await;
        let client = Client::connect(&simulator, Plan::default());
        client.event("READY").await;
        simulator.fault(Fault::Close {
            target: Target::All,
            code,
        });
        let seen = client.until("the end", |seen| seen.gave_up).await;
        assert_eq!(seen.closed, [Some(code)]);
        let ledger = simulator.ledger();
        assert_eq!(ledger.sessions[0].ended, Some(EndReason::ClosedByServer(code)));
        let closed = ledger.connections[0].closed.unwrap();
        assert_eq!((closed.by, closed.code), (Closer::Server, Some(code)));
    }
}

#[tokio::test]
async fn a_client_whose_heartbeats_are_not_answered_resumes() {
    let simulator = start(settings()).await;
    let client = Client::connect(&simulator, Plan::default());
    client.event("READY").await;
    simulator.quiet(PATIENCE).await.unwrap();
    simulator.fault(Fault::StallAcks { target: Target::All });
    simulator
        .wait_for("the client to leave", PATIENCE, |ledger| {
            ledger.connections[0].closed.is_some()
        })
        .await
        .unwrap();
    simulator.fault(Fault::Clear);
    simulator
        .wait_for("a resume", PATIENCE, |ledger| ledger.resumes() >= 1)
        .await
        .unwrap();
    simulator.burst(&messages(), 10);
    simulator.quiet(PATIENCE).await.unwrap();
    assert_exact(&simulator, &client);
    assert_eq!(simulator.ledger().identifies(), 1);
}

#[tokio::test]
async fn a_client_that_stops_beating_is_closed_with_4009_and_its_session_ends() {
    let mut settings = settings();
    settings.gateway.heartbeat_interval = std::time::Duration::from_millis(30);
    settings.gateway.heartbeat_grace = std::time::Duration::from_millis(30);
    let simulator = start(settings).await;
    let mut raw = Raw::greeted(&simulator).await;
    raw.identify(&simulator, (0, 1), 1).await;
    assert_eq!(raw.close_code().await, 4009);
    assert_eq!(
        simulator.ledger().sessions[0].ended,
        Some(EndReason::ClosedByServer(4009))
    );
}

#[tokio::test]
async fn frozen_and_delayed_events_come_in_order_once_that_is_over() {
    let simulator = start(settings()).await;
    let client = Client::connect(&simulator, Plan::default());
    client.event("READY").await;
    simulator.quiet(PATIENCE).await.unwrap();
    simulator.fault(Fault::Freeze {
        target: Target::Shard(0),
    });
    simulator.burst(&messages(), 20);
    let heartbeats = simulator.with_ledger(|ledger| ledger.connections[0].heartbeats);
    simulator
        .wait_for("heartbeats while frozen", PATIENCE, |ledger| {
            ledger.connections[0].heartbeats >= heartbeats + 2
        })
        .await
        .unwrap();
    assert_eq!(
        client
            .seen()
            .events
            .iter()
            .filter(|event| event.name == "MESSAGE_CREATE")
            .count(),
        0
    );
    simulator.fault(Fault::Clear);
    simulator.fault(Fault::Delay {
        target: Target::All,
        ms: 20,
    });
    simulator.burst(&messages(), 20);
    simulator.quiet(PATIENCE).await.unwrap();
    assert_exact(&simulator, &client);
}

#[tokio::test]
async fn two_sessions_of_one_shard_both_hear_and_each_count_of_shards_has_its_own_formula() {
    let simulator = start(settings()).await;
    let plan = |shard| Plan {
        shard,
        ..Plan::default()
    };
    let twins = [
        Client::connect(&simulator, plan((0, 1))),
        Client::connect(&simulator, plan((0, 1))),
    ];
    let halves = [
        Client::connect(&simulator, plan((0, 2))),
        Client::connect(&simulator, plan((1, 2))),
    ];
    for client in twins.iter().chain(&halves) {
        client.event("READY").await;
    }
    simulator.quiet(PATIENCE).await.unwrap();
    simulator.burst(&messages(), 200);
    simulator.quiet(PATIENCE).await.unwrap();
    let heard = |client: &Client| -> Vec<u64> {
        let seen = client.seen();
        let messages = seen.events.iter().filter(|event| event.name == "MESSAGE_CREATE");
        messages
            .map(|event| event.data["guild_id"].as_str().unwrap().parse().unwrap())
            .collect()
    };
    assert_eq!(twins.each_ref().map(|twin| heard(twin).len()), [200, 200]);
    let [even, odd] = halves.each_ref().map(heard);
    assert_eq!(even.len() + odd.len(), 200);
    assert!(even.iter().all(|guild| (guild >> 22) % 2 == 0));
    assert!(odd.iter().all(|guild| (guild >> 22) % 2 == 1));
}
