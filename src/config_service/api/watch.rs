//! The watch stream.

use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::Shared;
use crate::config_service::failure::Failure;
use crate::config_service::watch::Refused;
use crate::domain::ids::Revision;
use crate::runtime::extract::Query;
use crate::runtime::problem::Problem;

/// From where.
#[derive(Debug, Deserialize)]
pub(super) struct WatchQuery {
    since: Revision,
}

/// `GET /v1/watch?since=`: lines of JSON, until the caller has enough.
pub(super) async fn watch(
    State(service): Shared,
    Query(query): Query<WatchQuery>,
) -> Result<Response, Failure> {
    let opened = service
        .hub
        .open(query.since)
        .await
        .map_err(|refused| failure(refused, query.since))?;
    let mut response = ([(header::CONTENT_TYPE, "application/x-ndjson")], opened.value).into_response();
    response.extensions_mut().insert(opened.stamp);
    Ok(response)
}

fn failure(refused: Refused, since: Revision) -> Failure {
    match refused {
        Refused::TooMany => {
            let message = "as many watch this replica as may (MODBOT_MAX_WATCHERS)";
            Problem::unavailable("too_many_watchers", message, Duration::from_secs(5)).into()
        }
        Refused::Trimmed { watch_from } => {
            let message = format!(
                "not all changes after revision {since} are kept: watching is possible from {watch_from}"
            );
            Problem::new(StatusCode::GONE, "trimmed", message)
                .hint("list everything anew, then watch from the revision in that answer's headers")
                .into()
        }
        Refused::Store(error) => error.into(),
    }
}
