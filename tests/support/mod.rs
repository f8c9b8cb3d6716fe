//! What the stories share: a PostgreSQL server, databases on it, our binaries as processes, waiting.
//!
//! The official runner is `cargo test`: one process, so one server for the whole run. Under nextest
//! every test is a process and starts a server of its own: right, and slower.

#![allow(
    dead_code,
    reason = "stories come one after the other; what none uses at the end is deleted"
)]

pub(crate) mod config;
pub(crate) mod daemon;
pub(crate) mod golden;
pub(crate) mod mounted;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod shim;
pub(crate) mod wait;
