//! How fast an old database is split, beside SQLite's own ATTACH and INSERT … SELECT of the same rows.
//!
//! `scripts/bench legacy [ROWS]`; 5,000,000 rows without an argument. Each side runs in a process of its own, which
//! says how much memory it needed; both read the file from a warm cache, and what both write is synced inside the
//! time. The rival copies rows as they are into one file per pod, with the old tables and indexes; ours also looks
//! through every page of the source, counts, checks, converts and hashes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, measures by real clocks, and fails at once"
)]

mod ours;
mod rival;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use modbot::operations::legacy::progress::Silent;
use modbot::operations::legacy::sample::{self, Options};

const PODS: u32 = 3;
const ROUNDS: usize = 3;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let [child, side, home] = args.as_slice()
        && child == "child"
    {
        let (source, out) = (Path::new(home).join("old.sqlite3"), Path::new(home).join(side));
        match side.as_str() {
            "ours" => ours::split(&source, &out, PODS),
            _ => rival::copy(&source, &out, PODS),
        }
        println!("{}", peak_kib());
        return;
    }
    let rows: u64 = args
        .first()
        .map_or(5_000_000, |rows| rows.parse().expect("a number of rows"));
    let home = tempfile::tempdir().unwrap();
    let made = Instant::now();
    let source = home.path().join("old.sqlite3");
    sample::make(
        &source,
        Options {
            guilds: 1_000,
            rows,
            seed: 1,
        },
        &Silent,
    )
    .unwrap();
    let bytes = std::fs::metadata(&source).unwrap().len();
    println!(
        "{rows} rows, {} MB, 1000 guilds, {PODS} pods (made in {:.1?})",
        bytes / 1_000_000,
        made.elapsed()
    );
    let mut taken = [Vec::new(), Vec::new()];
    for round in 1..=ROUNDS {
        for (side, taken) in ["ours", "rival"].into_iter().zip(&mut taken) {
            let (seconds, kib) = measure(side, home.path());
            println!(
                "round {round}: {side:<5} {:>9.0} rows/s, {seconds:>5.1} s, peak {} MB",
                rows as f64 / seconds,
                kib / 1024
            );
            taken.push(seconds);
        }
    }
    let [ours, rival] = taken.map(|mut seconds| {
        seconds.sort_by(f64::total_cmp);
        seconds[seconds.len() / 2]
    });
    println!("median: ours/rival {:.2} (aim 0.8)", rival / ours);
}

/// Runs one side in a process of its own: seconds, and KiB at its peak.
fn measure(side: &str, home: &Path) -> (f64, u64) {
    let start = Instant::now();
    let done = Command::new(std::env::current_exe().unwrap())
        .args(["child", side])
        .arg(home)
        .output()
        .unwrap();
    let seconds = start.elapsed().as_secs_f64();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    std::fs::remove_dir_all(home.join(side)).unwrap();
    (
        seconds,
        String::from_utf8(done.stdout).unwrap().trim().parse().unwrap(),
    )
}

/// The most memory that this process has had, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
