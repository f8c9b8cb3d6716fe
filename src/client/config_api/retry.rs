//! Trying again: only what may be repeated, and only within the call's time.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use tokio::time::Instant;

use super::error::ConfigApiError;

const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Repeats `call` while it fails transiently and another try still fits into `within`.
pub(super) async fn within<T, F>(within: Duration, call: impl Fn() -> F) -> Result<T, ConfigApiError>
where
    F: Future<Output = Result<T, ConfigApiError>>,
{
    let deadline = Instant::now() + within;
    let policy = ExponentialBuilder::default()
        .with_min_delay(FIRST_WAIT)
        .with_max_delay(LONGEST_WAIT)
        .with_jitter()
        .without_max_times();
    call.retry(policy)
        .when(ConfigApiError::is_transient)
        .adjust(|error, wait| {
            let wait = wait?;
            let wait = error.retry_after().unwrap_or(wait).max(wait);
            (Instant::now() + wait < deadline).then_some(wait)
        })
        .await
}
