//! Figures as lines.

use std::time::{Duration, Instant};

/// How long `work` takes.
pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

/// The middle one.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Rows a second.
pub(crate) fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

pub(crate) fn machine() {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load when it began: {}", load.trim());
    println!("{:<52} {:>14} {:>14} {:>7}  aim", "", "ours", "rival", "ratio");
}

/// One line: ours beside a rival's, both "more is better".
pub(crate) fn line(what: &str, ours: f64, rival: Option<f64>, aim: Option<f64>) {
    let number = |value: f64| format!("{value:.0}");
    let ratio = rival.map(|rival| ours / rival);
    println!(
        "{what:<52} {:>14} {:>14} {:>7}  {}",
        number(ours),
        rival.map_or("-".into(), number),
        ratio.map_or("-".into(), |ratio| format!("{ratio:.2}")),
        aim.map_or(String::new(), |aim| {
            let met = ratio.is_some_and(|ratio| ratio >= aim);
            format!("{aim} {}", if met { "met" } else { "MISSED" })
        })
    );
}
