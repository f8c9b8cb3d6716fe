//! What every process of ours needs: settings, telemetry, lifecycle, clock, files, service auth.

pub mod clock;
pub mod files;
