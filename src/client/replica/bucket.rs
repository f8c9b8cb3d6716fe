//! One face for every store that replicas are kept in.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use bytes::Bytes;

use super::directory::Directory;
use super::s3::{S3, StaticKeys};
use super::{BucketError, ReplicaUrl};
use crate::domain::replica::Object;

/// The longest wait between two tries.
const MAX_DELAY: Duration = Duration::from_secs(10);

/// How a bucket is reached.
#[derive(Debug, Clone)]
pub struct BucketOptions {
    /// Keys to use instead of the usual chain (environment, profile, web identity, container, instance).
    pub keys: Option<StaticKeys>,
    /// How often a request is tried before its error counts.
    pub attempts: usize,
    /// How long to wait before the second try; doubled for each further one, with jitter.
    pub first_delay: Duration,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long one try may take, its body included.
    pub attempt_timeout: Duration,
}

impl Default for BucketOptions {
    fn default() -> Self {
        Self {
            keys: None,
            attempts: 5,
            first_delay: Duration::from_millis(200),
            connect_timeout: Duration::from_secs(5),
            attempt_timeout: Duration::from_mins(1),
        }
    }
}

/// A place that holds replicas. Keys are relative to it.
#[derive(Debug)]
pub struct Bucket {
    url: ReplicaUrl,
    driver: Driver,
    options: BucketOptions,
    requests: AtomicU64,
    bytes: AtomicU64,
}

#[derive(Debug)]
enum Driver {
    Directory(Directory),
    S3(Box<S3>),
}

impl Bucket {
    /// Opens a place; nothing is asked of it yet.
    pub async fn open(url: ReplicaUrl, options: BucketOptions) -> Self {
        let driver = match &url {
            ReplicaUrl::Directory(root) => Driver::Directory(Directory::new(root.clone())),
            ReplicaUrl::S3(place) => Driver::S3(Box::new(S3::open(place.clone(), &options).await)),
        };
        Self {
            url,
            driver,
            options,
            requests: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    /// The place.
    pub fn url(&self) -> &ReplicaUrl {
        &self.url
    }

    /// Every object of the place, by key: one listing, in as many pages as the store makes of it.
    pub async fn list(&self) -> Result<Vec<Object>, BucketError> {
        self.retried(|| async {
            match &self.driver {
                Driver::Directory(directory) => directory.list().await,
                Driver::S3(s3) => s3.list().await,
            }
        })
        .await
    }

    /// Exactly `bytes` bytes of an object, from `offset`; fewer are an error.
    pub async fn read(&self, key: &str, offset: u64, bytes: u64) -> Result<Bytes, BucketError> {
        let read = self
            .retried(|| async {
                match &self.driver {
                    Driver::Directory(directory) => directory.read(key, offset, bytes).await,
                    Driver::S3(s3) => s3.read(key, offset, bytes).await,
                }
            })
            .await?;
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(read)
    }

    /// Requests made so far, repeats included.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Bytes of objects read so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    async fn retried<T, F: Future<Output = Result<T, BucketError>>>(
        &self,
        request: impl Fn() -> F,
    ) -> Result<T, BucketError> {
        let backoff = ExponentialBuilder::default()
            .with_min_delay(self.options.first_delay)
            .with_max_delay(MAX_DELAY)
            .with_max_times(self.options.attempts.saturating_sub(1))
            .with_jitter();
        let counted = || {
            self.requests.fetch_add(1, Ordering::Relaxed);
            request()
        };
        counted
            .retry(backoff)
            .when(BucketError::is_transient)
            .notify(|error, wait| {
                tracing::warn!(error = %error, cause = %error.source, ?wait, "the bucket failed, trying again");
            })
            .await
    }
}
