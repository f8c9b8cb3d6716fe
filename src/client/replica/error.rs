//! What can go wrong with a bucket, sorted by what to do about it.

use std::error::Error as StdError;

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketErrorKind {
    /// The object, bucket or directory is not there.
    Missing,
    /// Not allowed, or not with these credentials.
    Denied,
    /// The request or the answer makes no sense.
    Refused,
    /// Not reached, or failing for now: worth another try.
    Transient,
}

/// A read or listing that failed, after all its tries.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {target}")]
pub struct BucketError {
    /// What was tried.
    pub action: &'static str,
    /// On which object or place.
    pub target: String,
    /// What to do about it.
    pub kind: BucketErrorKind,
    /// What the store said.
    #[source]
    pub source: Box<dyn StdError + Send + Sync>,
}

impl BucketError {
    pub(super) fn new(
        action: &'static str,
        target: impl Into<String>,
        kind: BucketErrorKind,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self {
            action,
            target: target.into(),
            kind,
            source: source.into(),
        }
    }

    /// Whether the object has gone: retention may have deleted it.
    pub fn is_missing(&self) -> bool {
        self.kind == BucketErrorKind::Missing
    }

    /// Whether another try may help.
    pub fn is_transient(&self) -> bool {
        self.kind == BucketErrorKind::Transient
    }
}
