//! Output that is whole or not there: made in `NAME.partial`, renamed when nothing is missing.

use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use crate::runtime::files::{self, FileError};

/// The file that a working process keeps locked, so that a second one does not clear its work.
const LOCK: &str = "lock";

/// Why no output can be made at a path.
#[derive(Debug, thiserror::Error)]
pub enum StagingError {
    /// Something is there already.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// Another process is making it.
    #[error("another process is working in {}", .0.display())]
    InUse(PathBuf),
    /// The place to work in holds something that is not ours to delete.
    #[error("{} holds {name:?}, which is not of an interrupted run", directory.display())]
    Foreign {
        /// The place to work in.
        directory: PathBuf,
        /// What was found there.
        name: String,
    },
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
}

impl StagingError {
    /// What the operator can do about it.
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Exists(_) => Some("name another place, or move the existing one away first"),
            Self::InUse(_) => Some("wait for it to finish"),
            Self::Foreign { .. } => Some("look into it, then move it away or remove it"),
            Self::File(_) => None,
        }
    }
}

/// A directory to work in, removed again unless it is published.
#[derive(Debug)]
pub struct Staging {
    target: PathBuf,
    directory: PathBuf,
    _lock: File,
    published: bool,
}

impl Staging {
    /// Claims the place for `target` and clears what an interrupted run left there.
    pub fn claim(target: &Path) -> Result<Self, StagingError> {
        if target.symlink_metadata().is_ok() {
            return Err(StagingError::Exists(target.to_owned()));
        }
        let directory = crate::store::read_only::beside(target, ".partial");
        match std::fs::create_dir(&directory) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(at("create the directory", &directory)(error));
            }
            _ => {}
        }
        let lock_path = directory.join(LOCK);
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(at("create", &lock_path))?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(StagingError::InUse(directory)),
            Err(error) => return Err(at("lock", &lock_path)(error.into())),
        }
        clear(&directory)?;
        Ok(Self {
            target: target.to_owned(),
            directory,
            _lock: lock,
            published: false,
        })
    }

    /// Where a file of the output is made.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The directory that is worked in.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Makes the whole directory the target: synced, then renamed in one step.
    pub fn publish(mut self) -> Result<(), StagingError> {
        files::remove_file(&self.path(LOCK))?;
        for name in names(&self.directory)? {
            sync(&self.path(&name))?;
        }
        sync(&self.directory)?;
        self.published = rename(&self.directory, &self.target)?;
        Ok(())
    }

    /// Makes one file of the directory the target, and removes the rest.
    pub fn publish_file(self, name: &str) -> Result<(), StagingError> {
        let made = self.path(name);
        sync(&made)?;
        rename(&made, &self.target)?;
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.published {
            // What cannot be removed is cleared by the next run.
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}

fn at(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> StagingError {
    move |source| {
        StagingError::File(FileError {
            action,
            path: path.to_owned(),
            source,
        })
    }
}

fn names(directory: &Path) -> Result<Vec<String>, StagingError> {
    let read = || -> std::io::Result<Vec<String>> {
        std::fs::read_dir(directory)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    };
    read().map_err(at("read the directory", directory))
}

/// Whether a run of ours leaves files of this name.
fn is_ours(name: &str) -> bool {
    name == LOCK
        || name.trim_start_matches('.').starts_with("manifest.json")
        || [
            "shard-",
            "global.",
            "quarantine.",
            "joined.",
            "sample.",
            "left-out.",
            "etilqs_",
            "modbot-legacy-",
        ]
        .iter()
        .any(|start| name.starts_with(start))
}

fn clear(directory: &Path) -> Result<(), StagingError> {
    let names = names(directory)?;
    if let Some(name) = names.iter().find(|name| !is_ours(name)) {
        return Err(StagingError::Foreign {
            directory: directory.to_owned(),
            name: name.clone(),
        });
    }
    for name in names.iter().filter(|name| *name != LOCK) {
        let path = directory.join(name);
        if path.is_dir() {
            std::fs::remove_dir_all(&path).map_err(at("remove", &path))?;
        } else {
            files::remove_file(&path)?;
        }
    }
    Ok(())
}

fn rename(from: &Path, to: &Path) -> Result<bool, StagingError> {
    if files::rename_new(from, to)? {
        Ok(true)
    } else {
        Err(StagingError::Exists(to.to_owned()))
    }
}

fn sync(path: &Path) -> Result<(), StagingError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(at("sync", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_whole_or_not_there() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("out");
        let partial = home.path().join("out.partial");

        let abandoned = Staging::claim(&target).unwrap();
        File::create(abandoned.path("global.sqlite3")).unwrap();
        assert!(matches!(Staging::claim(&target), Err(StagingError::InUse(_))));
        drop(abandoned);
        assert!(!partial.exists() && !target.exists());

        // A killed process runs no destructor.
        std::fs::create_dir(&partial).unwrap();
        File::create(partial.join("shard-0.sqlite3-journal")).unwrap();
        let staging = Staging::claim(&target).unwrap();
        assert_eq!(names(&partial).unwrap(), [LOCK]);
        File::create(staging.path("global.sqlite3")).unwrap();
        staging.publish().unwrap();
        assert_eq!(names(&target).unwrap(), ["global.sqlite3"]);
        assert!(!partial.exists());
        assert!(matches!(Staging::claim(&target), Err(StagingError::Exists(_))));
    }

    #[test]
    fn one_file_of_it_can_be_the_output() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("old.sqlite3");
        let staging = Staging::claim(&target).unwrap();
        File::create(staging.path("joined.sqlite3")).unwrap();
        File::create(&target).unwrap();
        assert!(matches!(
            staging.publish_file("joined.sqlite3"),
            Err(StagingError::Exists(_))
        ));
        std::fs::File::options().write(true).open(&target).unwrap();
        assert_eq!(names(home.path()).unwrap(), ["old.sqlite3"]);
    }

    #[test]
    fn what_is_not_ours_is_not_cleared() {
        let home = tempfile::tempdir().unwrap();
        let partial = home.path().join("out.partial");
        std::fs::create_dir(&partial).unwrap();
        File::create(partial.join("holiday.jpg")).unwrap();
        let error = Staging::claim(&home.path().join("out")).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("holds \"holiday.jpg\", which is not of an interrupted run")
        );
        assert!(partial.join("holiday.jpg").exists());
    }
}
