//! Longer and longer waits between tries.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

const FIRST: Duration = Duration::from_millis(100);

/// Doubles with every wait, up to a limit.
pub(in crate::gateway_service) struct Pause {
    next: Duration,
    longest: Duration,
}

impl Pause {
    pub(in crate::gateway_service) fn new(longest: Duration) -> Self {
        Self {
            next: FIRST.min(longest),
            longest,
        }
    }

    /// The next wait.
    pub(in crate::gateway_service) fn take(&mut self) -> Duration {
        let now = self.next;
        self.next = (now * 2).min(self.longest);
        now
    }

    /// It went well.
    pub(in crate::gateway_service) fn reset(&mut self) {
        self.next = FIRST.min(self.longest);
    }

    /// Waits; `false` when the pod stops instead.
    pub(in crate::gateway_service) async fn wait(&mut self, stop: &CancellationToken) -> bool {
        tokio::select! {
            () = tokio::time::sleep(self.take()) => true,
            () = stop.cancelled() => false,
        }
    }
}
