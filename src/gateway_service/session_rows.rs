//! The sessions this pod hosts, as rows: the cursor to RESUME at, moved with the effects of every frame.

use rusqlite::{Connection, OptionalExtension as _};

use super::gaps::{self, Gap};
use crate::domain::discord_event::Ready;
use crate::domain::fence::Position;
use crate::domain::ids::{DiscordShardId, NumShards, SessionNo};

/// The session of one Discord shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Of how many Discord shards.
    pub num_shards: u32,
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
            "SELECT num_shards, session_no, seq, session_id, resume_gateway_url FROM discord_session WHERE shard_id = ?1",
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

/// READY: a new session begins at `at`; what the one before it had beyond its cursor will never come, and a gap says so.
pub fn begin(
    connection: &Connection,
    (shard, num_shards): (DiscordShardId, NumShards),
    at: Position,
    ready: &Ready<'_>,
    now_ms: i64,
) -> rusqlite::Result<()> {
    if let Some(before) = read(connection, shard)? {
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
