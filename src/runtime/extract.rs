//! Extractors whose refusals are [`Problem`]s: use these instead of axum's own.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection, StringRejection};
use axum::extract::{FromRequest, FromRequestParts};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::runtime::problem::Problem;

/// A JSON body, in and out.
#[derive(Debug, Clone, Copy, FromRequest)]
#[from_request(via(axum::Json), rejection(Problem))]
pub struct Json<T>(pub T);

/// The variable parts of the path.
#[derive(Debug, Clone, Copy, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub struct Path<T>(pub T);

/// The query, as `?name=value&…`.
#[derive(Debug, Clone, Copy, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub struct Query<T>(pub T);

/// A body of plain text.
#[derive(Debug, Clone)]
pub struct Text(pub String);

impl<S: Send + Sync> FromRequest<S> for Text {
    type Rejection = Problem;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Self, Problem> {
        Ok(Self(String::from_request(request, state).await?))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let hint = match rejection {
            JsonRejection::MissingJsonContentType(_) => "send the header content-type: application/json",
            JsonRejection::JsonDataError(_) => "the JSON is well-formed but not what this path takes",
            _ => "send one JSON value as the body",
        };
        let status = rejection.status();
        let error = if status.as_u16() == 415 {
            "unsupported_media_type"
        } else {
            "bad_request"
        };
        // 422 and 400 are one thing to a caller: the request must change.
        let status = if status.as_u16() == 422 {
            axum::http::StatusCode::BAD_REQUEST
        } else {
            status
        };
        let text = one_line(&rejection.body_text());
        let what = text.strip_prefix("Failed to deserialize the JSON body into the target type: ");
        let message = what.map_or(text.clone(), |what| format!("the body does not fit: {what}"));
        Self::new(status, error, message).hint(hint)
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::bad_request(one_line(&rejection.body_text()))
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        let text = one_line(&rejection.body_text());
        let what = text.strip_prefix("Failed to deserialize query string: ");
        Self::bad_request(what.map_or(text.clone(), |what| format!("the query does not fit: {what}")))
    }
}

impl From<StringRejection> for Problem {
    fn from(rejection: StringRejection) -> Self {
        Self::new(
            rejection.status(),
            "bad_request",
            one_line(&rejection.body_text()),
        )
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
