//! Requests about guilds in batches: those that wait at the same time share one question to the store.
//!
//! A lookup is a round trip, and a change takes the store's one locked row and an fsync. A worker takes all
//! that is waiting, so a thousand callers cost about as much as one, and nobody waits for a timer: a request
//! that finds a worker idle is asked at once. Each is asked after it came, so it sees all that came before it.

use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::client::config_api::MAX_PLACE;
use crate::domain::ids::GuildId;
use crate::domain::store_stamp::StoreStamp;
use crate::runtime::daemon::Shell;
use crate::store::config_db::{ConfigDb, Stamped, StoreError};

/// Requests that wait at most; more are refused at once.
const QUEUE: usize = 1_024;

/// Why a request has no answer.
pub(super) enum BatchError {
    /// Too many requests wait.
    Busy,
    /// The daemon stops.
    Stopping,
    /// The store's answer to the whole batch.
    Store(Arc<StoreError>),
}

struct Job<T> {
    guilds: Vec<GuildId>,
    answer: oneshot::Sender<Result<Stamped<Vec<T>>, Arc<StoreError>>>,
}

/// What kind of batches, as the metrics name it, and how many may be under way at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) workers: usize,
}

/// The way to the workers. `T`: what the store says of one guild.
pub(super) struct GuildBatch<T> {
    jobs: mpsc::Sender<Job<T>>,
}

impl<T: Send + 'static> GuildBatch<T> {
    /// Starts the workers. `ask` answers guild by guild, in order.
    pub(super) fn start<A, F>(kind: Kind, shell: &Shell, db: &ConfigDb, ask: A) -> Self
    where
        A: Fn(ConfigDb, Vec<GuildId>) -> F + Copy + Send + 'static,
        F: Future<Output = Result<Stamped<Vec<T>>, StoreError>> + Send + 'static,
    {
        let (jobs, queue) = mpsc::channel::<Job<T>>(QUEUE);
        let (requests, batches): (Counter, Counter) = (Counter::default(), Counter::default());
        shell.metrics.register(|registry| {
            let name = kind.name;
            registry.register(
                format!("{name}_requests"),
                format!("Requests to {name} guilds"),
                requests.clone(),
            );
            registry.register(
                format!("{name}_batches"),
                "Questions to the store these were asked in",
                batches.clone(),
            );
        });
        let queue = Arc::new(Mutex::new(Queue {
            jobs: queue,
            held_over: None,
        }));
        for _ in 0..kind.workers {
            let (queue, db) = (Arc::clone(&queue), db.clone());
            let (requests, batches) = (requests.clone(), batches.clone());
            // Ends with the last handler that can send to it, which is after draining.
            shell.lifecycle.tasks.spawn(async move {
                loop {
                    let Some(batch) = queue.lock().await.next().await else {
                        return;
                    };
                    requests.inc_by(u64::try_from(batch.len()).unwrap_or_default());
                    batches.inc();
                    let guilds = batch.iter().flat_map(|job| job.guilds.iter().copied()).collect();
                    share_out(batch, ask(db.clone(), guilds).await);
                }
            });
        }
        Self { jobs }
    }

    /// What the store says of `guilds`, in order.
    pub(super) async fn ask(&self, guilds: Vec<GuildId>) -> Result<Stamped<Vec<T>>, BatchError> {
        let (answer, answered) = oneshot::channel();
        self.jobs
            .try_send(Job { guilds, answer })
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => BatchError::Busy,
                mpsc::error::TrySendError::Closed(_) => BatchError::Stopping,
            })?;
        answered
            .await
            .map_err(|_| BatchError::Stopping)?
            .map_err(BatchError::Store)
    }
}

struct Queue<T> {
    jobs: mpsc::Receiver<Job<T>>,
    /// One that no longer fitted into the batch before.
    held_over: Option<Job<T>>,
}

impl<T> Queue<T> {
    /// The first that waits and what waits behind it, up to one call's worth of guilds.
    async fn next(&mut self) -> Option<Vec<Job<T>>> {
        let first = match self.held_over.take() {
            Some(job) => job,
            None => self.jobs.recv().await?,
        };
        let mut count = first.guilds.len();
        let mut batch = vec![first];
        while let Ok(job) = self.jobs.try_recv() {
            if count + job.guilds.len() > MAX_PLACE {
                self.held_over = Some(job);
                break;
            }
            count += job.guilds.len();
            batch.push(job);
        }
        Some(batch)
    }
}

fn share_out<T>(batch: Vec<Job<T>>, answer: Result<Stamped<Vec<T>>, StoreError>) {
    // A caller that has gone away does not want to know.
    match answer {
        Ok(Stamped { value, stamp }) => {
            let mut outcomes = value.into_iter();
            for job in batch {
                let value: Vec<T> = outcomes.by_ref().take(job.guilds.len()).collect();
                let stamp: StoreStamp = stamp.clone();
                let _ = job.answer.send(Ok(Stamped { value, stamp }));
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for job in batch {
                let _ = job.answer.send(Err(Arc::clone(&error)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_batch_takes_what_waits_up_to_one_call_and_keeps_the_order() {
        let (jobs, queue) = mpsc::channel(8);
        let mut queue = Queue {
            jobs: queue,
            held_over: None,
        };
        let job = |count: u64| Job::<()> {
            guilds: (1..=count).map(|id| GuildId::new(id).unwrap()).collect(),
            answer: oneshot::channel().0,
        };
        for count in [600, 300, 200, 1] {
            jobs.try_send(job(count)).ok().unwrap();
        }
        drop(jobs);
        let mut batches = Vec::new();
        while let Some(batch) = queue.next().await {
            batches.push(batch.iter().map(|job| job.guilds.len()).collect::<Vec<_>>());
        }
        assert_eq!(batches, [vec![600, 300], vec![200, 1]]);
    }
}
