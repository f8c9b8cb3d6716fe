//! The outbox: actions as rows of the guild, written with what decided them, claimed before Discord is asked, and
//! settled by what it answers.

mod begin;
mod claim;
mod insert;
mod open;
mod operate;
mod settle;

pub use claim::Claim;
pub use open::OpenAction;
pub use operate::{ActionRow, Changed, Filter};
pub use settle::Settled;

pub(super) use insert::{insert, let_wait, thread, threads_of};
pub(super) use settle::echoed;
