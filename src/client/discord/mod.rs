//! Discord's REST API, as far as the daemons call it.

mod calls;
mod gateway_bot;
mod requests;

pub use calls::{Call, Called, Method};
pub use gateway_bot::{DiscordError, DiscordRest, SessionLimit};
pub use requests::{look_up, request};
