//! Discord shards: list, release, adopt.

use axum::extract::State;

use super::{Shared, params};
use crate::client::config_api::{AdoptRequest, Cursor, DiscordShardInfo, DiscordShardList, ReleaseRequest};
use crate::config_service::reply::{Done, Outcome, Reply};
use crate::runtime::extract::{Json, Path};
use crate::runtime::problem::Problem;
use crate::store::config_db::{DiscordShardRow, Released, SessionCursor};

/// `GET /v1/discord-shards`.
pub(super) async fn list(State(service): Shared) -> Outcome<DiscordShardList> {
    let shards = service.db.discord_shards().await?;
    Ok(Reply::from_store(shards, |shards| DiscordShardList {
        discord_shards: shards.into_iter().map(info).collect(),
    }))
}

/// `POST /v1/discord-shards/{shard}/release`.
pub(super) async fn release(
    State(service): Shared,
    Path(shard): Path<String>,
    Json(ask): Json<ReleaseRequest>,
) -> Outcome<Done> {
    let released = Released {
        shard: params::discord_shard(&shard)?,
        host_epoch: ask.host_epoch,
        cursor: ask.cursor.map(cursor).transpose()?,
    };
    let done = service
        .db
        .release_discord_shard(ask.pod, ask.incarnation, &released)
        .await?;
    Ok(Reply::done(&done))
}

/// `POST /v1/discord-shards/{shard}/adopt`.
pub(super) async fn adopt(
    State(service): Shared,
    Path(shard): Path<String>,
    Json(ask): Json<AdoptRequest>,
) -> Outcome<DiscordShardInfo> {
    let shard = params::discord_shard(&shard)?;
    let hold = service.settings.session_hold;
    let adopted = service
        .db
        .adopt_discord_shard(ask.pod, ask.incarnation, shard, hold)
        .await?;
    Ok(Reply::from_store(adopted, info))
}

/// A cursor of a body.
pub(super) fn cursor(wire: Cursor) -> Result<SessionCursor, Problem> {
    params::text("cursor.session_id", &wire.session_id, 1..=200)?;
    params::text("cursor.resume_url", &wire.resume_url, 1..=300)?;
    if i64::try_from(wire.resume_at).is_err() {
        return Err(Problem::bad_request("cursor.resume_at is too large"));
    }
    Ok(SessionCursor {
        session_no: wire.session_no,
        session_id: wire.session_id,
        resume_url: wire.resume_url,
        resume_at: wire.resume_at,
    })
}

pub(super) fn info(row: DiscordShardRow) -> DiscordShardInfo {
    DiscordShardInfo {
        discord_shard: row.shard,
        host: row.host,
        host_epoch: row.host_epoch,
        session_no: row.session_no,
        cursor: row.cursor.map(|cursor| Cursor {
            session_no: cursor.session_no,
            session_id: cursor.session_id,
            resume_url: cursor.resume_url,
            resume_at: cursor.resume_at,
        }),
        released_at_ms: row.released_at_ms,
        released_by: row.released_by,
    }
}
