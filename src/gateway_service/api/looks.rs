//! Looks at the file and the sessions, each at one moment.

use axum::extract::State;
use rusqlite::Connection;
use serde::Deserialize;

use super::{Pod, Running};
use crate::client::pod_api::{FencePage, GuildFence, Held, PodHealth, Queues, SessionHealth, SessionPhase};
use crate::domain::fence::Position;
use crate::domain::ids::{DiscordShardId, GuildId};
use crate::gateway_service::host::SessionState;
use crate::gateway_service::session_rows;
use crate::runtime::build_info;
use crate::runtime::extract::{Json, Query};
use crate::runtime::problem::Problem;
use crate::store::shard_db::WriteError;

const DEFAULT_PAGE: u32 = 500;
const LARGEST_PAGE: u32 = 1000;

pub(super) async fn health(State(pod): State<Pod>) -> Result<Json<PodHealth>, Problem> {
    let Running { host, fleet } = pod.running()?;
    let states = host.states.all();
    let sessions = pod.read(move |db| {
        db.read(|connection| states.into_iter().map(|one| session(connection, one)).collect())
    });
    Ok(Json(PodHealth {
        version: build_info::VERSION.to_owned(),
        standalone: fleet.is_none(),
        pod: fleet.as_ref().map(|fleet| fleet.pod),
        incarnation: fleet.as_ref().map(|fleet| fleet.incarnation),
        leased: host.lease.holds(),
        num_shards: host.settings.num_shards,
        sessions: sessions.await?,
    }))
}

fn session(
    connection: &Connection,
    (shard, state): (DiscordShardId, SessionState),
) -> Result<SessionHealth, WriteError> {
    let (phase, refused_because) = match state {
        SessionState::Connecting => (SessionPhase::Connecting, None),
        SessionState::Live => (SessionPhase::Live, None),
        SessionState::Refused(why) => (SessionPhase::Refused, Some(why)),
    };
    let row = session_rows::read(connection, shard)?;
    Ok(SessionHealth {
        discord_shard: shard.get(),
        host_epoch: row.as_ref().map(|row| row.host_epoch).unwrap_or_default(),
        state: phase,
        refused_because,
        cursor: row.map(|row| row.cursor).filter(|at| *at != Position::default()),
    })
}

#[derive(Debug, Deserialize)]
pub(super) struct Page {
    after: Option<GuildId>,
    limit: Option<u32>,
}

pub(super) async fn fences(
    State(pod): State<Pod>,
    Query(page): Query<Page>,
) -> Result<Json<FencePage>, Problem> {
    let limit = page.limit.unwrap_or(DEFAULT_PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(Problem::bad_request(format!(
            "limit must be from 1 to {LARGEST_PAGE}"
        )));
    }
    let after = page.after.map_or(0, GuildId::as_i64);
    let page = pod.read(move |db| {
        let guilds = db.read(|connection| session_rows::guilds_after(connection, after, limit))?;
        let full = guilds.len() == usize::try_from(limit).unwrap_or(usize::MAX);
        let next = guilds.last().copied().filter(|_| full);
        let fences = guilds.into_iter().map(|guild| db.fence(guild));
        let fences = fences.filter_map(Result::transpose);
        let fences = fences.map(|fence| fence.map(|fence| GuildFence::from(&fence)));
        Ok(FencePage {
            fences: fences.collect::<Result<_, WriteError>>()?,
            next,
        })
    });
    Ok(Json(page.await?))
}

pub(super) async fn queues(State(pod): State<Pod>) -> Result<Json<Queues>, Problem> {
    let queues = pod.read(|db| {
        db.read(|connection| {
            let held = |sql| {
                connection.prepare_cached(sql)?.query_row([], |row| {
                    Ok(Held {
                        guilds: row.get::<_, i64>(0)?.cast_unsigned(),
                        frames: row.get::<_, i64>(1)?.cast_unsigned(),
                        bytes: row.get::<_, i64>(2)?.cast_unsigned(),
                        oldest_ms: row.get(3)?,
                    })
                })
            };
            let gaps = connection.query_row("SELECT count(*) FROM gap", [], |row| row.get::<_, i64>(0))?;
            Ok(Queues {
                forward: held(
                    "SELECT count(DISTINCT guild_id), count(*), coalesce(sum(length(raw)), 0), min(stored_at) FROM forward",
                )?,
                dead_frames: held(
                    "SELECT count(DISTINCT guild_id), count(*), coalesce(sum(length(raw)), 0), min(failed_at) FROM dead_frame",
                )?,
                gaps: gaps.cast_unsigned(),
            })
        })
    });
    Ok(Json(queues.await?))
}
