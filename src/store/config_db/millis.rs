//! Durations as PostgreSQL's `$1 * interval '1 ms'` takes them.

use std::time::Duration;

/// A duration in milliseconds.
pub(super) const fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
