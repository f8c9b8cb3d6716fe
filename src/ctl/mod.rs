//! `modbotctl`: what an operator types, and what an operator reads.
//!
//! One file per verb: parse -> operation -> render. No rule lives here: what may be done is decided by the
//! operations, which the config daemon shares. Data goes to stdout, everything else to stderr, and every way
//! to end has a documented code.

mod actor;
mod audit;
mod bucket;
mod bundle;
mod changed;
mod cli;
mod completion;
mod connection;
mod consent;
mod context;
mod drill;
mod exit;
mod failure;
mod file_failure;
mod guild;
mod ids;
mod interrupts;
mod legacy;
#[cfg(feature = "local")]
mod local;
mod man;
mod mover;
mod moves;
mod outbox;
mod output;
mod pod;
mod pods;
mod printer;
mod progress;
mod rebalance;
mod replica;
mod restore;
mod run;
mod session;
mod shard;
mod status;
mod store;
mod style;
mod version;

pub use exit::ExitStatus;
pub use run::{command, main};
