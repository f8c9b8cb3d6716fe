//! What a daemon gives the shell, and the shell a daemon.

use axum::Router;

use crate::runtime::background::Loops;
use crate::runtime::lifecycle::Lifecycle;
use crate::runtime::metrics::Metrics;
use crate::runtime::readiness::Readiness;
use crate::runtime::server::Limits;
use crate::runtime::settings::Settings;

/// What one daemon adds to the shell.
pub trait Daemon {
    /// The program's name, such as `modbot-config`.
    const NAME: &'static str;
    /// One line for `--help`.
    const ABOUT: &'static str;
    /// Where the API port listens unless told otherwise.
    const LISTEN: &'static str;
    /// Where the admin port listens unless told otherwise.
    const ADMIN_LISTEN: &'static str;
    /// Its settings, beside the shell's.
    type Settings: Settings;
    /// Why it cannot start.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Builds the API's routes and spawns background work on `shell.lifecycle.tasks`. Must not wait for
    /// other servers: what is missing is a failing readiness check, not a daemon that does not start.
    fn start(
        settings: Self::Settings,
        shell: &Shell,
    ) -> impl Future<Output = Result<Router, Self::Error>> + Send;
}

/// What the shell offers a daemon.
#[derive(Clone)]
pub struct Shell {
    /// Where to register metrics.
    pub metrics: Metrics,
    /// Where to add readiness checks.
    pub readiness: Readiness,
    /// Where to start background loops.
    pub loops: Loops,
    /// When to stop, and where to spawn.
    pub lifecycle: Lifecycle,
    /// The API port's bounds.
    pub limits: Limits,
}
