//! What surrounds every request: its id, time limit, body bounds, error shape, log line and metrics.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::time::{Instant, timeout};
use tracing::Instrument as _;

use super::{Limits, ServerMetrics, body};
use crate::runtime::problem::{Cause, Problem};
use crate::runtime::request_context::{REQUEST_ID, RequestContext};

struct Frame {
    limits: Limits,
    metrics: ServerMetrics,
}

/// The routes with their frame. Add every route first: what is added later stands outside.
pub fn framed(router: Router, limits: Limits, metrics: ServerMetrics) -> Router {
    router.layer(from_fn_with_state(Arc::new(Frame { limits, metrics }), frame))
}

async fn frame(State(frame): State<Arc<Frame>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let context = RequestContext::from_headers(request.headers());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("(none)", MatchedPath::as_str);
    let method = request.method().clone();
    let span = tracing::info_span!("request", request.id = context.request_id(), %method, route);
    let answer = answer(&frame.limits, request, next);
    let scoped = context.clone().scope(answer).instrument(span.clone());
    let mut response = scoped.await;
    response
        .headers_mut()
        .insert(REQUEST_ID, context.request_id_header());
    let took = started.elapsed();
    frame.metrics.answered(route, &method, response.status(), took);
    span.in_scope(|| log(&response, took));
    response
}

async fn answer(limits: &Limits, request: Request, next: Next) -> Response {
    let request = match body::buffered(request, limits).await {
        Ok(request) => request,
        Err(problem) => return problem.into_response(),
    };
    if let Ok(response) = timeout(limits.request_time, next.run(request)).await {
        return in_our_shape(response);
    }
    let message = format!("no answer within {} ms", limits.request_time.as_millis());
    Problem::unavailable("timed_out", message, Duration::from_secs(1))
        .hint("something behind this daemon is slow; see its /readyz?verbose and log")
        .into_response()
}

/// Errors that axum answers by itself (404, 405, …) get the body that all errors have.
fn in_our_shape(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    // A handler of ours gives its answer a type; axum's own refusals have neither type nor body.
    if !is_error || response.headers().contains_key(header::CONTENT_TYPE) {
        return response;
    }
    let mut problem = Problem::of_status(status).into_response();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allow.clone());
    }
    problem
}

fn log(response: &Response, took: Duration) {
    let status = response.status().as_u16();
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let cause = response.extensions().get::<Cause>().map(|cause| cause.0.as_str());
    match (status, cause) {
        (500, _) | (501.., Some(_)) => tracing::warn!(status, duration_ms, cause, "request failed"),
        // Said of itself, for as long as it lasts, to everyone who asks: the metrics count it.
        (503, None) => tracing::debug!(status, duration_ms, "not now"),
        (400.., _) => tracing::info!(status, duration_ms, cause, "request refused"),
        _ => tracing::debug!(status, duration_ms, "request answered"),
    }
}
