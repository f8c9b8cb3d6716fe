//! The admin port: probes, metrics, version, loops, log filter. Not for the public; a network policy keeps it in.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::runtime::background::Loops;
use crate::runtime::metrics::Metrics;
use crate::runtime::problem::Problem;
use crate::runtime::readiness::Readiness;
use crate::runtime::telemetry::LogFilter;
use crate::runtime::{build_info, extract::Text};

/// What the admin port shows and changes.
#[derive(Clone)]
pub struct Admin {
    /// The daemon's name.
    pub name: &'static str,
    /// What `/readyz` asks.
    pub readiness: Readiness,
    /// What `/metrics` prints.
    pub metrics: Metrics,
    /// What `/loops` shows.
    pub loops: Loops,
    /// What `/log-filter` shows and changes.
    pub log_filter: LogFilter,
}

/// The routes of the admin port.
pub fn router(admin: Admin) -> Router {
    Router::new()
        // The process turns over: nothing else is asked, or an outage elsewhere would restart us.
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/loops", get(loops))
        .route("/version", get(version))
        .route("/log-filter", get(show_filter).put(set_filter))
        .with_state(admin)
}

async fn readyz(State(admin): State<Admin>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let mut verbose = false;
    let mut excluded = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        match part.split_once('=').unwrap_or((part, "")) {
            ("verbose", _) => verbose = true,
            ("exclude", name) => excluded.push(name),
            _ => {}
        }
    }
    let checks = admin.readiness.states();
    let mut ready = true;
    let mut text = String::new();
    for check in &checks {
        // Writing to a string cannot fail.
        let _ = match &check.state {
            _ if excluded.contains(&check.name) => writeln!(text, "[+]{} excluded: ok", check.name),
            Err(reason) => {
                ready = false;
                writeln!(text, "[-]{} failed: {reason}", check.name)
            }
            Ok(Some(note)) => writeln!(text, "[+]{} ok: {note}", check.name),
            Ok(None) => writeln!(text, "[+]{} ok", check.name),
        };
    }
    for name in excluded
        .iter()
        .filter(|name| checks.iter().all(|c| c.name != **name))
    {
        let _ = writeln!(text, "warn: no check is named {name:?}");
    }
    let (status, summary) = if ready {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    if verbose || !ready {
        (status, format!("{text}{summary}\n")).into_response()
    } else {
        (status, format!("{summary}\n")).into_response()
    }
}

async fn metrics(State(admin): State<Admin>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], admin.metrics.to_text()).into_response()
}

async fn loops(State(admin): State<Admin>) -> Response {
    axum::Json(admin.loops.statuses()).into_response()
}

async fn version(State(admin): State<Admin>) -> Response {
    let version = serde_json::json!({
        "name": admin.name,
        "version": build_info::VERSION,
        "sha": build_info::GIT_SHA,
    });
    axum::Json(version).into_response()
}

async fn show_filter(State(admin): State<Admin>) -> String {
    format!("{}\n", admin.log_filter.current())
}

async fn set_filter(State(admin): State<Admin>, Text(filter): Text) -> Result<String, Problem> {
    let before = admin.log_filter.current();
    admin.log_filter.set(filter.trim()).map_err(|error| {
        Problem::bad_request(error.to_string()).hint("for example: info,modbot::config_service=debug")
    })?;
    let after = admin.log_filter.current();
    tracing::warn!(
        log.filter.before = before,
        log.filter.after = after,
        "log filter changed"
    );
    Ok(format!("{after}\n"))
}
