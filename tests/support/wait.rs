//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

/// How long a condition may take on a busy machine before the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

const TICK: Duration = Duration::from_millis(10);

/// The first `Some` that `probe` gives; fails the test, naming `what`, when there is none in time.
pub(crate) fn until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "still waiting after {PATIENCE:?}: {what}"
        );
        std::thread::sleep(TICK);
    }
}

/// [`until`] for a probe that asks a server.
pub(crate) async fn until_async<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "still waiting after {PATIENCE:?}: {what}"
        );
        tokio::time::sleep(TICK).await;
    }
}
