//! The REST server: axum in front of [`super::routes`].

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{RawPathParams, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use super::error::ApiError;
use super::pipeline::{Incoming, Outgoing, percent_decoded};
use super::routes::{ROUTES, Route};
use crate::simulator::state::Shared;

/// Discord takes 25 MiB with attachments; bodies here are JSON.
const MAX_BODY: usize = 8 << 20;

/// Marks an answer that must not be given.
#[derive(Clone, Copy)]
struct Cut;

/// Serves the REST API under `/api/v10` until the simulator stops.
pub(in crate::simulator) async fn serve(shared: Arc<Shared>, listener: TcpListener) {
    let router = router(&shared);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shared.stop.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else { continue };
        let _ = stream.set_nodelay(true);
        shared
            .tasks
            .spawn(connection(Arc::clone(&shared), stream, router.clone()));
    }
}

async fn connection(shared: Arc<Shared>, stream: TcpStream, router: Router) {
    let service = hyper::service::service_fn(move |request| {
        let router = router.clone();
        async move {
            let response = router
                .oneshot(request)
                .await
                .unwrap_or_else(|never| match never {});
            // An error of the service makes hyper drop the connection without an answer.
            match response.extensions().get::<Cut>() {
                Some(Cut) => Err(io::Error::other("cut by order of a test")),
                None => Ok(response),
            }
        }
    });
    let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
    let serving = builder.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = serving => {}
        () = shared.stop.cancelled() => {}
    }
}

fn router(shared: &Arc<Shared>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let Ok(method) = MethodFilter::try_from(
            axum::http::Method::from_bytes(route.method.as_bytes()).unwrap_or_default(),
        ) else {
            continue;
        };
        for version in ["v10", "v9"] {
            let shared = Arc::clone(shared);
            let handler = move |params: RawPathParams, request: Request| async move {
                handle(&shared, route, &params, request).await
            };
            router = router.route(&format!("/api/{version}{}", route.path), on(method, handler));
        }
    }
    router.fallback(|| async { response(Outgoing::from_reply(Err(ApiError::ROUTE))) })
}

async fn handle(
    shared: &Shared,
    route: &'static Route,
    params: &RawPathParams,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return bare(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let incoming = Incoming {
        route,
        path: parts.uri.path().to_owned(),
        params: params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        query: query(parts.uri.query().unwrap_or_default()),
        headers: parts.headers,
        body: body.to_vec(),
    };
    let answer = shared.with(|state| state.answer(incoming));
    if let Some(delay) = answer.delay {
        tokio::time::sleep(delay).await;
    }
    response(answer)
}

fn query(text: &str) -> HashMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (percent_decoded(name), percent_decoded(value)))
        .collect()
}

fn bare(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn response(answer: Outgoing) -> Response {
    let mut response = bare(answer.status);
    if let Some(body) = answer.body {
        *response.body_mut() = Body::from(body.to_string());
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
    }
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    if answer.cut {
        response.extensions_mut().insert(Cut);
    }
    response
}
