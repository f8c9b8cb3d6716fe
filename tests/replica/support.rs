//! Replicas out of archives, and restores of them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use jiff::Timestamp;
use modbot::client::replica::{Bucket, BucketOptions, ReplicaUrl};
use modbot::domain::ltx::Txid;
use modbot::operations::restore::{Integrity, ReadLimits, Request, RestoreError, Restored, Wanted, restore};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

pub(super) fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replica/data")
}

/// An unpacked archive; `tar` keeps the times, which are a directory's only record of when 0.3 wrote.
pub(super) fn unpack(archive: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let status = Command::new("tar")
        .arg("-xJf")
        .arg(data().join(archive))
        .arg("-C")
        .arg(dir.path())
        .status()
        .unwrap();
    assert!(status.success(), "tar -xJf {archive}: {status}");
    dir
}

pub(super) fn json(name: &str) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(data().join(name)).unwrap()).unwrap()
}

pub(super) async fn bucket(path: &Path) -> Arc<Bucket> {
    Arc::new(Bucket::open(ReplicaUrl::Directory(path.to_owned()), BucketOptions::default()).await)
}

pub(super) fn request(wanted: Wanted, output: &Path) -> Request {
    Request {
        wanted,
        lineage: None,
        output: output.to_owned(),
        integrity: Integrity::Full,
        limits: ReadLimits::default(),
    }
}

/// What a restore into a directory of its own gave: its answer, and the file's SHA-256.
pub(super) async fn restored(
    bucket: &Arc<Bucket>,
    wanted: Wanted,
) -> Result<(Restored, String), RestoreError> {
    restored_within(bucket, wanted, ReadLimits::default()).await
}

pub(super) async fn restored_within(
    bucket: &Arc<Bucket>,
    wanted: Wanted,
    limits: ReadLimits,
) -> Result<(Restored, String), RestoreError> {
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("restored.db");
    let mut asked = request(wanted, &output);
    asked.limits = limits;
    let result = restore(bucket, &asked, |_| {}).await;
    let left: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    let expected: &[&str] = if result.is_ok() { &["restored.db"] } else { &[] };
    assert_eq!(left, expected, "nothing else is left behind");
    result.map(|restored| {
        assert_eq!(restored.bytes, std::fs::metadata(&output).unwrap().len());
        (restored, sha256(&output))
    })
}

pub(super) fn sha256(path: &Path) -> String {
    hex::encode(Sha256::digest(std::fs::read(path).unwrap()))
}

pub(super) fn txid(text: &str) -> Wanted {
    Wanted::Txid(text.parse::<Txid>().unwrap())
}

pub(super) fn as_of(text: &str) -> Wanted {
    Wanted::AsOf(text.parse::<Timestamp>().unwrap())
}

/// The error and its causes, as an operator reads them.
pub(super) fn told(error: &RestoreError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(step) = cause {
        text = format!("{text}: {step}");
        cause = step.source();
    }
    if let Some(hint) = error.hint() {
        text = format!("{text}; hint: {hint}");
    }
    for damaged in error.damaged() {
        text = format!("{text}; damaged: {damaged}");
    }
    text
}
