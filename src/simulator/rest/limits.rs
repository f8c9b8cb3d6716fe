//! Rate limits: the global one, one per bucket and top-level resource, and the count of invalid requests.

use std::collections::{HashMap, VecDeque};

use crate::simulator::settings::RestSettings;

/// A bucket's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) requests: u32,
    pub(super) window_ms: u64,
}

/// A bucket after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    pub(super) resets_at_ms: u64,
    /// False: the request is over the limit.
    pub(super) allowed: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Window {
    resets_at_ms: u64,
    used: u32,
}

/// The bot's standing.
#[derive(Debug, Default)]
pub(in crate::simulator) struct RestLimits {
    buckets: HashMap<String, Window>,
    global: Window,
    invalid: VecDeque<u64>,
}

impl Window {
    fn take(&mut self, limit: Limit, now_ms: u64) -> Standing {
        if now_ms >= self.resets_at_ms {
            *self = Self {
                resets_at_ms: now_ms + limit.window_ms,
                used: 0,
            };
        }
        let allowed = self.used < limit.requests;
        if allowed {
            self.used += 1;
        }
        Standing {
            limit: limit.requests,
            remaining: limit.requests - self.used,
            resets_at_ms: self.resets_at_ms,
            allowed,
        }
    }
}

impl RestLimits {
    /// Counts a request in its bucket.
    pub(super) fn take(&mut self, bucket: &str, limit: Limit, now_ms: u64) -> Standing {
        self.buckets
            .entry(bucket.to_owned())
            .or_default()
            .take(limit, now_ms)
    }

    /// Counts a request against the global limit of a second.
    pub(super) fn take_global(&mut self, settings: &RestSettings, now_ms: u64) -> Standing {
        self.global.take(
            Limit {
                requests: settings.global_per_second,
                window_ms: 1000,
            },
            now_ms,
        )
    }

    /// Counts a 401, 403 or 429 (those with scope `shared` apart).
    pub(super) fn invalid(&mut self, now_ms: u64) {
        self.invalid.push_back(now_ms);
    }

    /// How long the client is still shut out for its invalid requests, in milliseconds.
    pub(super) fn shut_out_ms(&mut self, settings: &RestSettings, now_ms: u64) -> Option<u64> {
        let window = u64::try_from(settings.invalid_window.as_millis()).unwrap_or(u64::MAX);
        while self
            .invalid
            .front()
            .is_some_and(|at| at.saturating_add(window) <= now_ms)
        {
            self.invalid.pop_front();
        }
        let count = u32::try_from(self.invalid.len()).unwrap_or(u32::MAX);
        let first = self.invalid.front().filter(|_| count >= settings.invalid_limit)?;
        Some(first + window - now_ms)
    }

    /// Invalid requests in the current window.
    pub(in crate::simulator) fn invalid_count(&self) -> usize {
        self.invalid.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: Limit = Limit {
        requests: 5,
        window_ms: 5000,
    };

    #[test]
    fn a_bucket_refills_when_its_window_ends() {
        let mut limits = RestLimits::default();
        let left: Vec<u32> = (0..5).map(|at| limits.take("a", FIVE, at).remaining).collect();
        assert_eq!(left, [4, 3, 2, 1, 0]);
        let over = limits.take("a", FIVE, 4999);
        assert!(!over.allowed);
        assert_eq!(over.resets_at_ms, 5000);
        assert!(limits.take("b", FIVE, 4999).allowed);
        assert!(limits.take("a", FIVE, 5000).allowed);
    }

    #[test]
    fn too_many_invalid_requests_shut_the_client_out_until_they_age() {
        let settings = RestSettings {
            invalid_limit: 2,
            ..RestSettings::default()
        };
        let mut limits = RestLimits::default();
        limits.invalid(0);
        assert_eq!(limits.shut_out_ms(&settings, 10), None);
        limits.invalid(1000);
        assert_eq!(limits.shut_out_ms(&settings, 2000), Some(598_000));
        assert_eq!(limits.shut_out_ms(&settings, 600_000), None);
    }
}
