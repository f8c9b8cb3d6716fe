//! What two copies of a guild are compared by: a digest that does not depend on the order or layout of rows.
//!
//! Each row is hashed with its table's name and the type of every value; a table's digest is the *sum* of its rows'
//! hashes (and their number). So a changed row is taken out and put back without reading the others, and copies in
//! different files, page sizes or insert orders agree. It guards against loss and mistakes, not against an
//! attacker who chooses rows: nothing is gained by a collision here.

mod row;
mod totals;

pub use row::{RowHash, RowHasher, Value};
pub use totals::{GuildDigest, GuildDigestError, TableDigest, TableDigests};
