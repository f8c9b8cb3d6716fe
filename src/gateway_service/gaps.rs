//! What will never be told again, written down where the guild's data is.

use rusqlite::Connection;

use crate::domain::fence::Position;
use crate::domain::ids::{DiscordShardId, GuildId};

/// Events that are lost: those after `from`, up to and including `to` (for a new session: up to its READY).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Of this guild, or of every guild of the Discord shard.
    pub guild: Option<GuildId>,
    /// The Discord shard.
    pub shard: DiscordShardId,
    /// The last position before the gap.
    pub from: Position,
    /// The last position in it.
    pub to: Position,
    /// Why.
    pub reason: &'static str,
}

/// Writes a gap down; one that goes on where the guild's last gap of this reason ended makes that longer.
pub fn note(connection: &Connection, gap: &Gap, now_ms: i64) -> rusqlite::Result<()> {
    let guild = gap.guild.map(GuildId::as_i64);
    let longer = connection
        .prepare_cached(
            "UPDATE gap SET to_seq = ?5, noticed_at = ?6
             WHERE gap_id = (SELECT max(gap_id) FROM gap WHERE guild_id IS ?1 AND shard_id = ?2 AND reason = ?3)
               AND guild_id IS NOT NULL AND to_session_no = ?4",
        )?
        .execute((
            guild,
            gap.shard.get(),
            gap.reason,
            gap.to.session_no.as_i64(),
            gap.to.seq.cast_signed(),
            now_ms,
        ))?;
    if longer > 0 {
        return Ok(());
    }
    connection
        .prepare_cached(
            "INSERT INTO gap (guild_id, shard_id, from_session_no, from_seq, to_session_no, to_seq, reason, noticed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            guild,
            gap.shard.get(),
            gap.from.session_no.as_i64(),
            gap.from.seq.cast_signed(),
            gap.to.session_no.as_i64(),
            gap.to.seq.cast_signed(),
            gap.reason,
            now_ms,
        ))
        .map(drop)
}
