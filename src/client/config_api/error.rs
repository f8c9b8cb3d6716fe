//! What can go wrong between a caller and the config daemon.

use std::time::Duration;

use uuid::Uuid;

use crate::runtime::problem::ProblemBody;
use crate::runtime::service_auth::SignedClientError;

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum ConfigApiError {
    /// The URL of the daemon is not one.
    #[error("{0:?} is no URL of a config daemon: write http://host:port")]
    BadUrl(String),
    /// The HTTP client could not be built.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
    /// No answer, or not within the call's time.
    #[error("the config daemon gave no answer")]
    NoAnswer(#[source] SignedClientError),
    /// The daemon refused.
    #[error("the config daemon refused: {} ({status} {})", body.message, body.error)]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said.
        body: Box<ProblemBody>,
    },
    /// An answer that no config daemon gives.
    #[error("the answer is not that of a config daemon: {0}")]
    NotOurs(String),
    /// The daemon serves another store than before.
    #[error("the config daemon serves store {theirs}, this caller belongs to store {ours}")]
    ForeignStore {
        /// The store that earlier answers came from.
        ours: Uuid,
        /// The store of this answer.
        theirs: Uuid,
    },
}

impl ConfigApiError {
    /// The daemon's word for it, such as `stale_epoch`.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { body, .. } => Some(&body.error),
            _ => None,
        }
    }

    /// The HTTP status of a refusal.
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the same call may succeed later with nothing changed: no answer, or a 5xx that says so.
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::NoAnswer(_)
                | Self::Refused {
                    status: 502..=504,
                    ..
                }
        )
    }

    /// When the daemon said to try again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { body, .. } => body.retry_after_ms.map(Duration::from_millis),
            _ => None,
        }
    }
}
