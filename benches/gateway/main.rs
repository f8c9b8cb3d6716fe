//! What one gateway pod does: committed events, the time from the socket to the commit, memory, and the start.
//!
//! `scripts/bench gateway [PART…] [MESSAGES]`, the parts being `throughput`, `latency`, `memory` and `restart`; without arguments
//! all of them. The pod is the real process, alone, over the simulated Discord in this one. The rival of the
//! throughput is a C loop of the same statements in transactions of the same size, over the same file.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, measures by real clocks, and fails at once"
)]

mod latency;
mod memory;
mod report;
mod restart;
mod rival;
mod stage;
mod throughput;

/// What can be measured alone.
const PARTS: [&str; 4] = ["throughput", "latency", "memory", "restart"];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let (parts, counts): (Vec<&String>, Vec<&String>) =
        args.iter().partition(|arg| PARTS.contains(&arg.as_str()));
    let messages = counts.first().map_or(200_000, |arg| {
        arg.parse().unwrap_or_else(|_| {
            panic!(
                "{arg}: neither a number of messages nor one of {}",
                PARTS.join(", ")
            )
        })
    });
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| *wanted == part);
    report::machine();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        if wanted("throughput") {
            throughput::compare(messages).await;
        }
        if wanted("latency") {
            latency::measure().await;
        }
        if wanted("memory") {
            memory::measure().await;
        }
        if wanted("restart") {
            restart::measure().await;
        }
    });
}
