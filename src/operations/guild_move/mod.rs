//! Moving guilds: the driver that carries the move machine's commands out, and the ledger's clean-up. Runs in
//! `modbot-config`, which takes up what nobody drives, and in `modbotctl`.

mod calls;
mod driver;
mod error;
mod ledger;
mod start;

pub use driver::{Driven, Mover, MoverSettings, Seen};
pub use error::MoveError;
pub use ledger::Cleaned;
pub use start::{MoveAsked, abort, plan, resume};
