//! Actions at Discord: what was decided, how far its sending has come, and what to do about one of which nobody knows
//! whether Discord did it.
//!
//! An action is a row of the transaction that decided it. Its id is made from what caused it, so whoever decides the
//! same again writes the same row. Everything here takes values and returns values with reasons.

mod action;
mod id;
mod reply;
mod settle;
mod state;

pub use action::{Action, Kind, Planned, Post, Purpose, ThreadLog};
pub use id::{ActionId, Cause};
pub use reply::{Reply, Verdict, judge};
pub use settle::{AuditEntry, LookUp, Seen, Standing, Step, found, next_step};
pub use state::ActionState;
