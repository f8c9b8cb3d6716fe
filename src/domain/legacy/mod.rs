//! The old bot's single database: what its rows mean, and where each belongs.
//!
//! Every rule about the old data is here, once: how ids and instants are spelt, which guild a row belongs
//! to, which rows cannot be carried and why. `docs/legacy.md` says the same to the operator.

pub mod attribution;
pub mod balance;
pub mod holders;
pub mod id;
pub mod instant;
pub mod json;
mod refusal;
pub mod row;
pub mod tables;
mod tally;
mod value;

pub use refusal::Refusal;
pub use tally::Tally;
pub use value::{NewValue, OldValue, OwnedValue, payload_bytes, show};
