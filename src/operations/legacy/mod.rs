//! The old bot's single database comes in, provably whole, and can go back out.

pub mod census;
pub mod inspect;
pub mod progress;
pub mod sample;
mod walk;
