//! The old single database: read without a trace, split, verified, joined.

mod samples;
mod source;
mod splitting;
mod verifying;
