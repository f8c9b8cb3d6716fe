//! Replicas in a directory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use jiff::Timestamp;

use super::{BucketError, BucketErrorKind};
use crate::domain::replica::Object;

/// A directory tree read as a bucket: the key of a file is its path below the root.
#[derive(Debug)]
pub(super) struct Directory {
    root: PathBuf,
}

impl Directory {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) async fn list(&self) -> Result<Vec<Object>, BucketError> {
        let root = self.root.clone();
        on_a_thread("list", &self.root, move || {
            let mut objects = Vec::new();
            walk(&root, &root, &mut objects)?;
            objects.sort_by(|a, b| a.key.cmp(&b.key));
            Ok(objects)
        })
        .await
    }

    pub(super) async fn read(&self, key: &str, offset: u64, bytes: u64) -> Result<Bytes, BucketError> {
        let path = self.root.join(key);
        let target = path.clone();
        on_a_thread("read", &target, move || {
            let length = usize::try_from(bytes).map_err(io::Error::other)?;
            let mut buffer = vec![0; length];
            File::open(&path)?.read_exact_at(&mut buffer, offset)?;
            Ok(Bytes::from(buffer))
        })
        .await
    }
}

fn walk(root: &Path, directory: &Path, objects: &mut Vec<Object>) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        // A file may go between the listing and the look at it: retention deletes while we read.
        let metadata = match std::fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other?,
        };
        if metadata.is_dir() {
            walk(root, &path, objects)?;
        } else if let Some(key) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            objects.push(Object {
                key: key.to_owned(),
                bytes: metadata.len(),
                modified: Timestamp::try_from(metadata.modified()?).unwrap_or_default(),
            });
        }
    }
    Ok(())
}

async fn on_a_thread<T: Send + 'static>(
    action: &'static str,
    target: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, BucketError> {
    let result = tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|died| Err(io::Error::other(died)));
    result.map_err(|error| {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => BucketErrorKind::Missing,
            io::ErrorKind::PermissionDenied => BucketErrorKind::Denied,
            io::ErrorKind::Interrupted | io::ErrorKind::TimedOut => BucketErrorKind::Transient,
            _ => BucketErrorKind::Refused,
        };
        BucketError::new(action, target.display().to_string(), kind, error)
    })
}
