//! Metrics of one process: its own registry, no globals.
//!
//! Names are `modbot_<part>_<thing>_<unit>`. A label never holds a guild id or an error's text: its values
//! must be few and known.

use std::sync::{Arc, PoisonError, RwLock};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::runtime::build_info;

/// The registry, to register in and to print.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<RwLock<Registry>>,
}

impl Metrics {
    /// A registry that holds `modbot_build_info`.
    pub fn new(daemon: &'static str) -> Self {
        let mut registry = Registry::with_prefix("modbot");
        let labels = [
            ("daemon", daemon),
            ("version", build_info::VERSION),
            ("sha", build_info::GIT_SHA),
        ];
        registry.register("build", "Which build this is", Info::new(labels.to_vec()));
        Self {
            registry: Arc::new(RwLock::new(registry)),
        }
    }

    /// Registers metrics; names get `modbot_` in front, counters `_total` behind.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.registry.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// All metrics in the `OpenMetrics` text format.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(
            &mut text,
            &self.registry.read().unwrap_or_else(PoisonError::into_inner),
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;

    use super::*;

    #[test]
    fn says_which_build_it_is_and_counts() {
        let metrics = Metrics::new("modbot-test");
        let counter: Counter = Counter::default();
        metrics.register(|r| r.register("store_tries", "Tries", counter.clone()));
        counter.inc();
        let text = metrics.to_text();
        assert!(
            text.contains("modbot_build_info{daemon=\"modbot-test\",version="),
            "{text}"
        );
        assert!(text.contains("modbot_store_tries_total 1"), "{text}");
    }
}
