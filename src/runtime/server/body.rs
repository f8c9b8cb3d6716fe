//! Reads a request's body whole, within its bounds, before any handler sees it.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use bytes::BytesMut;
use futures_util::StreamExt as _;
use tokio::time::timeout;

use super::Limits;
use crate::runtime::problem::Problem;

/// How much is taken of a body that is too large, in units of the largest.
const DISCARDED: usize = 16;

/// The request with its body in memory; 413 for one too large, 408 for one too slow, 400 for one cut off.
pub(super) async fn buffered(request: Request, limits: &Limits) -> Result<Request, Problem> {
    let (parts, body) = request.into_parts();
    let announced = parts
        .headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let is_large = announced.is_some_and(|length| length > limits.body_bytes);
    if is_large && parts.headers.contains_key(header::EXPECT) {
        // It waits for our word before it sends.
        return Err(too_large(limits.body_bytes));
    }
    let has_none = announced.unwrap_or(0) == 0 && !parts.headers.contains_key(header::TRANSFER_ENCODING);
    if has_none {
        return Ok(Request::from_parts(parts, Body::empty()));
    }
    let bytes = read(body, announced.unwrap_or(0), limits).await?;
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

async fn read(body: Body, announced: usize, limits: &Limits) -> Result<Bytes, Problem> {
    let mut taken = Taken::new(announced, limits.body_bytes);
    let ended = timeout(limits.body_time, taken.all_of(body)).await;
    if taken.is_over() {
        return Err(too_large(limits.body_bytes));
    }
    match ended {
        Err(_) => Err(too_slow(limits.body_time)),
        Ok(Ok(())) => Ok(taken.bytes.freeze()),
        Ok(Err(error)) => {
            Err(Problem::bad_request("the body ended before it was complete").caused_by(&error))
        }
    }
}

/// What has been read of a body. One that is too large is taken for some time more and not kept: most clients
/// read no answer before they have sent the whole request, and report a broken connection in its place when
/// it is closed on them.
struct Taken {
    bytes: BytesMut,
    length: usize,
    limit: usize,
}

impl Taken {
    fn new(announced: usize, limit: usize) -> Self {
        let (bytes, length) = if announced > limit {
            (0, announced)
        } else {
            (announced, 0)
        };
        Self {
            bytes: BytesMut::with_capacity(bytes),
            length,
            limit,
        }
    }

    const fn is_over(&self) -> bool {
        self.length > self.limit
    }

    async fn all_of(&mut self, body: Body) -> Result<(), axum::Error> {
        let mut chunks = body.into_data_stream();
        let mut left = self.limit.saturating_mul(DISCARDED);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            let Some(less) = left.checked_sub(chunk.len()) else {
                break;
            };
            left = less;
            self.length = self.length.saturating_add(chunk.len());
            if self.is_over() {
                self.bytes = BytesMut::new();
            } else {
                self.bytes.extend_from_slice(&chunk);
            }
        }
        Ok(())
    }
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
