//! What travels to the writing thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::error::{WriteError, WriterStopped};
use super::tx::WriteTx;

/// Work between two transactions.
pub(super) type Exclusive = Box<dyn FnOnce(&mut Connection) + Send>;

pub(super) enum Message {
    Write(Box<dyn Job>),
    Exclusive(Exclusive),
    /// Finish what is queued and end.
    Close,
}

/// How the transaction around a job ended.
pub(super) enum Ending<'a> {
    Committed,
    NotCommitted(&'a Arc<rusqlite::Error>),
    Stopped(&'a WriterStopped),
}

/// One closure with its answer.
pub(super) trait Job: Send {
    /// What it is, for logs.
    fn what(&self) -> &'static str;
    /// Runs the closure; whether its rows are to be kept.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Answers the caller. Every answer waits for this, refusals too: they may rest on a neighbour's change.
    fn settle(self: Box<Self>, ending: &Ending<'_>);
}

pub(super) struct Task<T, F> {
    what: &'static str,
    work: Option<F>,
    result: Option<Result<T, WriteError>>,
    reply: oneshot::Sender<Result<T, WriteError>>,
}

impl<T, F> Task<T, F>
where
    T: Send + 'static,
    F: FnOnce(&WriteTx<'_>) -> Result<T, WriteError> + Send + 'static,
{
    pub(super) fn new(what: &'static str, work: F) -> (Self, oneshot::Receiver<Result<T, WriteError>>) {
        let (reply, answer) = oneshot::channel();
        let task = Self {
            what,
            work: Some(work),
            result: None,
            reply,
        };
        (task, answer)
    }
}

impl<T, F> Job for Task<T, F>
where
    T: Send + 'static,
    F: FnOnce(&WriteTx<'_>) -> Result<T, WriteError> + Send + 'static,
{
    fn what(&self) -> &'static str {
        self.what
    }

    fn run(&mut self, connection: &Connection) -> bool {
        let Some(work) = self.work.take() else {
            return false;
        };
        // A closure that unwinds leaves nothing behind: its savepoint is rolled back and its captures are dropped.
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let tx = WriteTx::new(connection);
            let value = work(&tx)?;
            tx.finish()?;
            Ok(value)
        }));
        let result = ran.unwrap_or_else(|panic| Err(WriteError::Panicked(panic_text(panic.as_ref()))));
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn settle(self: Box<Self>, ending: &Ending<'_>) {
        let result = match ending {
            Ending::Stopped(stopped) => Err(WriteError::Stopped((*stopped).clone())),
            Ending::NotCommitted(error) => match self.result {
                // The closure's own error tells more than the transaction it brought down.
                Some(Err(WriteError::Sqlite(own))) => Err(WriteError::Sqlite(own)),
                _ => Err(WriteError::NotCommitted(Arc::clone(error))),
            },
            Ending::Committed => self.result.unwrap_or(Err(WriterStopped::Closed.into())),
        };
        // The caller may have gone: then nobody wants to know.
        let _ = self.reply.send(result);
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}
