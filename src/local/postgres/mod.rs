//! A private PostgreSQL server: found, made, started, broken on purpose, and gone when its owner is.
//!
//! It listens on a Unix socket only, below a directory that only its own user may enter, so it needs
//! neither a port nor a password. It must never outlive the process that wanted it: see [`keeper`].

mod binaries;
mod copies;
mod error;
mod keeper;
mod server;
mod user;

pub use binaries::{Binaries, MIN_VERSION, Search};
pub use copies::SavedCopy;
pub use error::PostgresError;
pub use server::{Options, PostgresServer};
