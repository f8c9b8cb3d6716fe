//! A shard database that is open: its writer, its readers, its lock.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::fence_rows;
use super::guild_rows;
use super::lock::OpenerLock;
use super::migrations;
use super::open::{self, Settings};
use super::open_error::OpenError;
use super::readers::Readers;
use super::row_functions::RowCounter;
use super::writer::{self, WriteError, Writer};
use crate::domain::digest::TableDigests;
use crate::domain::fence::Fence;
use crate::domain::ids::GuildId;
use crate::runtime::clock::Clock;

/// The pod's database, open for writing by this process alone. Dropping it finishes what is queued and closes.
pub struct ShardDb {
    path: PathBuf,
    writer: Writer,
    counter: RowCounter,
    readers: Readers,
    thread: Option<JoinHandle<()>>,
    clock: Arc<dyn Clock>,
    // Last: given up when the connections are closed.
    _lock: OpenerLock,
}

impl ShardDb {
    /// Opens a shard database that is there, migrating it where it is older. Blocking.
    pub fn open(path: &Path, settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        // Absolute, so that it can stand in a URI and outlives a change of directory.
        let path = std::path::absolute(path).map_err(|source| crate::runtime::files::FileError {
            action: "find",
            path: path.to_owned(),
            source,
        })?;
        let opened = open::open_for_writing(&path, &settings)?;
        let sqlite = |source| OpenError::from_sqlite(&path, source);
        let counter = RowCounter::register(&opened.connection).map_err(sqlite)?;
        let (writer, thread) = writer::spawn(opened.connection, settings.writer.clone(), Arc::clone(&clock))
            .map_err(|source| crate::runtime::files::FileError {
                action: "start the writer of",
                path: path.clone(),
                source,
            })?;
        let limit = settings.readers;
        Ok(Self {
            readers: Readers::new(path.clone(), settings, limit),
            path,
            writer,
            counter,
            thread: Some(thread),
            clock,
            _lock: opened.lock,
        })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The way to the writing thread.
    pub const fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Runs `work` in one read transaction beside the writer: everything it sees is of one moment. Blocking.
    pub fn read<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.readers.read(work)
    }

    /// The fence of a guild as last committed. Blocking.
    pub fn fence(&self, guild: GuildId) -> Result<Option<Fence>, WriteError> {
        self.read(|connection| Ok(fence_rows::read(connection, guild)?))
    }

    /// Reads every row of a guild and digests it, at one moment beside the writer. Blocking.
    pub fn digests(&self, guild: GuildId) -> Result<TableDigests, WriteError> {
        self.read(|connection| {
            Ok(guild_rows::digests(
                connection,
                "main",
                migrations::CURRENT,
                guild,
            )?)
        })
    }

    pub(super) fn counter(&self) -> &RowCounter {
        &self.counter
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }
}

impl std::fmt::Debug for ShardDb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShardDb")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Drop for ShardDb {
    fn drop(&mut self) {
        // Readers first: the last connection to close is the one that may checkpoint.
        self.readers.close();
        self.writer.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
