//! The fence of a guild in one pod's database: who may write its rows there, and how that changes.
//!
//! Every write reads the fence in its own savepoint ([`FenceState::allows`]); every change of it is judged here
//! ([`change`]). States are ordered by (epoch, freeze number, phase), and a change is accepted only if it leads
//! upwards or says what is there already: so a command that comes late or twice changes nothing.

mod access;
mod change;
mod follow;
mod mode;
mod refusal;
mod state;

pub use access::Access;
pub use change::{FenceChange, Outcome, change};
pub use follow::{Moving, StoreWord, follow};
pub use mode::FenceMode;
pub use refusal::FenceRefusal;
pub use state::{Fence, FenceState, Position, Progress};

#[cfg(test)]
mod tests;
