//! What a RESUME gets when it is late, old or wrong.

use std::time::Duration;

use modbot::simulator::ledger::{EndReason, Outcome};
use modbot::simulator::settings::{OlderSeq, ReplayTrim};
use modbot::simulator::{Fault, Load, Mix, Settings, Simulator, Target};
use serde_json::{Value, json};

use super::raw::{Came, Raw, resume};
use super::{PATIENCE, settings, start};

const GUILD_MESSAGES: u64 = 1 << 9;

/// A session without guilds in its stream: READY is seq 1, then `messages`; all read, heartbeat sent for `beat`.
async fn session(settings: Settings, messages: u64, beat: Option<u64>) -> (Simulator, String) {
    let simulator = start(settings).await;
    let mut raw = Raw::greeted(&simulator).await;
    raw.identify(&simulator, (0, 1), GUILD_MESSAGES).await;
    let ready = raw.payload().await;
    simulator.burst(
        &Load {
            mix: Mix::MESSAGES,
            ..Load::default()
        },
        messages,
    );
    raw.payload_where(|payload| payload["s"] == 1 + messages).await;
    if let Some(seq) = beat {
        raw.send(&json!({ "op": 1, "d": seq })).await;
        raw.payload_where(|payload| payload["op"] == 11).await;
    }
    drop(raw);
    simulator
        .wait_for("the connection to be gone", PATIENCE, |ledger| {
            !ledger.sessions[0].attached
        })
        .await
        .unwrap();
    (simulator, ready["d"]["session_id"].as_str().unwrap().to_owned())
}

async fn resumed(simulator: &Simulator, session_id: &str, seq: u64) -> Came {
    let mut raw = Raw::connect(&simulator.urls().resume_gateway, "v=10&encoding=json").await;
    assert_eq!(raw.payload().await["op"], 10);
    raw.send(&resume(&simulator.token(), session_id, seq)).await;
    raw.next().await
}

fn is_op_9(came: &Came) -> bool {
    *came == Came::Payload(json!({ "op": 9, "d": false, "t": null, "s": null }))
}

fn seq(came: &Came) -> Option<u64> {
    match came {
        Came::Payload(payload) => payload["s"].as_u64(),
        _ => None,
    }
}

#[tokio::test]
async fn after_the_resume_window_a_session_is_gone_and_later_events_are_unheard() {
    let mut settings = settings();
    settings.gateway.resume_window = Duration::from_mins(2);
    let (simulator, id) = session(settings, 5, None).await;
    simulator.advance(Duration::from_secs(119));
    assert_eq!(simulator.ledger().sessions[0].ended, None);
    simulator.advance(Duration::from_secs(2));
    assert_eq!(simulator.ledger().sessions[0].ended, Some(EndReason::Expired));
    simulator.burst(
        &Load {
            mix: Mix::MESSAGES,
            ..Load::default()
        },
        3,
    );
    assert_eq!(simulator.ledger().unheard().count(), 3);
    assert!(is_op_9(&resumed(&simulator, &id, 3).await));
    assert_eq!(
        simulator.ledger().attempts.last().unwrap().outcome,
        Outcome::UnknownSession
    );
}

#[tokio::test]
async fn a_seq_that_was_never_sent_is_4007() {
    let (simulator, id) = session(settings(), 5, None).await;
    assert_eq!(resumed(&simulator, &id, 7).await, Came::Closed(4007));
}

#[tokio::test]
async fn an_older_seq_is_replayed_or_refused_as_the_settings_say() {
    let (simulator, id) = session(settings(), 5, Some(6)).await;
    assert_eq!(seq(&resumed(&simulator, &id, 2).await), Some(3));

    let mut strict = settings();
    strict.gateway.older_seq = OlderSeq::Refuse;
    let (simulator, id) = session(strict.clone(), 5, Some(4)).await;
    assert!(is_op_9(&resumed(&simulator, &id, 3).await));
    assert_eq!(
        simulator.ledger().attempts.last().unwrap().outcome,
        Outcome::SeqTooOld(3)
    );
    assert_eq!(seq(&resumed(&simulator, &id, 4).await), Some(5));
}

#[tokio::test]
async fn a_buffer_trimmed_by_heartbeat_replays_only_what_was_not_acknowledged() {
    let mut trimming = settings();
    trimming.gateway.replay_trim = ReplayTrim::ByHeartbeat;
    let (simulator, id) = session(trimming, 5, Some(4)).await;
    assert!(is_op_9(&resumed(&simulator, &id, 3).await));
    assert_eq!(seq(&resumed(&simulator, &id, 4).await), Some(5));
}

#[tokio::test]
async fn a_full_buffer_forgets_the_oldest() {
    let mut small = settings();
    small.gateway.replay_buffer = 3;
    let (simulator, id) = session(small, 2, None).await;
    simulator.burst(
        &Load {
            mix: Mix::MESSAGES,
            ..Load::default()
        },
        2,
    );
    assert!(is_op_9(&resumed(&simulator, &id, 1).await));
    assert_eq!(seq(&resumed(&simulator, &id, 2).await), Some(3));
}

#[tokio::test]
async fn a_session_forgotten_by_the_server_cannot_be_resumed() {
    let (simulator, id) = session(settings(), 5, None).await;
    assert_eq!(
        simulator.fault(Fault::ForgetSessions {
            target: Target::Session(id.clone())
        }),
        1
    );
    assert!(is_op_9(&resumed(&simulator, &id, 6).await));
    assert_eq!(simulator.ledger().sessions[0].ended, Some(EndReason::Invalidated));
}

#[tokio::test]
async fn closing_with_1000_ends_a_session_and_other_codes_do_not() {
    for (code, ends) in [(1000, true), (1001, true), (4000, false), (4999, false)] {
        let simulator = start(settings()).await;
        let mut raw = Raw::greeted(&simulator).await;
        raw.identify(&simulator, (0, 1), GUILD_MESSAGES).await;
        raw.payload().await;
        raw.close(code).await;
        simulator
            .wait_for("the session to be let go", PATIENCE, |ledger| {
                !ledger.sessions[0].attached
            })
            .await
            .unwrap();
        assert_eq!(simulator.ledger().sessions[0].ended.is_some(), ends, "{code}");
    }
}

#[tokio::test]
async fn the_newer_of_two_connections_holds_a_session() {
    let simulator = start(settings()).await;
    let mut first = Raw::greeted(&simulator).await;
    first.identify(&simulator, (0, 1), GUILD_MESSAGES).await;
    let ready: Value = first.payload().await;
    let id = ready["d"]["session_id"].as_str().unwrap();
    let mut second = Raw::greeted(&simulator).await;
    second.send(&resume(&simulator.token(), id, 1)).await;
    assert_eq!(second.payload().await["t"], "RESUMED");
    assert_eq!(first.close_code().await, 4000);
    simulator.burst(
        &Load {
            mix: Mix::MESSAGES,
            ..Load::default()
        },
        1,
    );
    assert_eq!(second.payload().await["t"], "MESSAGE_CREATE");
}
