//! Moving a guild from the pod that owns it to another: stop, export, import, start.
//!
//! One machine, pure: [`next`] takes the move as it is and what has happened, and answers what to do. A step is
//! written into the store before anybody acts on it, each write is a compare-and-set, and each call to a pod is judged
//! by that pod's fence; so a driver may die anywhere, two may work at once, and calls may come late or twice.
//!
//! What a pod does by itself when it hears of the store's word is [`super::fence::follow`].

mod command;
mod custody;
mod event;
mod machine;
mod stage;

pub use command::{Call, Command, Ended, Write};
pub use custody::has_taken_over;
pub use event::{Answer, Event, Party};
pub use machine::next;
pub use stage::{Cut, GuildMove, Limits, MoveFacts, Stage};

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
