//! How long an event takes from the socket to the commit, at 2,000 a second.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use modbot::simulator::Ledger;
use modbot::simulator::ledger::SessionRecord;

use crate::report::{line, percentile};
use crate::stage::{Cursors, Stage, held, messages};

const GUILDS: usize = 1000;
const PER_SECOND: f64 = 2000.0;
const LENGTH: Duration = Duration::from_secs(20);
/// The first of it, while caches fill.
const WARM_UP_MS: f64 = 3000.0;

/// When each Discord shard's cursor was first seen at a frame, in Unix milliseconds.
type Seen = BTreeMap<u32, Vec<(u64, f64)>>;

fn now_ms() -> f64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_secs_f64() * 1000.0
}

/// Looks at the cursors again and again until it is told to stop.
fn watch(cursors: &Cursors, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::new();
    while !stop.load(Ordering::Relaxed) {
        for (shard, seq) in cursors.all() {
            let at = seen.entry(shard).or_default();
            if at.last().is_none_or(|(last, _)| *last < seq) {
                at.push((seq, now_ms()));
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    seen
}

/// Milliseconds from publication to commit of every message after the warm-up.
fn times(ledger: &Ledger, seen: &Seen, began: f64) -> Vec<f64> {
    let of_session = |session: &SessionRecord| {
        let seen = seen.get(&session.shard).cloned().unwrap_or_default();
        let mut seen = seen.into_iter().peekable();
        let mut times = Vec::new();
        for (seq, event) in (1u64..).zip(&session.sent) {
            let event = &ledger.events[usize::try_from(event - 1).unwrap()];
            let at_ms = event.at_ms as f64;
            while seen.peek().is_some_and(|(up_to, _)| *up_to < seq) {
                seen.next();
            }
            if event.name == "MESSAGE_CREATE" && at_ms >= began + WARM_UP_MS {
                times.extend(seen.peek().map(|(_, when)| when - at_ms));
            }
        }
        times
    };
    held(ledger).flat_map(of_session).collect::<Vec<f64>>()
}

/// From the moment at which the event was published (before it was written to a socket) to the moment at which another
/// process could read it: both a little more than what is asked for, and by a millisecond or so.
pub(crate) async fn measure() {
    let stage = Stage::set(GUILDS).await;
    let pod = stage.pod();
    stage.quiet().await;
    let stop = Arc::new(AtomicBool::new(false));
    let (cursors, stopped) = (Cursors::open(&stage), Arc::clone(&stop));
    let watching = std::thread::spawn(move || watch(&cursors, &stopped));
    let cpu = pod.cpu();
    let began = now_ms();
    let load = stage.discord.load(messages(PER_SECOND));
    tokio::time::sleep(LENGTH).await;
    let sent = load.stop().await;
    let cpu = pod.cpu() - cpu;
    stage.quiet().await;
    stop.store(true, Ordering::Relaxed);
    let seen = watching.join().unwrap();
    let mut times = stage.discord.with_ledger(|ledger| times(ledger, &seen, began));
    times.sort_by(f64::total_cmp);
    let rate = sent as f64 / LENGTH.as_secs_f64();
    let p99 = percentile(&times, 0.99);
    line(
        "events in a second while latency was measured",
        &format!("{rate:.0}"),
        "",
        None,
    );
    line(
        "socket to commit, p50",
        &format!("{:.1} ms", percentile(&times, 0.5)),
        "",
        None,
    );
    line(
        "socket to commit, p99",
        &format!("{p99:.1} ms"),
        "aim: below 50 ms",
        Some(p99 < 50.0),
    );
    let micros = cpu * 1e6 / sent as f64;
    line(
        "CPU of an event at that rate",
        &format!("{micros:.1} us"),
        "",
        None,
    );
}
