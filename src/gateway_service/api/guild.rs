//! `GET /v1/guilds/{guild}`: what the file has of one guild.

use axum::extract::State;
use axum::http::StatusCode;
use rusqlite::Connection;

use super::Pod;
use crate::client::pod_api::{Actions, GuildFence, GuildReport, Held, TableSize};
use crate::domain::ids::GuildId;
use crate::runtime::extract::{Json, Path};
use crate::runtime::problem::Problem;
use crate::store::shard_db::{CURRENT_SCHEMA, ShardDb, WriteError};

pub(super) async fn report(
    State(pod): State<Pod>,
    Path(guild): Path<GuildId>,
) -> Result<Json<GuildReport>, Problem> {
    pod.running()?;
    let report = pod.read(move |db| gather(db, guild)).await?;
    report.map(Json).ok_or_else(|| {
        let message = format!("guild {guild} was never in this pod's database");
        Problem::new(StatusCode::NOT_FOUND, "no_such_guild", message)
    })
}

fn gather(db: &ShardDb, guild: GuildId) -> Result<Option<GuildReport>, WriteError> {
    let Some(fence) = db.fence(guild)? else {
        return Ok(None);
    };
    let tables: Vec<TableSize> = db
        .guild_sizes(guild)?
        .into_iter()
        .map(|size| TableSize {
            table: size.table.to_owned(),
            rows: size.rows,
            bytes: size.bytes,
        })
        .collect();
    let queues = db.read(|connection| queues(connection, guild))?;
    Ok(Some(GuildReport {
        fence: GuildFence::from(&fence),
        schema: CURRENT_SCHEMA,
        rows: tables.iter().map(|table| table.rows).sum(),
        bytes: tables.iter().map(|table| table.bytes).sum(),
        tables,
        forward: queues.forward,
        dead_frames: queues.dead_frames,
        actions: queues.actions,
        timers: queues.timers,
        timers_held: queues.timers_held,
        gaps: queues.gaps,
    }))
}

struct Queues {
    forward: Held,
    dead_frames: u64,
    actions: Actions,
    timers: u64,
    timers_held: u64,
    gaps: u64,
}

fn queues(connection: &Connection, guild: GuildId) -> Result<Queues, WriteError> {
    let count = |what: &str| -> rusqlite::Result<u64> {
        connection
            .prepare_cached(&format!("SELECT count(*) FROM {what}"))?
            .query_row([guild.as_i64()], |row| row.get::<_, i64>(0))
            .map(i64::cast_unsigned)
    };
    let actions = |state: &str| count(&format!("outbox WHERE guild_id = ?1 AND state = '{state}'"));
    let forward = connection
        .prepare_cached(
            "SELECT count(*), coalesce(sum(length(raw)), 0), min(stored_at) FROM forward WHERE guild_id = ?1",
        )?
        .query_row([guild.as_i64()], |row| {
            let frames = row.get::<_, i64>(0)?.cast_unsigned();
            Ok(Held {
                guilds: frames.min(1),
                frames,
                bytes: row.get::<_, i64>(1)?.cast_unsigned(),
                oldest_ms: row.get(2)?,
            })
        })?;
    Ok(Queues {
        forward,
        dead_frames: count("dead_frame WHERE guild_id = ?1")?,
        actions: Actions {
            pending: actions("pending")?,
            sending: actions("sending")?,
            unknown: actions("unknown")?,
            dead: actions("dead")?,
        },
        timers: count("timer WHERE guild_id = ?1")?,
        timers_held: count("timer WHERE guild_id = ?1 AND held")?,
        gaps: count("gap WHERE guild_id = ?1")?,
    })
}
