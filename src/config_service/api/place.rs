//! Placing guilds.

use std::time::Duration;

use axum::extract::State;

use super::{Shared, params};
use crate::client::config_api::{MAX_PLACE, PlaceAnswer, PlaceRequest, PlacedGuild, UnplacedGuild};
use crate::config_service::failure::Failure;
use crate::config_service::reply::{Outcome, Reply};
use crate::domain::ids::GuildId;
use crate::runtime::extract::Json;
use crate::runtime::problem::Problem;
use crate::store::config_db::PlaceOutcome;

/// `POST /v1/guilds/place`.
pub(super) async fn place(State(service): Shared, Json(ask): Json<PlaceRequest>) -> Outcome<PlaceAnswer> {
    params::count("guilds", ask.guilds.len(), MAX_PLACE)?;
    let outcomes = service.place.ask(ask.guilds.clone()).await?;
    let answer = answer(&ask.guilds, outcomes.value);
    if let (true, Some(unplaced)) = (answer.placed.is_empty(), answer.unplaced.first()) {
        let message = format!("no guild could be placed: {}", unplaced.reason);
        let problem = Problem::unavailable("no_pod", message, Duration::from_secs(5))
            .hint("start a pod, or `modbotctl pod uncordon` one");
        return Err(Failure::stamped(problem, outcomes.stamp));
    }
    let stamped = crate::store::config_db::Stamped {
        value: answer,
        stamp: outcomes.stamp,
    };
    Ok(Reply::from_store(stamped, |answer| answer))
}

fn answer(guilds: &[GuildId], outcomes: Vec<PlaceOutcome>) -> PlaceAnswer {
    let mut answer = PlaceAnswer {
        placed: Vec::with_capacity(outcomes.len()),
        unplaced: Vec::new(),
    };
    for (guild, outcome) in guilds.iter().zip(outcomes) {
        match outcome {
            Ok(placed) => answer.placed.push(PlacedGuild {
                guild: placed.guild,
                pod: placed.pod,
                epoch: placed.epoch,
                placed_because: placed.placed_because,
            }),
            Err(why) => answer.unplaced.push(UnplacedGuild {
                guild: *guild,
                reason: why.to_string(),
            }),
        }
    }
    answer
}
