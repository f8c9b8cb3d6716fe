//! The loop of the writing thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::Writer;
use super::batch::Batch;
use super::error::WriterStopped;
use super::job::{Ending, Job, Message};
use crate::runtime::clock::Clock;

/// The bounds of the writing thread.
#[derive(Debug, Clone)]
pub struct WriterSettings {
    /// Work that may wait; callers wait beyond it.
    pub queue: usize,
    /// Closures in one transaction.
    pub max_batch: usize,
    /// How long a transaction takes closures in before it is committed.
    pub max_batch_time: Duration,
    /// A closure that takes longer is named in the log.
    pub slow: Duration,
}

impl Default for WriterSettings {
    fn default() -> Self {
        Self {
            queue: 1024,
            max_batch: 512,
            max_batch_time: Duration::from_millis(20),
            slow: Duration::from_millis(250),
        }
    }
}

/// Starts the thread; it ends after [`Message::Close`] or when the last [`Writer`] is gone, closing the connection.
pub(in crate::store::shard_db) fn spawn(
    connection: Connection,
    settings: WriterSettings,
    clock: Arc<dyn Clock>,
) -> std::io::Result<(Writer, JoinHandle<()>)> {
    let (queue, messages) = mpsc::channel(settings.queue.max(1));
    let thread = Thread {
        connection,
        settings,
        clock,
        messages,
        stopped: None,
    };
    let handle = std::thread::Builder::new()
        .name("shard-writer".into())
        .spawn(move || thread.run())?;
    Ok((Writer { queue }, handle))
}

impl Writer {
    /// Lets the thread finish what is queued and end.
    pub(in crate::store::shard_db) fn close(&self) {
        // A full queue still has room after a moment; a closed one needs nothing.
        let queue = self.queue.clone();
        if queue.try_send(Message::Close).is_err() {
            let _ = std::thread::spawn(move || queue.blocking_send(Message::Close)).join();
        }
    }
}

struct Thread {
    connection: Connection,
    settings: WriterSettings,
    clock: Arc<dyn Clock>,
    messages: mpsc::Receiver<Message>,
    stopped: Option<WriterStopped>,
}

impl Thread {
    fn run(mut self) {
        let mut next = None;
        loop {
            let message = match next.take() {
                Some(message) => Some(message),
                None => self.messages.blocking_recv(),
            };
            match message {
                None => break,
                Some(Message::Close) => self.messages.close(),
                Some(Message::Exclusive(work)) => self.exclusive(work),
                Some(Message::Write(job)) => next = self.batch(job),
            }
        }
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(error = %error, "the shard database did not close cleanly");
        }
    }

    fn exclusive(&mut self, work: super::job::Exclusive) {
        // Its caller sees the answer missing; the thread has to go on.
        if catch_unwind(AssertUnwindSafe(|| work(&mut self.connection))).is_err() {
            tracing::error!("work on the shard database panicked");
        }
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }

    /// One transaction, begun by `first`; gives back the message that ended it, where it was no write.
    fn batch(&mut self, first: Box<dyn Job>) -> Option<Message> {
        if let Some(stopped) = &self.stopped {
            first.settle(&Ending::Stopped(stopped));
            return None;
        }
        let mut batch = match Batch::begin(&self.connection) {
            Ok(batch) => batch,
            Err(error) => {
                tracing::error!(error = %error, "no transaction could be begun");
                first.settle(&Ending::NotCommitted(&Arc::new(error)));
                return None;
            }
        };
        let began = self.clock.boottime();
        let mut next = None;
        let mut job = first;
        loop {
            let what = job.what();
            let before = self.clock.boottime();
            batch.run(job);
            let now = self.clock.boottime();
            if now.saturating_sub(before) > self.settings.slow {
                let took_ms = now.saturating_sub(before).as_millis();
                tracing::warn!(what, took_ms, "a write held the writer up");
            }
            let full = batch.len() >= self.settings.max_batch
                || now.saturating_sub(began) >= self.settings.max_batch_time;
            if full || batch.is_lost() {
                break;
            }
            match self.messages.try_recv() {
                Ok(Message::Write(another)) => job = another,
                Ok(other) => {
                    next = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        self.stopped = batch.end();
        next
    }
}
