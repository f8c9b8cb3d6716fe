//! The old single database: read without a trace, split, verified, joined.

mod joining;
mod property;
mod samples;
mod source;
mod splitting;
mod verifying;
