//! The sessions this pod hosts, as rows: the cursor to RESUME at, moved with the effects of every frame.

use rusqlite::{Connection, OptionalExtension as _};

use super::gaps::{self, Gap};
use crate::client::config_api::Cursor;
use crate::domain::discord_event::Ready;
use crate::domain::fence::Position;
use crate::domain::ids::{DiscordShardId, Epoch, GuildId, NumShards, SessionNo};
use crate::store::shard_db::WriteError;

/// The session of one Discord shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Of how many Discord shards.
    pub num_shards: u32,
    /// Under which host epoch it is held; zero for a pod that is alone.
    pub host_epoch: Epoch,
    /// The last frame that is in the file with its effects.
    pub cursor: Position,
    /// Discord's id of the session.
    pub session_id: Option<String>,
    /// Where Discord wants it resumed.
    pub resume_url: Option<String>,
}

/// The session of a Discord shard, where there was one.
pub fn read(connection: &Connection, shard: DiscordShardId) -> rusqlite::Result<Option<SessionRow>> {
    connection
        .prepare_cached(
            "SELECT num_shards, session_no, seq, session_id, resume_gateway_url, host_epoch
             FROM discord_session WHERE shard_id = ?1",
        )?
        .query_row([shard.get()], |row| {
            Ok(SessionRow {
                num_shards: row.get(0)?,
                cursor: Position {
                    session_no: SessionNo::from_i64(row.get(1)?),
                    seq: row.get::<_, i64>(2)?.cast_unsigned(),
                },
                session_id: row.get(3)?,
                resume_url: row.get(4)?,
                host_epoch: Epoch::from_i64(row.get(5)?),
            })
        })
        .optional()
}

/// Moves the cursor to a frame.
pub fn advance(connection: &Connection, shard: DiscordShardId, seq: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE discord_session SET seq = ?2 WHERE shard_id = ?1")?
        .execute((shard.get(), seq.cast_signed()))
        .map(drop)
}

/// This pod hosts the Discord shard under `host_epoch`; the session to resume, or none.
///
/// The file's own session is the truth where it was held under this very host epoch. Under an earlier one another pod may
/// have gone on with it: then config's copy (`cursor`) is.
///
/// # Errors
/// [`HostEpochError`] where the file has seen a later host epoch: config is behind.
pub fn take_over(
    connection: &Connection,
    (shard, num_shards): (DiscordShardId, NumShards),
    (host_epoch, cursor): (Epoch, Option<&Cursor>),
    now_ms: i64,
) -> Result<Result<SessionRow, HostEpochError>, rusqlite::Error> {
    let row = read(connection, shard)?;
    let held = row.as_ref().map(|row| row.host_epoch);
    match (row, held) {
        (Some(row), Some(held)) if held == host_epoch => return Ok(Ok(row)),
        (_, Some(held)) if held > host_epoch => {
            return Ok(Err(HostEpochError {
                file: held,
                config: host_epoch,
            }));
        }
        (None, _) if cursor.is_none() => {}
        (row, _) => tracing::info!(
            discord_shard = shard.get(),
            host_epoch = host_epoch.get(),
            before = row.map_or_else(|| "nothing".to_owned(), |row| row.cursor.to_string()),
            now = cursor.map_or_else(
                || "no session to resume".to_owned(),
                |it| format!("{}:{}", it.session_no, it.resume_at)
            ),
            "taking a Discord shard over"
        ),
    }
    connection
        .prepare_cached(
            "INSERT INTO discord_session (shard_id, num_shards, host_epoch, session_no, session_id, seq,
                                          resume_gateway_url, updated_at)
             VALUES (?1, ?2, ?3, coalesce(?4, 0), ?5, coalesce(?6, 0), ?7, ?8)
             ON CONFLICT (shard_id) DO UPDATE SET num_shards = excluded.num_shards, host_epoch = excluded.host_epoch,
                 session_no = coalesce(?4, session_no), session_id = ?5, seq = coalesce(?6, seq),
                 resume_gateway_url = ?7, updated_at = excluded.updated_at",
        )?
        .execute((
            shard.get(),
            num_shards.get(),
            host_epoch.as_i64(),
            cursor.map(|it| it.session_no.as_i64()),
            cursor.map(|it| &it.session_id),
            cursor.map(|it| it.resume_at.cast_signed()),
            cursor.map(|it| &it.resume_url),
            now_ms,
        ))?;
    read(connection, shard)?
        .map(Ok)
        .ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// The file was held under a later host epoch than config gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the file has host epoch {file} and config says {config}: nothing is resumed before config has caught up"
)]
pub struct HostEpochError {
    /// In the file.
    pub file: Epoch,
    /// From config.
    pub config: Epoch,
}

/// A page of the guilds with a fence, by id.
pub fn guilds_after(connection: &Connection, after: i64, limit: u32) -> Result<Vec<GuildId>, WriteError> {
    let mut statement = connection
        .prepare_cached("SELECT guild_id FROM guild_fence WHERE guild_id > ?1 ORDER BY guild_id LIMIT ?2")?;
    let ids = statement.query_map((after, limit), |row| row.get::<_, i64>(0))?;
    let guilds = ids.filter_map(|id| id.map(|id| GuildId::from_i64(id).ok()).transpose());
    Ok(guilds.collect::<rusqlite::Result<_>>()?)
}

/// READY: a new session begins at `at`; what the one before it had beyond its cursor will never come, and a gap says so.
pub fn begin(
    connection: &Connection,
    (shard, num_shards): (DiscordShardId, NumShards),
    at: Position,
    ready: &Ready<'_>,
    now_ms: i64,
) -> rusqlite::Result<()> {
    let before = read(connection, shard)?;
    if let Some(before) = before.filter(|row| row.cursor != Position::default()) {
        let gap = Gap {
            guild: None,
            shard,
            from: before.cursor,
            to: at,
            reason: "a new session replaced the one before",
        };
        gaps::note(connection, &gap, now_ms)?;
    }
    connection
        .prepare_cached(
            "INSERT INTO discord_session (shard_id, num_shards, host_epoch, session_no, session_id, seq,
                                          resume_gateway_url, updated_at)
             VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (shard_id) DO UPDATE SET num_shards = excluded.num_shards, session_no = excluded.session_no,
                 session_id = excluded.session_id, seq = excluded.seq,
                 resume_gateway_url = excluded.resume_gateway_url, updated_at = excluded.updated_at",
        )?
        .execute((
            shard.get(),
            num_shards.get(),
            at.session_no.as_i64(),
            &ready.session_id,
            at.seq.cast_signed(),
            &ready.resume_gateway_url,
            now_ms,
        ))?;
    // A RESUME does not repeat READY, and handlers must know their own bot.
    connection
        .prepare_cached(
            "INSERT INTO meta (key, value) VALUES ('bot_user_id', ?1) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )?
        .execute([ready.user.id.to_string()])
        .map(drop)
}
