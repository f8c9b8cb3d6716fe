//! The one thread that writes, with group commit.
//!
//! Callers hand in closures; the thread runs what has queued up in one transaction, each closure in a savepoint of its
//! own, and answers after the COMMIT and its fsync. So a closure that fails takes only its own rows back, nothing is
//! acknowledged that a power loss could undo, and a hundred small writes cost one fsync.

mod batch;
mod error;
mod job;
mod thread;
mod tx;

pub use error::{WriteError, WriterStopped};
pub use thread::WriterSettings;
pub use tx::{GuildTx, Seen, WriteTx};

pub(super) use thread::spawn;

use tokio::sync::{mpsc, oneshot};

use job::{Exclusive, Message, Task};

/// The way to the writing thread; clones lead to the same one.
#[derive(Debug, Clone)]
pub struct Writer {
    queue: mpsc::Sender<Message>,
}

impl Writer {
    /// Runs `work` in a savepoint and answers once it is committed and synced. Waits where the queue is full.
    ///
    /// `what` names the work in logs. Whatever must not happen for a transaction that is then lost (memory, replies,
    /// sends) comes after this returns.
    pub async fn write<T, F>(&self, what: &'static str, work: F) -> Result<T, WriteError>
    where
        T: Send + 'static,
        F: FnOnce(&WriteTx<'_>) -> Result<T, WriteError> + Send + 'static,
    {
        let (task, answer) = Task::new(what, work);
        self.queue
            .send(Message::Write(Box::new(task)))
            .await
            .map_err(|_| WriterStopped::Closed)?;
        answer.await.unwrap_or(Err(WriterStopped::Closed.into()))
    }

    /// As [`Self::write`], from a thread that may block; panics on an async one.
    pub fn write_blocking<T, F>(&self, what: &'static str, work: F) -> Result<T, WriteError>
    where
        T: Send + 'static,
        F: FnOnce(&WriteTx<'_>) -> Result<T, WriteError> + Send + 'static,
    {
        self.write_watched(what, work, || {})
    }

    /// As [`Self::write_blocking`]; `meanwhile` is run on this thread once the work is handed in.
    pub(super) fn write_watched<T, F>(
        &self,
        what: &'static str,
        work: F,
        meanwhile: impl FnOnce(),
    ) -> Result<T, WriteError>
    where
        T: Send + 'static,
        F: FnOnce(&WriteTx<'_>) -> Result<T, WriteError> + Send + 'static,
    {
        let (task, answer) = Task::new(what, work);
        self.queue
            .blocking_send(Message::Write(Box::new(task)))
            .map_err(|_| WriterStopped::Closed)?;
        meanwhile();
        answer
            .blocking_recv()
            .unwrap_or(Err(WriterStopped::Closed.into()))
    }

    /// Hands work in without waiting for its end: the answer can be awaited later, with many others in flight.
    pub async fn submit<T, F>(
        &self,
        what: &'static str,
        work: F,
    ) -> Result<oneshot::Receiver<Result<T, WriteError>>, WriteError>
    where
        T: Send + 'static,
        F: FnOnce(&WriteTx<'_>) -> Result<T, WriteError> + Send + 'static,
    {
        let (task, answer) = Task::new(what, work);
        self.queue
            .send(Message::Write(Box::new(task)))
            .await
            .map_err(|_| WriterStopped::Closed)?;
        Ok(answer)
    }

    /// Runs `work` on the connection between two transactions: for what SQLite does not do inside one.
    pub(super) fn exclusive_blocking<T, F>(&self, work: F) -> Result<T, WriteError>
    where
        T: Send + 'static,
        F: FnOnce(&mut rusqlite::Connection) -> Result<T, WriteError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work: Exclusive = Box::new(move |connection| {
            let _ = reply.send(work(connection));
        });
        self.queue
            .blocking_send(Message::Exclusive(work))
            .map_err(|_| WriterStopped::Closed)?;
        answer
            .blocking_recv()
            .unwrap_or(Err(WriterStopped::Closed.into()))
    }

    /// As [`Self::exclusive_blocking`], without waiting: for what is to be put away.
    pub(super) fn exclusive_soon<F>(&self, work: F)
    where
        F: FnOnce(&mut rusqlite::Connection) + Send + 'static,
    {
        if let Err(mpsc::error::TrySendError::Full(message)) =
            self.queue.try_send(Message::Exclusive(Box::new(work)))
        {
            let queue = self.queue.clone();
            std::thread::spawn(move || queue.blocking_send(message));
        }
    }
}
