//! Reaching the bucket of replicas: where it is, and what its errors mean for the exit code.

use std::str::FromStr;
use std::sync::Arc;

use clap::Args;

use super::exit::ExitStatus;
use super::failure::Failure;
use crate::client::replica::{Bucket, BucketErrorKind, BucketOptions, ReplicaUrl};
use crate::domain::ids::PodId;
use crate::operations::restore::RestoreError;

/// The witness of what the bucket holds.
pub(super) const BUCKET: &str = "bucket";

/// Where the fleet's replicas are.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct BucketArgs {
    #[arg(
        long,
        env = "MODBOT_REPLICA_URL",
        hide_env = true,
        value_name = "URL",
        help = "What pod-N is below of, as s3://bucket/prefix or\nfile:///path [env: MODBOT_REPLICA_URL]"
    )]
    replicas: Option<ReplicaUrl>,
}

/// One pod's replica, or a place in a bucket.
#[derive(Debug, Clone)]
pub(super) enum ReplicaPlace {
    Pod(PodId),
    Url(ReplicaUrl),
}

impl FromStr for ReplicaPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with('/') || text.contains("://") {
            return text
                .parse()
                .map(Self::Url)
                .map_err(|error: <ReplicaUrl as FromStr>::Err| error.to_string());
        }
        text.parse().map(Self::Pod).map_err(|_| {
            format!("{text:?} is neither a pod (3, pod-3) nor a URL (s3://bucket/prefix, file:///path)")
        })
    }
}

impl BucketArgs {
    /// Opens a pod's replica below the fleet's, or the place that a URL names.
    pub(super) async fn open(&self, place: &ReplicaPlace) -> Result<Arc<Bucket>, Failure> {
        match place {
            ReplicaPlace::Pod(pod) => Ok(open(self.fleet()?.join(&pod.to_string())).await),
            ReplicaPlace::Url(url) => Ok(open(url.clone()).await),
        }
    }

    /// Opens a place, or the fleet's.
    pub(super) async fn open_all(&self, place: Option<&ReplicaPlace>) -> Result<Arc<Bucket>, Failure> {
        match place {
            Some(place) => self.open(place).await,
            None => Ok(open(self.fleet()?.clone()).await),
        }
    }

    fn fleet(&self) -> Result<&ReplicaUrl, Failure> {
        self.replicas.as_ref().ok_or_else(|| {
            let missing = "nothing says where the fleet's replicas are";
            Failure::message(ExitStatus::Usage, missing)
                .hint("give --replicas URL, set MODBOT_REPLICA_URL, or name the replica by its URL")
        })
    }
}

async fn open(url: ReplicaUrl) -> Arc<Bucket> {
    Arc::new(Bucket::open(url, BucketOptions::default()).await)
}

impl From<RestoreError> for Failure {
    fn from(error: RestoreError) -> Self {
        let hint = error.hint();
        let mut lines: Vec<_> = error
            .damaged()
            .iter()
            .map(|damaged| format!("damaged: {damaged}"))
            .collect();
        lines.extend(hint);
        let failure = Self::new(status_of(&error), error);
        if lines.is_empty() {
            failure
        } else {
            failure.hint(lines.join("\n      "))
        }
    }
}

fn status_of(error: &RestoreError) -> ExitStatus {
    if error.is_verification() {
        return ExitStatus::VerificationFailed;
    }
    match error {
        RestoreError::Bucket(error) => match error.kind {
            BucketErrorKind::Missing => ExitStatus::NotFound,
            BucketErrorKind::Denied => ExitStatus::NotAllowed,
            BucketErrorKind::Transient => ExitStatus::Unreachable,
            BucketErrorKind::Refused => ExitStatus::Failed,
        },
        RestoreError::NoReplica { .. } => ExitStatus::NotFound,
        RestoreError::ManyPods { .. }
        | RestoreError::ManyLineages { .. }
        | RestoreError::LegacyHasNoTxids { .. } => ExitStatus::Usage,
        RestoreError::NoPlan { .. }
        | RestoreError::NoLegacyPlan { .. }
        | RestoreError::OutputExists(_)
        | RestoreError::Leftover(_) => ExitStatus::Refused,
        RestoreError::KeepsVanishing { .. } => ExitStatus::Unreachable,
        _ => ExitStatus::Failed,
    }
}
