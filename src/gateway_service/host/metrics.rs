//! What the host counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::runtime::metrics::Metrics;

/// What became of frames.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FrameLabels {
    outcome: &'static str,
}

/// How connections ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CloseLabels {
    code: u16,
}

/// The host's metrics.
#[derive(Debug, Clone, Default)]
pub struct HostMetrics {
    frames: Family<FrameLabels, Counter>,
    closes: Family<CloseLabels, Counter>,
    settled: Arc<AtomicU64>,
    /// IDENTIFYs that were allowed.
    pub identifies: Counter,
    /// Payloads that are no gateway payloads.
    pub unreadable: Counter,
    /// Sessions that are live.
    pub live: Gauge,
    /// Rows of kept texts that were ended.
    pub expired: Counter,
}

impl HostMetrics {
    /// Registers them.
    pub fn register(metrics: &Metrics) -> Self {
        let host = Self::default();
        metrics.register(|registry| {
            registry.register(
                "gateway_frames",
                "Frames by what became of them",
                host.frames.clone(),
            );
            registry.register(
                "gateway_closes",
                "Ends of gateway connections by close code; 1006: without one",
                host.closes.clone(),
            );
            registry.register("gateway_identifies", "IDENTIFYs allowed", host.identifies.clone());
            registry.register(
                "gateway_unreadable_payloads",
                "Payloads that could not be read at all",
                host.unreadable.clone(),
            );
            registry.register(
                "gateway_live_sessions",
                "Sessions that receive events",
                host.live.clone(),
            );
            registry.register(
                "gateway_expired_texts",
                "Rows of kept message texts ended",
                host.expired.clone(),
            );
        });
        host
    }

    /// Counts a frame.
    pub fn frame(&self, outcome: &'static str) {
        self.frames.get_or_create(&FrameLabels { outcome }).inc();
        self.settled.fetch_add(1, Ordering::Relaxed);
    }

    /// Frames counted so far.
    pub fn settled(&self) -> u64 {
        self.settled.load(Ordering::Relaxed)
    }

    /// Counts the end of a connection.
    pub fn close(&self, code: u16) {
        // Whatever a peer may send, the codes that count are few.
        let known = matches!(code, 1000..=1015 | 4000..=4014);
        let code = if known { code } else { 0 };
        self.closes.get_or_create(&CloseLabels { code }).inc();
    }
}
