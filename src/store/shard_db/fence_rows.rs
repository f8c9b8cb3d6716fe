//! The fence of each guild, as rows.

use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::domain::digest::GuildDigest;
use crate::domain::fence::{Fence, FenceMode, FenceState, Position, Progress};
use crate::domain::ids::{Epoch, GuildId, MoveId, Revision, SessionNo};

/// The fence of one guild, where it has one.
pub(super) fn read(connection: &Connection, guild: GuildId) -> rusqlite::Result<Option<Fence>> {
    connection
        .prepare_cached(
            "SELECT guild_id, epoch, mode, move_id, freeze_no, digest, shard_id, session_no, seq, writes, cross_rev
             FROM guild_fence WHERE guild_id = ?1",
        )?
        .query_row([guild.as_i64()], from_row)
        .optional()
}

/// The fence of one guild in an attached file.
pub(super) fn read_from(
    connection: &Connection,
    schema: &str,
    guild: GuildId,
) -> rusqlite::Result<Option<Fence>> {
    connection
        .prepare(&format!(
            "SELECT guild_id, epoch, mode, move_id, freeze_no, digest, shard_id, session_no, seq, writes, cross_rev
             FROM {schema}.guild_fence WHERE guild_id = ?1"
        ))?
        .query_row([guild.as_i64()], from_row)
        .optional()
}

/// Every fence in an attached file, by guild.
pub(super) fn read_all_from(connection: &Connection, schema: &str) -> rusqlite::Result<Vec<Fence>> {
    connection
        .prepare(&format!(
            "SELECT guild_id, epoch, mode, move_id, freeze_no, digest, shard_id, session_no, seq, writes, cross_rev
             FROM {schema}.guild_fence ORDER BY guild_id"
        ))?
        .query_map([], from_row)?
        .collect()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Fence> {
    let unreadable = |at: usize, what: &'static str| {
        rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, what.into())
    };
    let guild_id = GuildId::from_i64(row.get(0)?).map_err(|_| unreadable(0, "not a guild id"))?;
    let mode =
        FenceMode::parse(row.get_ref(2)?.as_str()?).ok_or_else(|| unreadable(2, "not a fence mode"))?;
    let move_id: Option<String> = row.get(3)?;
    let move_id: Option<MoveId> = move_id
        .map(|text| text.parse())
        .transpose()
        .map_err(|_| unreadable(3, "not a move id"))?;
    let digest: Option<[u8; 32]> = row.get(5)?;
    Ok(Fence {
        guild_id,
        state: FenceState {
            epoch: Epoch::from_i64(row.get(1)?),
            mode,
            move_id,
            freeze_no: row.get::<_, i64>(4)?.cast_unsigned(),
            digest: digest.map(GuildDigest::from_bytes),
        },
        progress: Progress {
            shard_id: row.get(6)?,
            position: Position {
                session_no: SessionNo::from_i64(row.get(7)?),
                seq: row.get::<_, i64>(8)?.cast_unsigned(),
            },
            writes: row.get::<_, i64>(9)?.cast_unsigned(),
            cross_rev: Revision::from_i64(row.get(10)?),
        },
    })
}

/// Writes who may write; leaves how far the rows have come.
pub(super) fn write_state(
    connection: &Connection,
    guild: GuildId,
    state: &FenceState,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO guild_fence (guild_id, epoch, mode, move_id, freeze_no, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (guild_id) DO UPDATE SET epoch = excluded.epoch, mode = excluded.mode,
                 move_id = excluded.move_id, freeze_no = excluded.freeze_no, digest = excluded.digest",
        )?
        .execute((
            guild.as_i64(),
            state.epoch.as_i64(),
            state.mode.as_str(),
            state.move_id.map(|id| id.to_string()),
            state.freeze_no.cast_signed(),
            state.digest.as_ref().map(GuildDigest::as_bytes),
        ))
        .map(drop)
}

/// Writes how far the rows have come.
pub(super) fn write_progress(
    connection: &Connection,
    guild: GuildId,
    progress: &Progress,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE guild_fence SET shard_id = ?2, session_no = ?3, seq = ?4, writes = ?5, cross_rev = ?6
             WHERE guild_id = ?1",
        )?
        .execute((
            guild.as_i64(),
            progress.shard_id,
            progress.position.session_no.as_i64(),
            progress.position.seq.cast_signed(),
            progress.writes.cast_signed(),
            progress.cross_rev.as_i64(),
        ))
        .map(drop)
}
