//! How far long work has come, on stderr while somebody watches.

mod bytes;
mod moves;
mod rows;
mod steps;

use std::io::IsTerminal as _;

use crate::runtime::settings::{Environment, Source as _};

pub(super) use bytes::Bar;
pub(super) use moves::MovesBar;
pub(super) use rows::{RowsBar, on_a_thread};
pub(super) use steps::{ProgressArgs, with_progress, with_progress_between};

/// Whether a bar can be drawn and is worth it: stderr is a terminal, `TERM` is not dumb, `CI` is not set.
fn watched() -> bool {
    let set = |name: &str| Environment.get(name).filter(|value| !value.is_empty());
    let plain = set("CI").is_some() || set("TERM").is_some_and(|term| term == "dumb");
    std::io::stderr().is_terminal() && !plain
}
