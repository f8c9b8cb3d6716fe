//! A pod's first file: a copy of one that was filled elsewhere, put under the fleet's epochs before it gets its name.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use uuid::Uuid;

use super::lock::OpenerLock;
use super::open::lock_error;
use super::open_error::OpenError;
use crate::domain::ids::{Epoch, GuildId};
use crate::runtime::files;

/// A copy that waits beside its place; removed again unless it is published.
#[derive(Debug)]
pub struct HandOver {
    place: PathBuf,
    copy: PathBuf,
    /// Until it is published, whoever opens the place finds it taken.
    lock: Option<OpenerLock>,
}

impl HandOver {
    /// Copies `from` beside `place`, where nothing may be yet, as a file of the fleet `store`; every guild is served
    /// from it at `epoch`. Clears what an interrupted run left. Blocking.
    pub fn stage(
        from: &Path,
        place: &Path,
        store: Uuid,
        epoch: Epoch,
        holder: &str,
    ) -> Result<Self, OpenError> {
        let lock = OpenerLock::take(place, holder).map_err(|problem| lock_error(place, problem))?;
        let staged = Self {
            place: place.to_owned(),
            copy: crate::store::read_only::beside(place, ".loading"),
            lock: Some(lock),
        };
        // A log that an earlier file left behind would be played into the new one.
        for suffix in ["", "-wal", "-journal"] {
            let path = crate::store::read_only::beside(place, suffix);
            if path.symlink_metadata().is_ok() {
                return Err(OpenError::Exists { path });
            }
        }
        files::remove_file(&staged.copy)?;
        files::copy(from, &staged.copy)?;
        staged.change(|connection| {
            let set = "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)";
            connection.execute(set, ("store_id", store.to_string()))?;
            connection.execute(set, ("file_id", Uuid::new_v4().to_string()))?;
            connection.execute("UPDATE guild_fence SET epoch = ?1", [epoch.as_i64()])
        })?;
        Ok(staged)
    }

    /// Where the copy is.
    pub fn path(&self) -> &Path {
        &self.copy
    }

    /// Serves a guild at another epoch. Blocking.
    pub fn set_epoch(&self, guild: GuildId, epoch: Epoch) -> Result<(), OpenError> {
        self.change(|connection| {
            let set = "UPDATE guild_fence SET epoch = ?2 WHERE guild_id = ?1";
            connection.execute(set, (guild.as_i64(), epoch.as_i64()))
        })
    }

    /// Gives the copy its name, whole or not at all, and lasting. Blocking.
    pub fn publish(mut self) -> Result<(), OpenError> {
        files::sync_file(&self.copy)?;
        if !files::rename_new(&self.copy, &self.place)? {
            return Err(OpenError::Exists {
                path: self.place.clone(),
            });
        }
        // An ordinary close: the lock's file stays.
        drop(self.lock.take());
        Ok(())
    }

    /// Changes the copy, which nobody else knows, without leaving anything beside it.
    fn change(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<usize>) -> Result<(), OpenError> {
        let change = || -> rusqlite::Result<()> {
            let connection = Connection::open(&self.copy)?;
            connection.execute_batch(
                "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;",
            )?;
            work(&connection)?;
            connection.execute_batch("COMMIT; PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL;")?;
            connection.close().map_err(|(_, error)| error)
        };
        change().map_err(|source| OpenError::from_sqlite(&self.copy, source))
    }
}

impl Drop for HandOver {
    fn drop(&mut self) {
        if let Some(lock) = self.lock.take() {
            // What cannot be removed is cleared by the next run.
            let _ = files::remove_file(&self.copy);
            lock.undo();
        }
    }
}
