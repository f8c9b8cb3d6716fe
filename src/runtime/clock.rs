//! The only place that asks what time it is.

/// Where "now" comes from; tests give their own.
pub trait Clock: Send + Sync + 'static {
    /// Wall-clock time in Unix milliseconds: for people and for absolute times in rows.
    fn unix_ms(&self) -> i64;
    /// Time since boot, suspended time counted: for leases, which a sleeping machine must not outlive.
    fn boottime(&self) -> std::time::Duration;
}

/// The machine's own clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn unix_ms(&self) -> i64 {
        let since_epoch = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
    }

    fn boottime(&self) -> std::time::Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        std::time::Duration::new(
            time.tv_sec.try_into().unwrap_or_default(),
            time.tv_nsec.try_into().unwrap_or_default(),
        )
    }
}
