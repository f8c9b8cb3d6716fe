//! Invalid requests: Discord shuts an address out for a while after 10,000 of them in ten minutes.

use std::collections::VecDeque;

/// The window. Source: Discord, "Rate Limits", "Invalid Request Limit".
const WINDOW_MS: u64 = 10 * 60 * 1000;

/// Answers of 401, 403 and 429 (those with the scope `shared` apart) in the last ten minutes.
#[derive(Debug, Clone)]
pub struct InvalidRequests {
    most: usize,
    seen: VecDeque<u64>,
}

impl InvalidRequests {
    /// At most so many are risked in ten minutes.
    pub const fn new(most: usize) -> Self {
        Self {
            most,
            seen: VecDeque::new(),
        }
    }

    /// One more.
    pub fn count(&mut self, now_ms: u64) {
        self.seen.push_back(now_ms);
        // What is beyond the limit changes nothing any more.
        while self.seen.len() > self.most.max(1) {
            self.seen.pop_front();
        }
    }

    /// Whether a request may be risked; otherwise in how many milliseconds.
    pub fn may_call(&mut self, now_ms: u64) -> Result<(), u64> {
        while self.seen.front().is_some_and(|at| at + WINDOW_MS <= now_ms) {
            self.seen.pop_front();
        }
        match self.seen.front() {
            Some(first) if self.seen.len() >= self.most => Err(first + WINDOW_MS - now_ms),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_too_many_invalid_requests_nothing_is_sent_until_they_are_ten_minutes_old() {
        let mut invalid = InvalidRequests::new(3);
        for at in [0, 1000, 2000] {
            assert_eq!(invalid.may_call(at), Ok(()));
            invalid.count(at);
        }
        assert_eq!(invalid.may_call(3000), Err(597_000));
        assert_eq!(invalid.may_call(600_000), Ok(()));
        invalid.count(600_000);
        assert_eq!(invalid.may_call(600_000), Err(1000));
    }
}
