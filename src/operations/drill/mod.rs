//! Drills: every shard restored to a scratch place and held against what the config store says of it.
//!
//! A backup that nobody restores does not exist. Each shard is restored as an emergency would restore it, checked, and
//! deleted again before the next: a drill needs room for the largest shard.

mod junit;
mod run;

pub use junit::junit;
pub use run::{DrillError, Drilled, Options, Restorable, drill};
