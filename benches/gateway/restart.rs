//! How long a pod that was killed under load takes to commit its first event again.

use std::time::{Duration, Instant};

use crate::report::line;
use crate::stage::{Cursors, Stage, messages};

const GUILDS: usize = 1000;
const RUNS: usize = 5;

pub(crate) async fn measure() {
    let stage = Stage::set(GUILDS).await;
    let mut pod = stage.pod();
    stage.quiet().await;
    let load = stage.discord.load(messages(500.0));
    let cursors = Cursors::open(&stage);
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let before = cursors.sum();
        while cursors.sum() < before + 500 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        pod.kill9();
        stage.gone().await;
        let before = cursors.sum();
        let began = Instant::now();
        pod = stage.pod();
        while cursors.sum() == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        times.push(began.elapsed().as_secs_f64());
    }
    load.stop().await;
    times.sort_by(f64::total_cmp);
    let (median, longest) = (times[RUNS / 2], times[RUNS - 1]);
    line(
        &format!("start to first committed event (longest: {longest:.2} s)"),
        &format!("{median:.2} s"),
        "aim: below 2 s",
        Some(median < 2.0),
    );
}
