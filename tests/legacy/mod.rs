//! The old single database: read without a trace, split, verified, joined.

mod joining;
mod samples;
mod source;
mod splitting;
mod verifying;
