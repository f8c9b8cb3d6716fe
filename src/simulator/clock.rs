//! The simulated Discord's clock: the wall clock, which a test can move forward.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Milliseconds since 1970, monotonic, plus what was added by [`Clock::advance`].
///
/// Windows counted in clock time (resume window, identify spacing, daily budget, rate-limit windows,
/// nonce window, timeouts) end sooner when the clock is moved; heartbeats run on real time.
#[derive(Debug)]
pub(super) struct Clock {
    started: Instant,
    started_ms: u64,
    ahead_ms: AtomicU64,
    stands: bool,
}

impl Clock {
    /// A clock that shows the time of day; one that `stands` moves only when it is advanced.
    #[expect(
        clippy::disallowed_methods,
        reason = "the simulator stands below runtime::clock and is itself a foreign system with its own time"
    )]
    pub(super) fn start(stands: bool) -> Self {
        let now = jiff::Timestamp::now().as_millisecond();
        Self {
            started: Instant::now(),
            started_ms: u64::try_from(now).unwrap_or_default(),
            ahead_ms: AtomicU64::new(0),
            stands,
        }
    }

    /// Milliseconds since 1970.
    pub(super) fn now_ms(&self) -> u64 {
        let run = if self.stands {
            0
        } else {
            u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
        };
        self.started_ms + run + self.ahead_ms.load(Ordering::Relaxed)
    }

    /// Moves the clock forward.
    pub(super) fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX / 4);
        self.ahead_ms.fetch_add(by, Ordering::Relaxed);
    }
}

/// `ms` as Discord writes times: RFC 3339 with microseconds and `+00:00`.
pub(super) fn iso(ms: u64) -> String {
    let stamp = i64::try_from(ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .unwrap_or_default();
    stamp.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_discord_writes_them() {
        assert_eq!(iso(1_772_236_608_287), "2026-02-27T23:56:48.287000+00:00");
    }

    #[tokio::test]
    async fn advancing_moves_the_clock_by_as_much() {
        let clock = Clock::start(true);
        let before = clock.now_ms();
        clock.advance(Duration::from_hours(24));
        assert_eq!(clock.now_ms() - before, 86_400_000);
    }
}
