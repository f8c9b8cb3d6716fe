//! HTTP errors: a status and `{error, message, hint, request_id}`, always in this shape.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::runtime::error_chain::Chain;
use crate::runtime::request_context;

/// An error as an answer.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    error: &'static str,
    message: String,
    hint: Option<String>,
    retry_after: Option<Duration>,
    cause: Option<String>,
}

/// The body of an error answer, as written here and read by our clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemBody {
    /// A word for programs, such as `stale_epoch`; documented and stable.
    pub error: String,
    /// One sentence for people.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// How long to wait before trying again, finer than the `Retry-After` header can say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The request's id, to be found in the logs.
    #[serde(default)]
    pub request_id: String,
}

/// What caused an error answer: kept beside the answer for the log, never sent.
#[derive(Debug, Clone)]
pub(crate) struct Cause(pub(crate) String);

impl Problem {
    /// An error answer.
    pub fn new(status: StatusCode, error: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            error,
            message: message.into(),
            hint: None,
            retry_after: None,
            cause: None,
        }
    }

    /// 400: the request itself is wrong.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 503: not now; try again after `retry_after`.
    pub fn unavailable(error: &'static str, message: impl Into<String>, retry_after: Duration) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error, message).retry_after(retry_after)
    }

    /// 500: a bug. The cause goes to the log, not to the caller.
    pub fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something failed that should not have",
        )
        .hint("look for the request id in the daemon's log")
        .caused_by(cause)
    }

    /// What the answer's reader can do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// When to try again: sets the `Retry-After` header.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// The error behind it, for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: &(dyn std::error::Error + 'static)) -> Self {
        self.cause = Some(Chain(cause).to_string());
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The general problem of a status that some layer below answered without a body of ours.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (error, message) = match status {
            StatusCode::NOT_FOUND => ("no_route", "there is nothing at this path"),
            StatusCode::METHOD_NOT_ALLOWED => (
                "method_not_allowed",
                "this path does not take this method; the Allow header says which it takes",
            ),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => (
                "unsupported_media_type",
                "the body must be sent as application/json",
            ),
            _ if status.is_server_error() => ("internal", "something failed that should not have"),
            _ => (
                "bad_request",
                status.canonical_reason().unwrap_or("the request was refused"),
            ),
        };
        Self::new(status, error, message)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ProblemBody {
            error: self.error.to_owned(),
            message: self.message,
            hint: self.hint,
            retry_after_ms: self
                .retry_after
                .map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
            request_id: request_context::current()
                .map(|context| context.request_id().to_owned())
                .unwrap_or_default(),
        };
        let mut response = (self.status, axum::Json(body)).into_response();
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if let Some(cause) = self.cause {
            response.extensions_mut().insert(Cause(cause));
        }
        response
    }
}
