//! Background loops: no input, idempotent, run by timer and by poke, with a status to read.
//!
//! A loop does not retry inside: the next run is the retry. Whatever it needs it reads itself, so that it
//! does the same work after a crash as before.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::runtime::clock::{Clock, SystemClock};
use crate::runtime::error_chain::Chain;
use crate::runtime::lifecycle::Lifecycle;
use crate::runtime::metrics::Metrics;

/// A run that takes longer has failed: something it waits for is gone.
const RUN_LIMIT: Duration = Duration::from_mins(1);

/// However often it is poked, a loop does not begin again sooner than this.
const POKE_GAP: Duration = Duration::from_millis(50);

/// How one loop is.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct LoopStatus {
    /// Runs that ended, well or not.
    pub runs: u64,
    /// Of those, how many failed.
    pub failures: u64,
    /// When the last good run ended, in Unix milliseconds.
    pub last_success_ms: Option<i64>,
    /// Why the last run failed, if it did.
    pub error: Option<String>,
    /// What the last good run says.
    pub status: Value,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LoopLabels {
    name: &'static str,
}

/// The loops of a process.
#[derive(Clone)]
pub struct Loops {
    statuses: Arc<Mutex<BTreeMap<&'static str, LoopStatus>>>,
    last_success: Family<LoopLabels, Gauge>,
    runs: Family<LoopLabels, Counter>,
    failures: Family<LoopLabels, Counter>,
}

/// Makes a loop run now.
#[derive(Clone)]
pub struct Poke(Arc<Notify>);

impl Poke {
    /// Makes the loop run now, or once more if it is running.
    pub fn poke(&self) {
        self.0.notify_one();
    }
}

impl Loops {
    /// No loops yet; registers `modbot_loop_…`.
    pub fn new(metrics: &Metrics) -> Self {
        let loops = Self {
            statuses: Arc::default(),
            last_success: Family::default(),
            runs: Family::default(),
            failures: Family::default(),
        };
        metrics.register(|registry| {
            registry.register(
                "loop_last_success_timestamp_seconds",
                "When the loop's last good run ended",
                loops.last_success.clone(),
            );
            registry.register("loop_runs", "Runs that ended", loops.runs.clone());
            registry.register("loop_failures", "Runs that failed", loops.failures.clone());
        });
        loops
    }

    /// How every loop is.
    pub fn statuses(&self) -> BTreeMap<&'static str, LoopStatus> {
        self.statuses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Starts a loop: runs `work` now, then every `every` and at each poke, until draining. A failure is
    /// logged when it is new, and counted each time.
    pub fn start<E: Error + 'static>(
        &self,
        lifecycle: &Lifecycle,
        name: &'static str,
        every: Duration,
        mut work: impl AsyncRun<E>,
    ) -> Poke {
        let poke = Poke(Arc::new(Notify::new()));
        let (loops, poked, drain) = (self.clone(), poke.clone(), lifecycle.draining.clone());
        loops.change(name, |_| {});
        lifecycle.tasks.spawn(async move {
            loop {
                let started = Instant::now();
                let run = async { timeout(RUN_LIMIT, work.run()).await };
                tokio::select! {
                    () = drain.cancelled() => return,
                    ended = run => match ended {
                        Ok(Ok(status)) => loops.succeeded(name, status),
                        Ok(Err(error)) => loops.failed(name, &Chain(&error).to_string()),
                        Err(_) => loops.failed(name, &format!("not done within {} s", RUN_LIMIT.as_secs())),
                    },
                }
                tokio::select! {
                    () = drain.cancelled() => return,
                    () = tokio::time::sleep_until(started + every) => {}
                    () = poked.0.notified() => tokio::time::sleep_until(started + POKE_GAP).await,
                }
            }
        });
        poke
    }

    fn succeeded(&self, name: &'static str, status: Value) {
        let now = SystemClock.unix_ms();
        self.runs.get_or_create(&LoopLabels { name }).inc();
        self.last_success
            .get_or_create(&LoopLabels { name })
            .set(now / 1000);
        let recovered = self.change(name, |s| {
            s.runs += 1;
            s.last_success_ms = Some(now);
            s.status = status;
            s.error.take().is_some()
        });
        if recovered {
            tracing::info!(name, "background loop is well again");
        }
    }

    fn failed(&self, name: &'static str, error: &str) {
        self.runs.get_or_create(&LoopLabels { name }).inc();
        self.failures.get_or_create(&LoopLabels { name }).inc();
        let is_new = self.change(name, |s| {
            s.runs += 1;
            s.failures += 1;
            s.error.replace(error.to_owned()).as_deref() != Some(error)
        });
        if is_new {
            tracing::warn!(name, error, "background loop failed; it goes on trying");
        }
    }

    fn change<T>(&self, name: &'static str, change: impl FnOnce(&mut LoopStatus) -> T) -> T {
        let mut statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        change(statuses.entry(name).or_default())
    }
}

/// One run of a loop's work.
pub trait AsyncRun<E>: Send + 'static {
    /// Does what there is to do; answers a status for people.
    fn run(&mut self) -> impl Future<Output = Result<Value, E>> + Send;
}

impl<E, F, R> AsyncRun<E> for F
where
    F: FnMut() -> R + Send + 'static,
    R: Future<Output = Result<Value, E>> + Send,
{
    fn run(&mut self) -> impl Future<Output = Result<Value, E>> + Send {
        self()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_loop_runs_at_once_at_a_poke_and_tells_how_it_went() {
        let loops = Loops::new(&Metrics::new("test"));
        let lifecycle = Lifecycle::default();
        let runs = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&runs);
        let poke = loops.start(&lifecycle, "test", Duration::from_hours(1), move || {
            let run = counted.fetch_add(1, Ordering::SeqCst);
            async move {
                if run == 0 {
                    Err(std::io::Error::other("not yet"))
                } else {
                    Ok(serde_json::json!({ "run": run }))
                }
            }
        });
        let when = async |wanted: u64| {
            while loops.statuses()["test"].runs < wanted {
                tokio::task::yield_now().await;
            }
            loops.statuses()["test"].clone()
        };
        assert_eq!(when(1).await.error.as_deref(), Some("not yet"));
        poke.poke();
        let status = when(2).await;
        assert_eq!(
            (status.error, status.failures, status.status["run"].as_u64()),
            (None, 1, Some(1))
        );
        lifecycle.draining.cancel();
        lifecycle.tasks.close();
        lifecycle.tasks.wait().await;
    }
}
