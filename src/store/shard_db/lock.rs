//! One opener per file: a lock beside the database that says who holds it.
//!
//! SQLite's own locks let several processes write in turns, which Litestream needs; what must not happen is a second
//! *pod* (or a repair by hand) on the same guilds. The kernel drops the lock with the process, however it ends.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

/// The held lock; dropping it lets the next opener in.
#[derive(Debug)]
pub(super) struct OpenerLock {
    file: File,
    path: PathBuf,
    made: bool,
}

/// Why the lock was not taken.
#[derive(Debug)]
pub(super) enum LockProblem {
    /// Somebody has it: what they wrote into it.
    Held(String),
    Io(PathBuf, io::Error),
}

impl OpenerLock {
    /// Where the lock of a database stands.
    pub(super) fn path_for(database: &Path) -> PathBuf {
        let mut name = database.file_name().unwrap_or_default().to_owned();
        name.push(".lock");
        database.with_file_name(name)
    }

    /// Takes the lock or says who has it; `holder` is one line for the next one who asks.
    pub(super) fn take(database: &Path, holder: &str) -> Result<Self, LockProblem> {
        let path = Self::path_for(database);
        let failed = |error| LockProblem::Io(path.clone(), error);
        loop {
            let made = !path.exists();
            let mut options = OpenOptions::new();
            let mut file = options
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(failed)?;
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    let mut text = String::new();
                    let _ = file.read_to_string(&mut text);
                    return Err(LockProblem::Held(text.trim().to_owned()));
                }
                Err(error) => return Err(failed(error.into())),
            }
            // Whoever held it may have removed it between our open and our lock: then it is not *the* lock any more.
            let ours = file.metadata().map_err(failed)?.ino();
            if std::fs::metadata(&path).is_ok_and(|there| there.ino() == ours) {
                file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
                writeln!(file, "{holder}").map_err(failed)?;
                return Ok(Self { file, path, made });
            }
        }
    }

    /// Who has the database open, in their words; `None` where nobody has.
    pub(super) fn holder(database: &Path) -> Option<String> {
        let mut file = File::open(Self::path_for(database)).ok()?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut text = String::new();
                file.read_to_string(&mut text).ok()?;
                Some(text.trim().to_owned())
            }
            _ => None,
        }
    }

    /// Gives the lock up without a trace: for a file that turned out not to be ours.
    pub(super) fn undo(self) {
        if self.made {
            let _ = crate::runtime::files::remove_file(&self.path);
        }
    }
}

impl Drop for OpenerLock {
    fn drop(&mut self) {
        // Closing is not enough: a process that is being started has a copy of the descriptor until its exec.
        let _ = rustix::fs::flock(&self.file, FlockOperation::Unlock);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_is_told_who_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("shard.sqlite3");
        let first = OpenerLock::take(&database, "pid 1, the first").unwrap();
        let Err(LockProblem::Held(who)) = OpenerLock::take(&database, "second") else {
            panic!("taken twice")
        };
        assert_eq!(who, "pid 1, the first");
        drop(first);
        let again = OpenerLock::take(&database, "third").unwrap();
        assert!(!again.made, "the file stays after an ordinary close");
        drop(again);
        crate::runtime::files::remove_file(&OpenerLock::path_for(&database)).unwrap();
        OpenerLock::take(&database, "fourth").unwrap().undo();
        assert!(!OpenerLock::path_for(&database).exists());
    }

    #[test]
    fn a_copy_of_the_descriptor_does_not_keep_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("shard.sqlite3");
        let lock = OpenerLock::take(&database, "first").unwrap();
        let copy = lock.file.try_clone().unwrap();
        drop(lock);
        OpenerLock::take(&database, "second").unwrap();
        drop(copy);
    }
}
