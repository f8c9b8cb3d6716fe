//! The REST API: the routes that modbot calls.
//! Source: Discord developer documentation and its OpenAPI document, by which a test checks each route.

mod audit_log;
mod bans;
mod bot;
mod call;
mod channels;
mod commands;
mod error;
mod guilds;
mod interactions;
pub(super) mod limits;
mod members;
mod messages;
pub(super) mod nonces;
mod permit;
mod pipeline;
mod reactions;
pub(super) mod routes;
pub(super) mod serve;
mod threads;
