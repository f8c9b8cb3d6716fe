//! How many payloads a client sends.

use std::collections::VecDeque;

const WINDOW_MS: u64 = 60_000;

/// Counts a connection's payloads over 60 seconds. Heartbeats are left out: their number is the server's doing.
#[derive(Debug, Default)]
pub(super) struct Pace {
    sent: VecDeque<u64>,
}

impl Pace {
    /// Counts one payload at `now_ms`; false where that is more than `most` in the last 60 seconds.
    pub(super) fn allows(&mut self, now_ms: u64, most: usize) -> bool {
        while self.sent.front().is_some_and(|at| at + WINDOW_MS <= now_ms) {
            self.sent.pop_front();
        }
        self.sent.push_back(now_ms);
        self.sent.len() <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_over_a_sliding_minute() {
        let mut pace = Pace::default();
        assert!((0..3).all(|at| pace.allows(at, 3)));
        assert!(!pace.allows(59_999, 3));
        assert!(pace.allows(60_002, 3));
    }
}
