//! Guilds: who owns which. Nothing here changes an owner.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use super::{Shared, params};
use crate::client::config_api::{BornRequest, GuildInfo, GuildPage, MAX_PAGE, MAX_PLACE};
use crate::config_service::failure::Failure;
use crate::config_service::reply::{Done, Outcome, Reply};
use crate::domain::ids::{GuildId, PodId};
use crate::runtime::extract::{Json, Path, Query};
use crate::runtime::problem::Problem;
use crate::store::config_db::{GuildFilter, GuildRow, Stamped};

const DEFAULT_PAGE: u32 = 100;

/// `GET /v1/guilds/{guild}`: the hottest request.
pub(super) async fn one(State(service): Shared, Path(guild): Path<String>) -> Outcome<GuildInfo> {
    let guild = params::guild(&guild)?;
    let Stamped { mut value, stamp } = service.lookup.ask(vec![guild]).await?;
    let Some(row) = value.pop().flatten() else {
        let problem = Problem::new(
            StatusCode::NOT_FOUND,
            "no_such_guild",
            format!("guild {guild} is not known"),
        )
        .hint("POST /v1/guilds/place gives it an owner");
        return Err(Failure::stamped(problem, stamp));
    };
    Ok(Reply::from_store(Stamped { value: row, stamp }, info))
}

/// Which page.
#[derive(Debug, Deserialize)]
pub(super) struct PageQuery {
    after: Option<GuildId>,
    limit: Option<u32>,
    pod: Option<PodId>,
}

/// `GET /v1/guilds?after=&limit=&pod=`.
pub(super) async fn page(State(service): Shared, Query(query): Query<PageQuery>) -> Outcome<GuildPage> {
    let limit = query.limit.unwrap_or(DEFAULT_PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(Problem::bad_request(format!("limit {limit}: 1 to {MAX_PAGE} are allowed")).into());
    }
    let filter = GuildFilter {
        pod: query.pod,
        after: query.after,
        pinned: None,
        limit,
    };
    let guilds = service.db.guilds(&filter).await?;
    Ok(Reply::from_store(guilds, |rows| {
        let full = rows.len() == usize::try_from(limit).unwrap_or(usize::MAX);
        GuildPage {
            next: rows.last().map(|row| row.guild).filter(|_| full),
            guilds: rows.into_iter().map(info).collect(),
        }
    }))
}

/// `POST /v1/guilds/born`.
pub(super) async fn born(State(service): Shared, Json(ask): Json<BornRequest>) -> Outcome<Done> {
    params::count("guilds", ask.guilds.len(), MAX_PLACE)?;
    let guilds: Vec<_> = ask.guilds.iter().map(|born| (born.guild, born.epoch)).collect();
    let marked = service.db.mark_born(ask.pod, ask.incarnation, &guilds).await?;
    Ok(Reply::done(&marked))
}

/// `PUT /v1/guilds/{guild}/owner`: never.
pub(super) async fn refuse_owner(Path(guild): Path<String>) -> Result<(), Failure> {
    let guild = params::guild(&guild)?;
    let message = "an owner is not set: the guild's rows must go with it, and only a move takes them along";
    Err(
        Problem::new(StatusCode::CONFLICT, "only_a_move_changes_an_owner", message)
            .hint(format!("modbotctl guild move {guild} --to POD"))
            .into(),
    )
}

fn info(row: GuildRow) -> GuildInfo {
    GuildInfo {
        guild: row.guild,
        pod: row.pod,
        epoch: row.epoch,
        born: row.born_at_ms.is_some(),
        move_id: row.move_id,
        pinned: row.pinned,
        trouble: row.trouble,
        bytes: row.bytes,
        events_per_s: row.events_per_s,
    }
}
