//! A few connections that read beside the writer.

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, PoisonError};

use rusqlite::{Connection, TransactionBehavior};

use super::open::{self, Settings};

/// Connections are opened when they are first needed, up to a limit, and kept.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    settings: Settings,
    limit: usize,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<Connection>,
    open: usize,
}

impl Readers {
    pub(super) fn new(path: PathBuf, settings: Settings, limit: usize) -> Self {
        Self {
            path,
            settings,
            limit: limit.max(1),
            state: Mutex::default(),
            returned: Condvar::new(),
        }
    }

    /// Runs `work` in one read transaction: everything it sees is of one moment. Waits for a free connection.
    pub(super) fn read<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut lent = Lent {
            connection: Some(self.take()?),
            readers: self,
        };
        let Some(connection) = lent.connection.as_mut() else {
            return Err(rusqlite::Error::InvalidQuery.into());
        };
        let tx = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
        work(&tx)
    }

    fn take(&self) -> rusqlite::Result<Connection> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(connection) = state.idle.pop() {
                return Ok(connection);
            }
            if state.open < self.limit {
                state.open += 1;
                drop(state);
                return open::open_for_reading(&self.path, &self.settings).inspect_err(|_| self.forget_one());
            }
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn forget_one(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).open -= 1;
        self.returned.notify_one();
    }

    /// Closes the connections that nobody uses.
    pub(super) fn close(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.open -= state.idle.len();
        state.idle.clear();
    }
}

/// A connection on loan: given back also when the work panics.
struct Lent<'r> {
    connection: Option<Connection>,
    readers: &'r Readers,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.readers
                .state
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .idle
                .push(connection);
            self.readers.returned.notify_one();
        }
    }
}
