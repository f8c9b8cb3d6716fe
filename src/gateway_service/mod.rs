//! `modbot-gateway`: hosts Discord sessions and owns guilds, each in its own part.
//!
//! [`host`] reads the sessions and hands every frame, in order, to [`owner`], which writes the frame's effects, the
//! guild's fence and the session's cursor in one transaction.

mod api;
pub mod fleet;
mod fleet_settings;
pub mod frame;
pub mod gaps;
pub mod guilds;
pub mod host;
pub mod lease;
pub mod loads;
mod moving;
pub mod owner;
mod pause;
pub mod sender;
pub mod session_rows;
mod settings;
mod start;
mod start_fleet;

pub use settings::{GatewaySettings, ReplicaKind};
pub use start::StartError;

use axum::Router;

use crate::runtime::daemon::{Daemon, Shell};

/// The daemon.
pub struct Gateway;

impl Daemon for Gateway {
    const NAME: &'static str = "modbot-gateway";
    const ABOUT: &'static str = "A pod of the fleet: hosts Discord sessions and owns guilds";
    const LISTEN: &'static str = "0.0.0.0:8082";
    const ADMIN_LISTEN: &'static str = "0.0.0.0:9082";
    type Settings = GatewaySettings;
    type Error = StartError;

    async fn start(settings: GatewaySettings, shell: &Shell) -> Result<Router, StartError> {
        start::start(settings, shell).await
    }
}
