//! The pod's API, for operators: looks at the file and the sessions. Every call is signed.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use rusqlite::Connection;
use serde::Deserialize;

use super::host::{Host, SessionState};
use super::session_rows;
use crate::client::pod_api::{FencePage, GuildFence, Held, PodHealth, Queues, SessionHealth, SessionPhase};
use crate::domain::ids::{DiscordShardId, GuildId};
use crate::runtime::build_info;
use crate::runtime::extract::{Json, Query};
use crate::runtime::problem::Problem;
use crate::runtime::service_auth::{Guard, Role, require};
use crate::store::shard_db::{ShardDb, WriteError};

const OPERATORS: &[Role] = &[Role::Operator];
const DEFAULT_PAGE: u32 = 500;
const LARGEST_PAGE: u32 = 1000;

/// What the handlers look at.
#[derive(Clone)]
pub(super) struct Pod {
    pub(super) host: Arc<Host>,
    pub(super) db: Arc<ShardDb>,
}

/// All routes.
pub(super) fn router(pod: Pod, guard: &Guard) -> Router {
    let routes = Router::new()
        .route("/v1/health", get(health))
        .route("/v1/fences", get(fences))
        .route("/v1/queues", get(queues));
    require(routes, guard, OPERATORS).with_state(pod)
}

/// Reads beside the writer, off the async threads.
async fn read<T: Send + 'static>(
    db: &Arc<ShardDb>,
    work: impl FnOnce(&ShardDb) -> Result<T, WriteError> + Send + 'static,
) -> Result<T, Problem> {
    let db = Arc::clone(db);
    let done = tokio::task::spawn_blocking(move || work(&db)).await;
    done.map_err(|error| Problem::internal(&error))?
        .map_err(|error| Problem::internal(&error))
}

async fn health(State(pod): State<Pod>) -> Result<Json<PodHealth>, Problem> {
    let states = pod.host.states.all();
    let num_shards = pod.host.settings.num_shards;
    let sessions = read(&pod.db, move |db| {
        db.read(|connection| states.into_iter().map(|one| session(connection, one)).collect())
    });
    Ok(Json(PodHealth {
        version: build_info::VERSION.to_owned(),
        standalone: true,
        num_shards,
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
    Ok(SessionHealth {
        discord_shard: shard.get(),
        state: phase,
        refused_because,
        cursor: session_rows::read(connection, shard)?.map(|row| row.cursor),
    })
}

#[derive(Debug, Deserialize)]
struct Page {
    after: Option<GuildId>,
    limit: Option<u32>,
}

async fn fences(State(pod): State<Pod>, Query(page): Query<Page>) -> Result<Json<FencePage>, Problem> {
    let limit = page.limit.unwrap_or(DEFAULT_PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(Problem::bad_request(format!(
            "limit must be from 1 to {LARGEST_PAGE}"
        )));
    }
    let after = page.after.map_or(0, GuildId::as_i64);
    let page = read(&pod.db, move |db| {
        let guilds = db.read(|connection| guilds_after(connection, after, limit))?;
        let full = guilds.len() == usize::try_from(limit).unwrap_or(usize::MAX);
        let next = guilds.last().copied().filter(|_| full);
        let fences = guilds.into_iter().map(|guild| db.fence(guild));
        let fences = fences.filter_map(Result::transpose).map(|fence| {
            fence.map(|fence| GuildFence {
                guild: fence.guild_id,
                epoch: fence.state.epoch,
                mode: fence.state.mode,
                move_id: fence.state.move_id,
                freeze_no: fence.state.freeze_no,
                progress: fence.progress,
            })
        });
        Ok(FencePage {
            fences: fences.collect::<Result<_, WriteError>>()?,
            next,
        })
    });
    Ok(Json(page.await?))
}

fn guilds_after(connection: &Connection, after: i64, limit: u32) -> Result<Vec<GuildId>, WriteError> {
    let mut statement = connection
        .prepare_cached("SELECT guild_id FROM guild_fence WHERE guild_id > ?1 ORDER BY guild_id LIMIT ?2")?;
    let ids = statement.query_map((after, limit), |row| row.get::<_, i64>(0))?;
    let guilds = ids.filter_map(|id| id.map(|id| GuildId::from_i64(id).ok()).transpose());
    Ok(guilds.collect::<rusqlite::Result<_>>()?)
}

async fn queues(State(pod): State<Pod>) -> Result<Json<Queues>, Problem> {
    let queues = read(&pod.db, |db| {
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
