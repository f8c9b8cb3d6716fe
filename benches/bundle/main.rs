//! How fast guilds are exported and imported, beside `sqlite3` doing the same in the same run.
//!
//! `scripts/bench bundle [PART…] [ROWS…]`, the parts being `moving`, `small`, `capture` and `memory`; without arguments
//! all of them, with guilds of 10,000, 100,000 and 1,000,000 rows. Every figure is the median of several runs, ours and
//! the rival's in turn. A rival that is not installed is skipped, saying so.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, measures by real clocks, and fails at once"
)]

mod data;
mod memory;
mod moving;
mod report;
mod rival;
mod small;

/// What can be measured alone.
const PARTS: [&str; 4] = ["moving", "small", "capture", "memory"];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if args.first().is_some_and(|arg| arg == "child") {
        return memory::child(&args[1..]);
    }
    let (parts, sizes): (Vec<&String>, Vec<&String>) =
        args.iter().partition(|arg| PARTS.contains(&arg.as_str()));
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| *wanted == part);
    let sizes: Vec<i64> = sizes
        .into_iter()
        .map(|arg| {
            arg.parse()
                .unwrap_or_else(|_| panic!("{arg}: neither a number of rows nor one of {}", PARTS.join(", ")))
        })
        .collect();
    let sizes = if sizes.is_empty() {
        vec![10_000, 100_000, 1_000_000]
    } else {
        sizes
    };
    let place = data::Place::new();
    report::machine();
    if wanted("moving") {
        for rows in &sizes {
            moving::compare(&place, *rows);
        }
    }
    if wanted("small") {
        small::transactions(&place);
    }
    if wanted("capture") {
        small::capture(&place);
    }
    if wanted("memory") {
        memory::peak(&place, *sizes.last().unwrap());
    }
}
