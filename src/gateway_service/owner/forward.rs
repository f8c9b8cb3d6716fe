//! Frames kept for a guild that is not served here, in order, bounded in bytes for each guild.

use rusqlite::{Connection, OptionalExtension as _};

use super::Rules;
use super::apply::Placed;
use crate::domain::fence::Position;
use crate::domain::ids::{DiscordShardId, GuildId, NumShards, SessionNo};
use crate::gateway_service::gaps::{self, Gap};

/// A stored frame.
pub(super) struct Stored {
    pub(super) shard: DiscordShardId,
    pub(super) at: Position,
    pub(super) raw: Vec<u8>,
}

/// Whether frames of the guild are stored: then those that come now go behind them.
pub(super) fn is_waiting(connection: &Connection, guild: GuildId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM forward WHERE guild_id = ?1 LIMIT 1")?
        .exists([guild.as_i64()])
}

/// Stores a frame; beyond the guild's limit its oldest ones go, and a gap says so.
pub(super) fn store(connection: &Connection, placed: Placed<'_>, rules: &Rules) -> rusqlite::Result<()> {
    let now_ms = rules.clock.unix_ms();
    let raw = placed.frame.raw().as_bytes();
    connection
        .prepare_cached(
            "INSERT INTO forward (guild_id, shard_id, session_no, seq, raw, stored_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            placed.guild.as_i64(),
            placed.shard.get(),
            placed.at.session_no.as_i64(),
            placed.at.seq.cast_signed(),
            raw,
            now_ms,
        ))?;
    let mut held = hold(
        connection,
        placed.guild,
        placed.shard,
        raw.len().cast_signed() as i64,
    )?;
    while held > rules.limits.forward_bytes.cast_signed() {
        let Some(oldest) = oldest(connection, placed.guild, rules.num_shards)? else {
            break;
        };
        held = remove(connection, placed.guild, &oldest)?;
        let from = Position {
            seq: oldest.at.seq.saturating_sub(1),
            ..oldest.at
        };
        let gap = Gap {
            guild: Some(placed.guild),
            shard: oldest.shard,
            from,
            to: oldest.at,
            reason: "too many frames were waiting for the guild's owner",
        };
        gaps::note(connection, &gap, now_ms)?;
    }
    Ok(())
}

/// The guild's first stored frame.
pub(super) fn oldest(
    connection: &Connection,
    guild: GuildId,
    num_shards: NumShards,
) -> rusqlite::Result<Option<Stored>> {
    connection
        .prepare_cached(
            "SELECT shard_id, session_no, seq, raw FROM forward WHERE guild_id = ?1
             ORDER BY session_no, seq LIMIT 1",
        )?
        .query_row([guild.as_i64()], |row| {
            let number: u32 = row.get(0)?;
            Ok(Stored {
                shard: num_shards
                    .shard(number)
                    .ok_or(rusqlite::Error::IntegralValueOutOfRange(0, number.into()))?,
                at: Position {
                    session_no: SessionNo::from_i64(row.get(1)?),
                    seq: row.get::<_, i64>(2)?.cast_unsigned(),
                },
                raw: row.get(3)?,
            })
        })
        .optional()
}

/// Removes a stored frame; the bytes that the guild still holds.
pub(super) fn remove(connection: &Connection, guild: GuildId, stored: &Stored) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(
            "DELETE FROM forward WHERE guild_id = ?1 AND shard_id = ?2 AND session_no = ?3 AND seq = ?4",
        )?
        .execute((
            guild.as_i64(),
            stored.shard.get(),
            stored.at.session_no.as_i64(),
            stored.at.seq.cast_signed(),
        ))?;
    hold(
        connection,
        guild,
        stored.shard,
        -(stored.raw.len().cast_signed() as i64),
    )
}

/// The guilds with stored frames.
pub(super) fn guilds(connection: &Connection) -> rusqlite::Result<Vec<GuildId>> {
    let mut statement =
        connection.prepare_cached("SELECT guild_id FROM forward_mark WHERE bytes > 0 ORDER BY guild_id")?;
    let ids = statement.query_map([], |row| row.get::<_, i64>(0))?;
    ids.filter_map(|id| id.map(|id| GuildId::from_i64(id).ok()).transpose())
        .collect()
}

/// The guild's owner has kept everything up to `position`: it goes.
pub(super) fn kept_until(
    connection: &Connection,
    guild: GuildId,
    position: Position,
) -> rusqlite::Result<()> {
    let (session_no, seq) = (position.session_no.as_i64(), position.seq.cast_signed());
    let place = (guild.as_i64(), session_no, seq);
    let bytes: i64 = connection
        .prepare_cached(
            "SELECT coalesce(sum(length(raw)), 0) FROM forward WHERE guild_id = ?1 AND (session_no, seq) <= (?2, ?3)",
        )?
        .query_row(place, |row| row.get(0))?;
    connection
        .prepare_cached("DELETE FROM forward WHERE guild_id = ?1 AND (session_no, seq) <= (?2, ?3)")?
        .execute(place)?;
    connection
        .prepare_cached(
            "UPDATE forward_mark SET session_no = ?2, seq = ?3, bytes = max(0, bytes - ?4) WHERE guild_id = ?1",
        )?
        .execute((guild.as_i64(), session_no, seq, bytes))
        .map(drop)
}

/// Counts bytes in or out; how many the guild holds now.
fn hold(connection: &Connection, guild: GuildId, shard: DiscordShardId, bytes: i64) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(
            "INSERT INTO forward_mark (guild_id, shard_id, session_no, seq, bytes) VALUES (?1, ?2, 0, 0, max(0, ?3))
             ON CONFLICT (guild_id) DO UPDATE SET bytes = max(0, bytes + ?3)
             RETURNING bytes",
        )?
        .query_row((guild.as_i64(), shard.get(), bytes), |row| row.get(0))
}
