//! Discord's REST API, as far as the daemons call it.

mod gateway_bot;

pub use gateway_bot::{DiscordError, DiscordRest, SessionLimit};
