//! Identify limits: one per key and interval, and a daily budget.

use std::collections::HashMap;

use crate::simulator::settings::GatewaySettings;

const DAY_MS: u64 = 86_400_000;

/// What an IDENTIFY may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) enum Verdict {
    /// Go on.
    Granted,
    /// Another of the same key came less than the interval ago.
    TooSoon,
    /// The budget of the day is spent.
    OverBudget,
}

/// The counters of one bot.
#[derive(Debug)]
pub(in crate::simulator) struct IdentifyLimits {
    total: u32,
    remaining: u32,
    resets_at_ms: u64,
    max_concurrency: u32,
    interval_ms: u64,
    last: HashMap<u32, u64>,
}

impl IdentifyLimits {
    /// A full budget from `now_ms` on.
    pub(in crate::simulator) fn new(settings: &GatewaySettings, now_ms: u64) -> Self {
        Self {
            total: settings.identify_budget,
            remaining: settings.identify_budget,
            resets_at_ms: now_ms + DAY_MS,
            max_concurrency: settings.max_concurrency.max(1),
            interval_ms: u64::try_from(settings.identify_interval.as_millis()).unwrap_or(u64::MAX),
            last: HashMap::new(),
        }
    }

    /// Counts an IDENTIFY of `shard`. One that comes too soon costs nothing of the budget.
    pub(in crate::simulator) fn take(&mut self, shard: u32, now_ms: u64) -> Verdict {
        self.refresh(now_ms);
        let key = shard % self.max_concurrency;
        if self
            .last
            .get(&key)
            .is_some_and(|last| now_ms < last + self.interval_ms)
        {
            return Verdict::TooSoon;
        }
        if self.remaining == 0 {
            return Verdict::OverBudget;
        }
        self.remaining -= 1;
        self.last.insert(key, now_ms);
        Verdict::Granted
    }

    /// `session_start_limit` of `GET /gateway/bot`.
    pub(in crate::simulator) fn report(&mut self, now_ms: u64) -> serde_json::Value {
        self.refresh(now_ms);
        serde_json::json!({
            "max_concurrency": self.max_concurrency,
            "remaining": self.remaining,
            "reset_after": self.resets_at_ms.saturating_sub(now_ms),
            "total": self.total,
        })
    }

    /// Leaves `remaining` identifies for the day.
    pub(in crate::simulator) fn set_remaining(&mut self, remaining: u32) {
        self.remaining = remaining.min(self.total);
    }

    fn refresh(&mut self, now_ms: u64) {
        if now_ms >= self.resets_at_ms {
            self.remaining = self.total;
            self.resets_at_ms = now_ms + DAY_MS;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(budget: u32) -> IdentifyLimits {
        let settings = GatewaySettings {
            identify_budget: budget,
            max_concurrency: 2,
            ..GatewaySettings::default()
        };
        IdentifyLimits::new(&settings, 0)
    }

    #[test]
    fn one_key_waits_the_interval_and_others_do_not() {
        let mut limits = limits(10);
        assert_eq!(limits.take(0, 0), Verdict::Granted);
        assert_eq!(limits.take(1, 0), Verdict::Granted);
        assert_eq!(limits.take(2, 4_999), Verdict::TooSoon);
        assert_eq!(limits.take(2, 5_000), Verdict::Granted);
        assert_eq!(limits.report(5_000)["remaining"], 7);
    }

    #[test]
    fn the_budget_comes_back_after_a_day() {
        let mut limits = limits(1);
        assert_eq!(limits.take(0, 0), Verdict::Granted);
        assert_eq!(limits.take(0, 5_000), Verdict::OverBudget);
        assert_eq!(limits.take(0, DAY_MS), Verdict::Granted);
    }
}
