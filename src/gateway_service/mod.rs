//! `modbot-gateway`: hosts Discord sessions, owns guilds. So far the daemon around them.

use std::convert::Infallible;

use axum::Router;

use crate::runtime::daemon::{Daemon, Shell};
use crate::runtime::settings::Settings;

/// The daemon.
pub struct Gateway;

/// Its settings beside the shell's: none yet.
#[derive(Debug, clap::Args)]
pub struct GatewaySettings {}

impl Settings for GatewaySettings {}

impl Daemon for Gateway {
    const NAME: &'static str = "modbot-gateway";
    const ABOUT: &'static str = "A pod of the fleet: hosts Discord sessions and owns guilds";
    const LISTEN: &'static str = "0.0.0.0:8082";
    const ADMIN_LISTEN: &'static str = "0.0.0.0:9082";
    type Settings = GatewaySettings;
    type Error = Infallible;

    async fn start(_settings: GatewaySettings, _shell: &Shell) -> Result<Router, Infallible> {
        Ok(Router::new())
    }
}
