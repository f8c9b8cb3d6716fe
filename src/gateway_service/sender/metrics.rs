//! What the sender counts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::domain::outbox::Kind;
use crate::runtime::metrics::Metrics;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ActionLabels {
    kind: &'static str,
    outcome: &'static str,
}

/// The sender's metrics.
#[derive(Debug, Clone, Default)]
pub struct SenderMetrics {
    actions: Family<ActionLabels, Counter>,
}

impl SenderMetrics {
    /// Registers them.
    pub fn register(metrics: &Metrics) -> Self {
        let sender = Self::default();
        metrics.register(|registry| {
            registry.register(
                "gateway_actions",
                "Actions at Discord by what became of a try: done, again, unknown, dead, limited",
                sender.actions.clone(),
            );
        });
        sender
    }

    pub(super) fn count(&self, kind: Kind, outcome: &'static str) {
        let kind = kind.as_str();
        self.actions.get_or_create(&ActionLabels { kind, outcome }).inc();
    }
}
