//! The file that is written: beside its name until it is whole.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::RestoreError;
use super::unit::Target;
use crate::runtime::files::{self, FileError};

/// What `SQLite` keeps beside a database and would take for a part of a restored one.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Refuses to write over a database, or beside what is left of one.
pub(super) fn check_free(output: &Path) -> Result<(), RestoreError> {
    if output.symlink_metadata().is_ok() {
        return Err(RestoreError::OutputExists(output.to_owned()));
    }
    for companion in COMPANIONS {
        let mut name = output.as_os_str().to_owned();
        name.push(companion);
        let path = PathBuf::from(name);
        if path.symlink_metadata().is_ok() {
            return Err(RestoreError::Leftover(path));
        }
    }
    Ok(())
}

/// A file being written, removed again unless it gets its name.
#[derive(Debug)]
pub(super) struct Partial {
    target: Target,
    kept: bool,
}

impl Partial {
    /// A new file in the directory of `output`.
    pub(super) fn create(output: &Path) -> Result<Self, FileError> {
        let name = output.file_name().unwrap_or_default().to_string_lossy();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = output.with_file_name(format!(".{name}.{}-{number}.partial", std::process::id()));
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path);
        let file = opened.map_err(|source| FileError {
            action: "create",
            path: path.clone(),
            source,
        })?;
        Ok(Self {
            target: Target {
                file: Arc::new(file),
                path: Arc::new(path),
            },
            kept: false,
        })
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    pub(super) fn path(&self) -> &Path {
        &self.target.path
    }

    /// Makes the content last through a power loss.
    pub(super) async fn sync(&self) -> Result<(), RestoreError> {
        let Target { file, path } = self.target.clone();
        tokio::task::spawn_blocking(move || at(&path, "sync", file.sync_all())).await??;
        Ok(())
    }

    /// Gives the file its name, which must still be free.
    pub(super) async fn keep(mut self, output: &Path) -> Result<(), RestoreError> {
        check_free(output)?;
        let (from, to) = (self.path().to_owned(), output.to_owned());
        tokio::task::spawn_blocking(move || files::rename(&from, &to)).await??;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = files::remove_file(self.path())
        {
            tracing::warn!(%error, cause = %error.source, "a partial file is left behind");
        }
    }
}

impl Target {
    /// Sets the file's length, in which what is not written reads as zeros.
    pub(super) fn set_len(&self, bytes: u64) -> Result<(), FileError> {
        at(&self.path, "set the length of", self.file.set_len(bytes))
    }

    /// The file's length.
    pub(super) fn len(&self) -> Result<u64, FileError> {
        at(&self.path, "look at", self.file.metadata()).map(|metadata| metadata.len())
    }
}

fn at<T>(path: &Path, action: &'static str, result: std::io::Result<T>) -> Result<T, FileError> {
    result.map_err(|source| FileError {
        action,
        path: path.to_owned(),
        source,
    })
}
