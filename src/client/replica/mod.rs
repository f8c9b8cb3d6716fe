//! The bucket or directory that holds Litestream's replicas: listing and ranged reads, retried.

mod bucket;
mod directory;
mod error;
mod s3;
mod url;

pub use bucket::{Bucket, BucketOptions};
pub use error::{BucketError, BucketErrorKind};
pub use s3::StaticKeys;
pub use url::{ReplicaUrl, ReplicaUrlError, S3Place};
