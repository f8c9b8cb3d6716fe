//! Frames that could not be applied, kept to be tried again by hand; a bounded number for each guild.

use rusqlite::{Connection, OptionalExtension as _};

use super::Rules;
use super::apply::Placed;
use crate::domain::fence::Position;
use crate::domain::ids::SessionNo;
use crate::gateway_service::gaps::{self, Gap};

/// Keeps a frame; beyond the limit the guild's oldest one goes, and a gap says so.
pub(super) fn keep(
    connection: &Connection,
    placed: Placed<'_>,
    error: &str,
    rules: &Rules,
) -> rusqlite::Result<()> {
    let now_ms = rules.clock.unix_ms();
    let guild = placed.guild.as_i64();
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO dead_frame (guild_id, shard_id, session_no, seq, raw, error, failed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            guild,
            placed.shard.get(),
            placed.at.session_no.as_i64(),
            placed.at.seq.cast_signed(),
            placed.frame.raw().as_bytes(),
            error,
            now_ms,
        ))?;
    let count: u32 = connection
        .prepare_cached("SELECT count(*) FROM dead_frame WHERE guild_id = ?1")?
        .query_row([guild], |row| row.get(0))?;
    if count <= rules.limits.dead_frames {
        return Ok(());
    }
    let gone = connection
        .prepare_cached(
            "DELETE FROM dead_frame WHERE (guild_id, shard_id, session_no, seq) =
                 (SELECT guild_id, shard_id, session_no, seq FROM dead_frame WHERE guild_id = ?1
                  ORDER BY failed_at, session_no, seq LIMIT 1)
             RETURNING session_no, seq",
        )?
        .query_row([guild], |row| {
            Ok(Position {
                session_no: SessionNo::from_i64(row.get(0)?),
                seq: row.get::<_, i64>(1)?.cast_unsigned(),
            })
        })
        .optional()?;
    if let Some(at) = gone {
        let gap = Gap {
            guild: Some(placed.guild),
            shard: placed.shard,
            from: Position {
                seq: at.seq.saturating_sub(1),
                ..at
            },
            to: at,
            reason: "too many frames that could not be applied",
        };
        gaps::note(connection, &gap, now_ms)?;
    }
    Ok(())
}
