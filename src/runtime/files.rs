//! Files, with the path in every error, and writes that are whole or not there.
//!
//! Blocking: on an async thread, wrap a call in `tokio::task::spawn_blocking`.
#![expect(
    clippy::disallowed_methods,
    reason = "this is where raw file access is wrapped"
)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file operation that failed: what was tried, on which path.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}", path.display())]
pub struct FileError {
    /// What was tried, as in "cannot … /the/path".
    pub action: &'static str,
    /// The path.
    pub path: PathBuf,
    /// The system's answer.
    #[source]
    pub source: io::Error,
}

trait At<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, FileError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, FileError> {
        self.map_err(|source| FileError {
            action,
            path: path.to_owned(),
            source,
        })
    }
}

/// The whole file as bytes.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).at("read", path)
}

/// The whole file as text; refuses what is not UTF-8.
pub fn read_to_string(path: &Path) -> Result<String, FileError> {
    fs::read_to_string(path).at("read", path)
}

/// Makes a directory and those above it; one that is there already is fine.
pub fn create_dir_all(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).at("create the directory", path)
}

/// Makes an empty file; refuses one that is there.
pub fn create(path: &Path) -> Result<(), FileError> {
    fs::File::create_new(path).map(drop).at("create", path)
}

/// Removes a file; one that is not there already is fine.
pub fn remove_file(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.at("remove", path),
    }
}

/// Copies a file over whatever is at `to`.
pub fn copy(from: &Path, to: &Path) -> Result<(), FileError> {
    fs::copy(from, to).map(drop).at("copy to a file beside it", from)
}

/// Renames a file and makes the new name last through a power loss.
pub fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    fs::rename(from, to).at("rename to its final name", from)?;
    sync_parent(to)
}

/// Writes a file so that a reader, or a machine that loses power, sees the old content or the new:
/// written beside, fsynced, renamed, directory fsynced. `mode` is the Unix permissions, such as `0o600`.
pub fn write_atomic(path: &Path, content: &[u8], mode: u32) -> Result<(), FileError> {
    use std::os::unix::fs::OpenOptionsExt as _;

    let beside = beside(path);
    let written = (|| {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(&beside)
            .at("create", &beside)?;
        file.write_all(content).at("write", &beside)?;
        file.sync_all().at("sync", &beside)?;
        rename(&beside, path)
    })();
    if written.is_err() {
        // The first error is the one worth telling.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// A name in the same directory that two processes do not share.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.partial", std::process::id()))
}

/// Makes a file's content last through a power loss.
pub fn sync_file(path: &Path) -> Result<(), FileError> {
    File::open(path).and_then(|file| file.sync_all()).at("sync", path)
}

/// Makes what was created or renamed in the directory of `path` last through a power loss.
pub fn sync_parent(path: &Path) -> Result<(), FileError> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    File::open(parent)
        .and_then(|directory| directory.sync_all())
        .at("sync the directory", parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_whole_or_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        write_atomic(&path, b"one", 0o600).unwrap();
        write_atomic(&path, b"two", 0o600).unwrap();
        assert_eq!(read(&path).unwrap(), b"two");
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );

        // A directory cannot be replaced by a file: the error names the path and leaves nothing behind.
        let taken = dir.path().join("taken");
        create_dir_all(&taken.join("x")).unwrap();
        let error = write_atomic(&taken, b"three", 0o600).unwrap_err();
        assert!(error.to_string().contains("taken"), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn errors_name_the_path() {
        let error = read_to_string(Path::new("/nowhere/x")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read /nowhere/x");
        remove_file(Path::new("/nowhere/x")).unwrap();
    }
}
