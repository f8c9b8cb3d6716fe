//! Noting which rows of a guild change while it is being copied.
//!
//! For a guild that is captured, triggers write the key of every row that is inserted, changed or deleted into
//! `captured_<table>`, in the transaction that changes it: so a restart loses none, and a restore to an earlier state
//! loses them together with the rows. Beside the key stands the hash that the row had before: the guild's digest
//! is the digest everything was counted from (the base), minus those hashes, plus the hashes of the rows as they are.
//!
//! Keys belong to rounds. Closing a round begins the next; a round's keys go when the copy has its rows.

mod changes;
mod rounds;
mod triggers;

pub use rounds::Capture;

pub(super) use changes::changes;
pub(super) use rounds::read_from;
pub(super) use triggers::{captured_table, drop_everything};
