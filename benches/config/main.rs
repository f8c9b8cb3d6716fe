//! What `modbot-config` does in a second, beside what PostgreSQL alone does on the same machine in the same run.
//!
//! Run it by `scripts/bench config`, or one part of it by its name: `lookups`, `placements`, `watchers`. Everything runs on this machine: PostgreSQL (commits are synced to disk),
//! one replica, and the callers, which sign every request.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a benchmark prints its figures and fails loudly"
)]

mod caller;
mod changes;
mod lookups;
mod pgbench;
mod stage;

use std::time::Duration;

use stage::Stage;
use tokio::runtime::Runtime;

/// How long each figure is measured.
const SPAN: Duration = Duration::from_secs(8);
/// Callers at once, of PostgreSQL and of the replica alike.
const CALLERS: usize = 16;

fn main() {
    // `cargo bench` passes `--bench`, and `cargo test --benches` passes nothing: then there is nothing to do.
    let (flags, parts): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|arg| arg == "--bench");
    if flags.is_empty() {
        return;
    }
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let stage = runtime.block_on(stage::Stage::set());
    println!(
        "{CALLERS} callers, {} s each, {} guilds in the store",
        SPAN.as_secs(),
        stage::GUILDS
    );
    if wanted("lookups") {
        lookups(&stage, &runtime);
    }
    if wanted("placements") {
        placements(&stage, &runtime);
    }
    if wanted("watchers") {
        watchers(&stage, &runtime);
    }
}

fn lookups(stage: &Stage, runtime: &Runtime) {
    let bare = pgbench::selects_per_second(&stage.server, CALLERS, SPAN);
    println!("pgbench -S -M prepared            {bare:>9.0} /s");
    let lookups = runtime.block_on(lookups::per_second(stage, CALLERS, SPAN));
    println!(
        "lookups through one replica       {:>9.0} /s   p50 {:?}  p99 {:?}",
        lookups.per_second, lookups.p50, lookups.p99
    );
    println!(
        "  ratio to pgbench                {:>9.2}      aim 0.30",
        lookups.per_second / bare
    );
}

fn placements(stage: &Stage, runtime: &Runtime) {
    for callers in [1, CALLERS, 64] {
        let placed = runtime.block_on(changes::placements(stage, callers, SPAN));
        println!(
            "placements, {callers:>2} callers            {:>9.0} /s   p50 {:?}  p99 {:?}   aim 500",
            placed.per_second, placed.p50, placed.p99
        );
    }
}

fn watchers(stage: &Stage, runtime: &Runtime) {
    let watched = runtime.block_on(changes::commit_to_watcher(stage, 20, SPAN));
    println!(
        "commit to watcher, 20 watchers    {:>9} changes   p50 {:?}  p99 {:?}  worst {:?}   aim p99 10 ms",
        watched.changes, watched.p50, watched.p99, watched.worst
    );
}
