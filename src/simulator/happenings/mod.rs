//! What happens in the world, whoever does it: the change, its event and its audit-log entry together.

mod audit;
mod channels;
mod guilds;
mod interactions;
pub(super) mod members;
pub(super) mod messages;
mod reactions;
mod request_members;
