//! Restoring a shard from its replica, and saying what a replica holds.
//!
//! [`restore()`] lists the replica once, plans, reads the planned files newest first with every checksum
//! verified, and writes each page once, from the newest file that has it. An object that turns out to be
//! damaged or gone is left out and the rest planned again: the result is the state that was asked for, or an
//! error that names what is in the way. Never an older state.
//!
//! A file's checksum covers its decompressed pages, so a page that a newer file replaces is decompressed
//! too, and not written: skipping it would leave the file's other pages, and its list of pages, unverified.

mod catalog;
mod error;
mod integrity;
mod legacy;
mod open_file;
mod output;
mod page_map;
mod read_files;
mod request;
mod run;
mod status;
mod unit;
mod verify;

pub use error::{Damaged, RestoreError};
pub use request::{Integrity, Note, Phase, Progress, ReadLimits, Request, Restored, Wanted};
pub use run::restore;
pub use status::{ReplicaPoints, ReplicaStatus, points, status};
pub use verify::{ObjectVerdict, Verified, verify};
