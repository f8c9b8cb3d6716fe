//! The integration tests: one binary, one file per story.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test that fails should say where, at once; tests wait on real clocks and files"
)]

mod config;
mod config_store;
mod daemon_help;
mod daemon_shell;
#[cfg(feature = "local")]
mod gateway;
mod legacy;
mod levels;
mod local_postgres;
mod modbotctl;
mod replica;
mod shard_db;
#[cfg(feature = "local")]
mod simulator;
mod support;
