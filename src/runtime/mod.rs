//! What every process of ours needs: settings, telemetry, lifecycle, clock, files, service auth.
//!
//! [`daemon`] puts them together: the three daemons differ only in what they serve and do.

pub mod admin;
pub mod background;
pub mod build_info;
pub mod clock;
pub mod daemon;
pub mod error_chain;
pub mod extract;
pub mod files;
pub mod lifecycle;
pub mod metrics;
pub mod problem;
pub mod readiness;
pub mod request_context;
pub mod server;
pub mod service_auth;
pub mod settings;
pub mod telemetry;
