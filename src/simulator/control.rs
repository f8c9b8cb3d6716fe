//! The control API: the same verbs as [`super::Simulator`], over HTTP, for an operator and for tests in other
//! processes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Query, State as Extracted};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::acts::Act;
use super::faults::Fault;
use super::handle::{LoadRun, start_load};
use super::load::{Load, SpamWave};
use super::state::Shared;
use super::views::SessionView;

#[derive(Clone)]
struct Control {
    shared: Arc<Shared>,
    load: Arc<Mutex<Option<LoadRun>>>,
}

/// Serves the control API under `/control` until the simulator stops.
pub(super) async fn serve(shared: Arc<Shared>, listener: TcpListener) {
    let stop = shared.stop.clone();
    let control = Control {
        shared,
        load: Arc::default(),
    };
    let router = Router::new()
        .route("/control", get(overview))
        .route("/control/guilds", get(guilds))
        .route("/control/sessions", get(sessions))
        .route("/control/ledger", get(ledger))
        .route("/control/acts", post(act))
        .route("/control/faults", post(fault))
        .route("/control/load", post(load).delete(end_load))
        .route("/control/spam-waves", post(spam_wave))
        .route("/control/clock", post(clock))
        .with_state(control);
    let serving = axum::serve(listener, router);
    tokio::select! {
        _ = async { serving.await } => {}
        () = stop.cancelled() => {}
    }
}

/// `GET /control`: addresses, token, figures.
async fn overview(Extracted(control): Extracted<Control>) -> Json<Value> {
    Json(control.shared.read(|state| {
        json!({
            "application_id": state.world.bot,
            "summary": state.summary(),
            "token": state.settings.token,
            "urls": state.urls,
        })
    }))
}

/// `GET /control/guilds`.
async fn guilds(Extracted(control): Extracted<Control>) -> Json<Value> {
    Json(json!(control.shared.read(super::state::State::guild_views)))
}

/// `GET /control/sessions`.
async fn sessions(Extracted(control): Extracted<Control>) -> Json<Value> {
    let views = |state: &super::state::State| -> Vec<SessionView> {
        state.ledger.sessions.iter().map(SessionView::from).collect()
    };
    Json(json!(control.shared.read(views)))
}

/// Which rows of which table: at most `limit` from row `from` on.
#[derive(Debug, Deserialize)]
struct Page {
    table: String,
    #[serde(default)]
    from: usize,
    #[serde(default = "default_limit")]
    limit: usize,
}

fn default_limit() -> usize {
    1000
}

type Answer = Result<Json<Value>, (StatusCode, Json<Value>)>;

fn refused(status: StatusCode, error: impl std::fmt::Display) -> (StatusCode, Json<Value>) {
    (status, Json(json!({ "error": error.to_string() })))
}

/// `GET /control/ledger?table=events&from=0&limit=1000`.
async fn ledger(Extracted(control): Extracted<Control>, Query(page): Query<Page>) -> Answer {
    fn rows<T: serde::Serialize>(all: &[T], page: &Page) -> Value {
        let rows: Vec<&T> = all.iter().skip(page.from).take(page.limit).collect();
        json!({ "rows": rows, "total": all.len() })
    }
    let found = control.shared.read(|state| {
        let ledger = &state.ledger;
        Some(match page.table.as_str() {
            "events" => rows(&ledger.events, &page),
            "sessions" => rows(&ledger.sessions, &page),
            "connections" => rows(&ledger.connections, &page),
            "attempts" => rows(&ledger.attempts, &page),
            "requests" => rows(&ledger.requests, &page),
            "effects" => rows(&ledger.effects, &page),
            _ => return None,
        })
    });
    let tables = "table must be one of events, sessions, connections, attempts, requests, effects";
    found
        .map(Json)
        .ok_or_else(|| refused(StatusCode::BAD_REQUEST, tables))
}

/// `POST /control/acts`.
async fn act(Extracted(control): Extracted<Control>, Json(act): Json<Act>) -> Answer {
    match control.shared.with(|state| state.act(act)) {
        Ok(id) => Ok(Json(json!({ "id": id }))),
        Err(error) => Err(refused(StatusCode::CONFLICT, error)),
    }
}

/// `POST /control/faults`.
async fn fault(Extracted(control): Extracted<Control>, Json(fault): Json<Fault>) -> Json<Value> {
    Json(json!({ "met": control.shared.with(|state| state.fault(fault)) }))
}

/// `POST /control/load`: takes the place of the load that runs.
async fn load(Extracted(control): Extracted<Control>, Json(load): Json<Load>) -> Json<Value> {
    let run = start_load(&control.shared, load);
    let before = control
        .load
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .replace(run);
    Json(json!({ "acts_before": ended(before).await }))
}

/// `DELETE /control/load`.
async fn end_load(Extracted(control): Extracted<Control>) -> Json<Value> {
    let before = control.load.lock().unwrap_or_else(PoisonError::into_inner).take();
    Json(json!({ "acts": ended(before).await }))
}

async fn ended(run: Option<LoadRun>) -> u64 {
    match run {
        Some(run) => run.stop().await,
        None => 0,
    }
}

/// `POST /control/spam-waves`.
async fn spam_wave(Extracted(control): Extracted<Control>, Json(wave): Json<SpamWave>) -> Json<Value> {
    Json(json!({ "messages": control.shared.with(|state| state.spam_wave(&wave)) }))
}

/// How far the clock goes forward.
#[derive(Debug, Deserialize)]
struct Leap {
    advance_ms: u64,
}

/// `POST /control/clock`.
async fn clock(Extracted(control): Extracted<Control>, Json(leap): Json<Leap>) -> Json<Value> {
    Json(control.shared.with(|state| {
        state.clock.advance(Duration::from_millis(leap.advance_ms));
        let now = state.now_ms();
        state.end_expired_sessions(now);
        json!({ "now_ms": now })
    }))
}
