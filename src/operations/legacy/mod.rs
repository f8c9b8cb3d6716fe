//! The old bot's single database comes in, provably whole, and can go back out.

pub mod census;
pub mod fleet;
pub mod inspect;
pub mod join;
pub mod load;
pub mod manifest;
mod mapping;
pub mod progress;
pub mod sample;
pub mod split;
pub mod verify;
mod walk;
