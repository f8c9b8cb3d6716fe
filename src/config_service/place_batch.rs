//! Placing in batches: requests that wait at the same time share one transaction.
//!
//! Each change of the store takes its one locked row and one fsync. One worker per replica takes all that is
//! waiting, so a thousand callers cost about as much as one, and nobody waits for a timer.

use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;
use tokio::sync::{mpsc, oneshot};

use crate::client::config_api::MAX_PLACE;
use crate::domain::ids::GuildId;
use crate::domain::store_stamp::StoreStamp;
use crate::runtime::lifecycle::Lifecycle;
use crate::runtime::metrics::Metrics;
use crate::store::config_db::{By, ConfigDb, PlaceOutcome, Stamped, StoreError};

/// Requests that wait at most; more are refused at once.
const QUEUE: usize = 1_024;

/// Why a request was not placed.
pub(super) enum PlaceError {
    /// Too many requests wait.
    Busy,
    /// The daemon stops.
    Stopping,
    /// The store's answer to the whole batch.
    Store(Arc<StoreError>),
}

struct Job {
    guilds: Vec<GuildId>,
    answer: oneshot::Sender<Result<Stamped<Vec<PlaceOutcome>>, Arc<StoreError>>>,
}

/// The way to the worker.
pub(super) struct PlaceBatch {
    jobs: mpsc::Sender<Job>,
}

impl PlaceBatch {
    /// Starts the worker.
    pub(super) fn start(db: ConfigDb, lifecycle: &Lifecycle, metrics: &Metrics) -> Self {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let (requests, batches): (Counter, Counter) = (Counter::default(), Counter::default());
        metrics.register(|registry| {
            registry.register("place_requests", "Requests to place guilds", requests.clone());
            registry.register(
                "place_batches",
                "Transactions these were made in",
                batches.clone(),
            );
        });
        // Ends with the last handler that can send to it, which is after draining.
        lifecycle.tasks.spawn(async move {
            let mut held_over = None;
            loop {
                let Some(first) = (match held_over.take() {
                    Some(job) => Some(job),
                    None => queue.recv().await,
                }) else {
                    return;
                };
                let (batch, rest) = gather(first, &mut queue);
                held_over = rest;
                requests.inc_by(u64::try_from(batch.len()).unwrap_or_default());
                batches.inc();
                run(&db, batch).await;
            }
        });
        Self { jobs }
    }

    /// The owners of `guilds`, in order.
    pub(super) async fn place(&self, guilds: Vec<GuildId>) -> Result<Stamped<Vec<PlaceOutcome>>, PlaceError> {
        let (answer, answered) = oneshot::channel();
        self.jobs
            .try_send(Job { guilds, answer })
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => PlaceError::Busy,
                mpsc::error::TrySendError::Closed(_) => PlaceError::Stopping,
            })?;
        answered
            .await
            .map_err(|_| PlaceError::Stopping)?
            .map_err(PlaceError::Store)
    }
}

/// `first` and what waits behind it, up to one call's worth of guilds; the one that no longer fitted.
fn gather(first: Job, queue: &mut mpsc::Receiver<Job>) -> (Vec<Job>, Option<Job>) {
    let mut count = first.guilds.len();
    let mut batch = vec![first];
    while let Ok(job) = queue.try_recv() {
        if count + job.guilds.len() > MAX_PLACE {
            return (batch, Some(job));
        }
        count += job.guilds.len();
        batch.push(job);
    }
    (batch, None)
}

async fn run(db: &ConfigDb, batch: Vec<Job>) {
    let guilds: Vec<GuildId> = batch.iter().flat_map(|job| job.guilds.iter().copied()).collect();
    match db.place(&guilds, &By::daemon("modbot-config")).await {
        Ok(placed) => share_out(batch, placed.value, &placed.stamp),
        Err(error) => {
            let error = Arc::new(error);
            for job in batch {
                // A caller that has gone away does not want to know.
                let _ = job.answer.send(Err(Arc::clone(&error)));
            }
        }
    }
}

fn share_out(batch: Vec<Job>, outcomes: Vec<PlaceOutcome>, stamp: &StoreStamp) {
    let mut outcomes = outcomes.into_iter();
    for job in batch {
        let value: Vec<PlaceOutcome> = outcomes.by_ref().take(job.guilds.len()).collect();
        let _ = job.answer.send(Ok(Stamped {
            value,
            stamp: stamp.clone(),
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_takes_what_waits_up_to_one_call_and_keeps_the_order() {
        let (jobs, mut queue) = mpsc::channel(8);
        let job = |count: u64| Job {
            guilds: (1..=count).map(|id| GuildId::new(id).unwrap()).collect(),
            answer: oneshot::channel().0,
        };
        for count in [600, 300, 200, 1] {
            jobs.try_send(job(count)).ok().unwrap();
        }
        let first = queue.try_recv().ok().unwrap();
        let (batch, rest) = gather(first, &mut queue);
        let sizes: Vec<_> = batch.iter().map(|job| job.guilds.len()).collect();
        assert_eq!(
            (sizes, rest.map(|job| job.guilds.len())),
            (vec![600, 300], Some(200))
        );
    }
}
