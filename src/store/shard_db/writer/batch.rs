//! One transaction with many closures.

use std::sync::Arc;

use rusqlite::Connection;

use super::error::{WriterStopped, is_disk_failure};
use super::job::{Ending, Job};

/// A transaction that is open, and the closures that ran in it.
pub(super) struct Batch<'c> {
    connection: &'c Connection,
    ran: Vec<Box<dyn Job>>,
    /// Whether any closure left something to commit.
    kept: bool,
    /// SQLite gave the whole transaction up while a closure ran.
    lost: Option<Arc<rusqlite::Error>>,
}

impl<'c> Batch<'c> {
    /// Begins; `IMMEDIATE`, since Litestream takes the write lock now and then and we would rather wait than fail.
    pub(super) fn begin(connection: &'c Connection) -> rusqlite::Result<Self> {
        run(connection, "BEGIN IMMEDIATE")?;
        Ok(Self {
            connection,
            ran: Vec::new(),
            kept: false,
            lost: None,
        })
    }

    /// Runs a closure in its savepoint. After an error of SQLite that ended the transaction nothing more is run.
    pub(super) fn run(&mut self, mut job: Box<dyn Job>) {
        let outcome = run(self.connection, "SAVEPOINT job").and_then(|()| {
            if job.run(self.connection) {
                self.kept = true;
                run(self.connection, "RELEASE job")
            } else if self.connection.is_autocommit() {
                // A full disk or a failed read may end more than the savepoint.
                Err(rusqlite::Error::SqliteFailure(
                    rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT_ROLLBACK),
                    Some(format!("{} brought the transaction down", job.what())),
                ))
            } else {
                run(self.connection, "ROLLBACK TO job").and_then(|()| run(self.connection, "RELEASE job"))
            }
        });
        self.ran.push(job);
        if let Err(error) = outcome {
            self.lost = Some(Arc::new(error));
        }
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost.is_some()
    }

    pub(super) fn len(&self) -> usize {
        self.ran.len()
    }

    /// Commits and answers everyone; the reason to stop writing, where the disk failed.
    pub(super) fn end(self) -> Option<WriterStopped> {
        let committed = match self.lost {
            Some(error) => Err(error),
            None if self.kept => run(self.connection, "COMMIT").map_err(Arc::new),
            // Pages that were touched and put back would be written all the same.
            None => run(self.connection, "ROLLBACK").map_err(Arc::new),
        };
        let error = match committed {
            Ok(()) => {
                self.ran
                    .into_iter()
                    .for_each(|job| job.settle(&Ending::Committed));
                return None;
            }
            Err(error) => error,
        };
        if !self.connection.is_autocommit() {
            let _ = run(self.connection, "ROLLBACK");
        }
        tracing::error!(error = %error, writes = self.ran.len(), "a transaction was not committed");
        let stopped = is_disk_failure(&error).then(|| WriterStopped::Disk(Arc::clone(&error)));
        self.ran
            .into_iter()
            .for_each(|job| job.settle(&Ending::NotCommitted(&error)));
        stopped
    }
}

fn run(connection: &Connection, sql: &'static str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.raw_execute().map(drop)
}
