//! How many `MESSAGE_CREATE` a pod commits in a second, beside a C loop of the same statements and batches.

use std::time::{Duration, Instant};

use crate::report::line;
use crate::rival;
use crate::stage::{Cursors, Stage, messages};

const GUILDS: usize = 1000;
/// Frames that the pod's writer commits together at most.
const BATCH: u64 = 512;

/// What has been sent while no pod was there comes at once when one is: the pod takes it in as fast as it can.
pub(crate) async fn compare(count: u64) {
    let stage = Stage::set(GUILDS).await;
    let pod = stage.pod();
    stage.quiet().await;
    pod.kill9();
    stage.gone().await;
    let cursors = Cursors::open(&stage);
    let start = cursors.sum();
    stage.discord.burst(&messages(0.0), count);
    let pod = stage.pod();
    while cursors.sum() == start {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let (began, cpu) = (Instant::now(), pod.cpu());
    let first = cursors.sum() - start;
    while cursors.sum() - start < count {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let took = began.elapsed().as_secs_f64();
    let cpu = pod.cpu() - cpu;
    let events = (count - first) as f64;
    let ours = events / took;
    stage.quiet().await;
    drop(cursors);
    pod.kill9();
    let theirs = rival::c_loop(stage.path("message_create")).map(|program| {
        let (wall, cpu) = rival::run(&program, &stage.file(), count, BATCH);
        (count as f64 / wall, cpu * 1e6 / count as f64)
    });
    if theirs.is_none() {
        eprintln!("skipped: no cc, or no SQLite source, for the C loop");
    }
    report(ours, cpu * 1e6 / events, theirs);
}

/// Events a second and microseconds of CPU for each: ours, and the C loop's.
fn report(ours: f64, own_micros: f64, theirs: Option<(f64, f64)>) {
    line(
        "MESSAGE_CREATE committed in a second",
        &format!("{ours:.0}"),
        "",
        None,
    );
    if let Some((rate, micros)) = theirs {
        line("the C loop", &format!("{rate:.0}"), "", None);
        let ratio = ours / rate;
        line(
            "ours to the C loop's",
            &format!("{ratio:.2}"),
            "aim: 0.5",
            Some(ratio >= 0.5),
        );
        line(
            "CPU of an event, the C loop",
            &format!("{micros:.1} us"),
            "",
            None,
        );
    }
    line(
        "CPU of an event, all of the pod",
        &format!("{own_micros:.1} us"),
        "",
        None,
    );
}
