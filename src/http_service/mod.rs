//! `modbot-http`: the stateless tier in front of the pods. So far the daemon around it.

use std::convert::Infallible;

use axum::Router;

use crate::runtime::daemon::{Daemon, Shell};
use crate::runtime::settings::Settings;

/// The daemon.
pub struct Http;

/// Its settings beside the shell's: none yet.
#[derive(Debug, clap::Args)]
pub struct HttpSettings {}

impl Settings for HttpSettings {}

impl Daemon for Http {
    const NAME: &'static str = "modbot-http";
    const ABOUT: &'static str = "The public tier: portal, webhooks and interactions, routed by guild";
    const LISTEN: &'static str = "0.0.0.0:8080";
    const ADMIN_LISTEN: &'static str = "0.0.0.0:9080";
    type Settings = HttpSettings;
    type Error = Infallible;

    async fn start(_settings: HttpSettings, _shell: &Shell) -> Result<Router, Infallible> {
        Ok(Router::new())
    }
}
