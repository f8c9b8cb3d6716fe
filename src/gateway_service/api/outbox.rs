//! The outbox, for operators: what is open or dead, sent again or given up.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use super::Pod;
use crate::client::pod_api::{OutboxAction, OutboxChanged, OutboxPage, OutboxRequest};
use crate::domain::ids::GuildId;
use crate::domain::outbox::{ActionId, ActionState};
use crate::gateway_service::owner::{ActionRow, Changed, Filter};
use crate::runtime::extract::{Json, Path, Query};
use crate::runtime::problem::Problem;

const DEFAULT_LIMIT: u32 = 100;
const LARGEST_LIMIT: u32 = 10_000;

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    guild: Option<GuildId>,
    state: Option<String>,
    limit: Option<u32>,
}

pub(super) async fn list(
    State(pod): State<Pod>,
    Query(which): Query<Which>,
) -> Result<Json<OutboxPage>, Problem> {
    let limit = which.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=LARGEST_LIMIT).contains(&limit) {
        return Err(Problem::bad_request(format!(
            "limit must be from 1 to {LARGEST_LIMIT}"
        )));
    }
    let named = which.state.iter().flat_map(|states| states.split(','));
    let read = |name: &str| {
        let unknown = || Problem::bad_request(format!("{name:?} is no state of an action"));
        ActionState::from_name(name).ok_or_else(unknown)
    };
    let filter = Filter {
        guild: which.guild,
        states: named.map(read).collect::<Result<_, _>>()?,
        limit,
    };
    let rows = pod.running()?.host.owner.list_actions(filter).await;
    let rows = rows.map_err(|error| Problem::internal(&error))?;
    Ok(Json(OutboxPage {
        actions: rows.into_iter().map(told).collect(),
    }))
}

fn told(row: ActionRow) -> OutboxAction {
    OutboxAction {
        guild: row.guild,
        action: row.id,
        kind: row.kind,
        state: row.state,
        cause: row.cause,
        payload: row.payload,
        decided_at_ms: row.decided_at_ms,
        not_after_ms: row.not_after_ms,
        attempts: row.attempts,
        error: row.error,
    }
}

pub(super) async fn retry(
    State(pod): State<Pod>,
    Path(of): Path<(GuildId, String)>,
    Json(request): Json<OutboxRequest>,
) -> Result<Json<OutboxChanged>, Problem> {
    change(&pod, of, &request, ActionState::Pending).await
}

pub(super) async fn give_up(
    State(pod): State<Pod>,
    Path(of): Path<(GuildId, String)>,
    Json(request): Json<OutboxRequest>,
) -> Result<Json<OutboxChanged>, Problem> {
    change(&pod, of, &request, ActionState::Dead).await
}

async fn change(
    pod: &Pod,
    (guild, action): (GuildId, String),
    request: &OutboxRequest,
    to: ActionState,
) -> Result<Json<OutboxChanged>, Problem> {
    let host = &pod.running()?.host;
    let id: ActionId = action
        .parse()
        .map_err(|error| Problem::bad_request(format!("{error}")))?;
    if to == ActionState::Pending && !request.dry_run {
        host.sender.ask_again(guild);
    }
    let changed = host.owner.change_action(guild, id, to, request.dry_run).await;
    let conflict = |error, message: String| Problem::new(StatusCode::CONFLICT, error, message);
    let (before, after) = match changed.map_err(|error| Problem::internal(&error))? {
        Changed::To { from, to } => (from, to),
        Changed::Already(state) => (state, state),
        Changed::Not(state) => {
            let message = format!(
                "the action is {}: it cannot become {}",
                state.as_str(),
                to.as_str()
            );
            return Err(conflict("wrong_state", message));
        }
        Changed::NoSuch => {
            let message = format!("guild {guild} has no action {id}");
            return Err(Problem::new(StatusCode::NOT_FOUND, "no_such_action", message));
        }
        Changed::NotServed => {
            let message = format!("guild {guild} is not served by this pod now");
            return Err(conflict("not_served", message));
        }
    };
    if before != after && !request.dry_run {
        tracing::info!(
            guild = %guild, action = %id, before = before.as_str(), after = after.as_str(),
            actor = request.actor, reason = request.reason, "an operator has changed an action"
        );
    }
    Ok(Json(OutboxChanged {
        before: before.as_str().to_owned(),
        after: after.as_str().to_owned(),
    }))
}
