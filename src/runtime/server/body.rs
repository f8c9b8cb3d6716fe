//! Reads a request's body whole, within its bounds, before any handler sees it.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use tokio::time::timeout;

use super::Limits;
use crate::runtime::problem::Problem;

/// The request with its body in memory; 413 for one too large, 408 for one too slow, 400 for one cut off.
pub(super) async fn buffered(request: Request, limits: &Limits) -> Result<Request, Problem> {
    let (parts, body) = request.into_parts();
    let announced = parts
        .headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limits.body_bytes) {
        return Err(too_large(limits.body_bytes));
    }
    let has_none = announced.unwrap_or(0) == 0 && !parts.headers.contains_key(header::TRANSFER_ENCODING);
    if has_none {
        return Ok(Request::from_parts(parts, Body::empty()));
    }
    let bytes = read(body, limits).await?;
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

async fn read(body: Body, limits: &Limits) -> Result<Bytes, Problem> {
    match timeout(limits.body_time, axum::body::to_bytes(body, limits.body_bytes)).await {
        Err(_) => Err(too_slow(limits.body_time)),
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_limit(&error) => Err(too_large(limits.body_bytes)),
        Ok(Err(error)) => {
            Err(Problem::bad_request("the body ended before it was complete").caused_by(&error))
        }
    }
}

fn is_limit(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|cause| cause.to_string().contains("length limit exceeded"))
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body_too_large",
        format!("the body is over {limit} bytes, the most this port takes"),
    )
    .hint("send less at once")
}

fn too_slow(limit: Duration) -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "body_too_slow",
        format!("the body did not arrive within {} ms", limit.as_millis()),
    )
}
