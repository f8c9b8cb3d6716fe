//! Values and rules of modbot: no I/O, no tokio, no clock, no random.
//!
//! Everything here takes values and returns values with reasons, so that it can be tested without a
//! server and read without knowing one.

pub mod ids;
pub mod legacy;
