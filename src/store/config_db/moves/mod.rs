//! Moves: the only way an owner changes.
//!
//! Here are the rows and the compare-and-sets; which step follows which is the move machine's business.

mod drive;
mod flip;
mod list;
mod plan;
mod row;
mod write;

pub use drive::Claim;
pub use flip::FlipOutcome;
pub use list::{MoveEvent, MoveFilter};
pub use plan::NewMove;
pub use row::MoveRow;
pub use write::WriteNote;
