//! Flags and events of rules over many guilds.

use axum::extract::State;
use serde::Deserialize;

use super::{Shared, params};
use crate::client::config_api::{CrossGuildEventInfo, CrossGuildEvents, FlagAnswer, FlagRequest};
use crate::config_service::reply::{Outcome, Reply};
use crate::domain::ids::{GuildId, Revision};
use crate::runtime::extract::{Json, Query};
use crate::runtime::problem::Problem;
use crate::store::config_db::{By, Flag};

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1_000;

/// `POST /v1/cross-guild/flags`.
pub(super) async fn flag(State(service): Shared, Json(ask): Json<FlagRequest>) -> Outcome<FlagAnswer> {
    params::text("rule", &ask.rule, 1..=50)?;
    params::text("cause", &ask.cause, 1..=200)?;
    // A user's id is a snowflake like a guild's.
    let user: GuildId = ask
        .user_id
        .parse()
        .map_err(|_| Problem::bad_request("user_id is no Discord snowflake: 1 to 19 digits, as a string"))?;
    let flag = Flag {
        user_id: user.get(),
        rule: ask.rule,
        guild: ask.guild,
        cause: ask.cause,
    };
    let by = By::daemon("modbot-config");
    let counted = service.db.flag(&flag, service.settings.flag_rule(), &by).await?;
    Ok(Reply::from_store(counted, |event| FlagAnswer { event }))
}

/// Which events.
#[derive(Debug, Deserialize)]
pub(super) struct EventsQuery {
    since: Revision,
    limit: Option<u32>,
}

/// `GET /v1/cross-guild/events?since=&limit=`.
pub(super) async fn events(
    State(service): Shared,
    Query(query): Query<EventsQuery>,
) -> Outcome<CrossGuildEvents> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Problem::bad_request(format!("limit {limit}: 1 to {MAX_LIMIT} are allowed")).into());
    }
    let events = service.db.cross_guild_events(query.since, limit).await?;
    Ok(Reply::from_store(events, |events| CrossGuildEvents {
        events: events
            .into_iter()
            .map(|event| CrossGuildEventInfo {
                rev: event.rev,
                user_id: event.user_id,
                rule: event.rule,
                guilds: event.guilds,
                at_ms: event.at_ms,
            })
            .collect(),
    }))
}
