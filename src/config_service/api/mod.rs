//! The routes of `/v1`, who may use them, and what every one of them does.

mod cross_guild;
mod discord_shards;
mod guilds;
mod identify;
pub(super) mod params;
mod place;
mod pods;
mod recovery;
mod watch;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};

use super::service::Service;
use super::stamping;
use crate::runtime::service_auth::{Guard, Role, require};

/// The state of every handler.
type Shared = axum::extract::State<Arc<Service>>;

const EVERYONE: &[Role] = &[Role::Pod, Role::Http, Role::Operator];
const PODS: &[Role] = &[Role::Pod];

/// All routes.
pub(super) fn router(service: Arc<Service>, guard: &Guard) -> Router {
    let known = from_fn_with_state(Arc::clone(&service), stamping::check_known);
    let routes = require(for_everyone().route_layer(known.clone()), guard, EVERYONE).merge(require(
        for_pods().route_layer(known),
        guard,
        PODS,
    ));
    routes
        .layer(from_fn_with_state(Arc::clone(&service), stamping::stamp))
        .with_state(service)
}

fn for_everyone() -> Router<Arc<Service>> {
    Router::new()
        .route("/v1/pods", get(pods::list))
        .route("/v1/pods/{pod}", get(pods::one))
        .route("/v1/guilds", get(guilds::page))
        .route("/v1/guilds/place", post(place::place))
        .route("/v1/guilds/{guild}", get(guilds::one))
        .route("/v1/guilds/{guild}/owner", put(guilds::refuse_owner))
        .route("/v1/watch", get(watch::watch))
        .route("/v1/discord-shards", get(discord_shards::list))
}

fn for_pods() -> Router<Arc<Service>> {
    Router::new()
        .route("/v1/pods/{pod}/attach", post(pods::attach))
        .route("/v1/pods/{pod}/assignment", get(pods::assignment))
        .route("/v1/pods/{pod}/heartbeat", post(pods::heartbeat))
        .route("/v1/pods/{pod}/detach", post(pods::detach))
        .route("/v1/pods/{pod}/fences", post(recovery::fences))
        .route("/v1/guilds/born", post(guilds::born))
        .route(
            "/v1/discord-shards/{shard}/release",
            post(discord_shards::release),
        )
        .route("/v1/discord-shards/{shard}/adopt", post(discord_shards::adopt))
        .route("/v1/identify/tickets", post(identify::ticket))
        .route("/v1/identify/budget", put(identify::budget))
        .route("/v1/cross-guild/flags", post(cross_guild::flag))
        .route("/v1/cross-guild/events", get(cross_guild::events))
}
