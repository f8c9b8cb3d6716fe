//! The transactions of an import, each a function on one savepoint of the writing thread.

use rusqlite::{Connection, OptionalExtension as _};

use super::import::ImportError;
use crate::domain::bundle::{BundleHeader, BundleKind, BundleSeal};
use crate::domain::digest::{GuildDigest, TableDigest, TableDigests};
use crate::domain::fence::{Access, FenceChange};
use crate::domain::ids::{Epoch, GuildId, MoveId};
use crate::store::shard_db::copy::{Copy, Direction};
use crate::store::shard_db::row_functions::RowCounter;
use crate::store::shard_db::tables::guild_tables;
use crate::store::shard_db::{CURRENT_SCHEMA, GuildTx, WriteError, WriteTx, guild_rows};

/// One import: whose, at which epoch, for which move.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) guild: GuildId,
    pub(super) epoch: Epoch,
    pub(super) move_id: MoveId,
    pub(super) freeze_no: u64,
}

impl Target {
    pub(super) fn open<'t, 'c>(&self, tx: &'t WriteTx<'c>) -> Result<GuildTx<'t, 'c>, WriteError> {
        let (epoch, move_id) = (self.epoch, self.move_id);
        tx.guild(self.guild, Access::Import { epoch, move_id })
    }
}

/// The seal of the bundle of an import that was begun here.
pub(super) fn begun(connection: &Connection, guild: GuildId) -> rusqlite::Result<Option<BundleSeal>> {
    connection
        .query_row(
            "SELECT source FROM import_progress WHERE guild_id = ?1",
            [guild.as_i64()],
            |row| row.get(0),
        )
        .optional()
        .map(|seal| seal.map(BundleSeal::from_bytes))
}

/// Raises the fence and writes down what is coming.
pub(super) fn begin(
    tx: &WriteTx<'_>,
    target: &Target,
    header: &BundleHeader,
    now: i64,
) -> Result<(), WriteError> {
    let command = FenceChange::Import {
        epoch: target.epoch,
        move_id: target.move_id,
        freeze_no: target.freeze_no,
    };
    tx.change_fence(target.guild, &command)?;
    expect(tx, target, header, now)
}

/// Writes down what is coming, under a fence that is raised.
pub(super) fn expect(
    tx: &WriteTx<'_>,
    target: &Target,
    header: &BundleHeader,
    now: i64,
) -> Result<(), WriteError> {
    let guild = target.open(tx)?;
    guild.connection().execute(
        "DELETE FROM import_table WHERE guild_id = ?1",
        [target.guild.as_i64()],
    )?;
    guild.connection().execute(
        "INSERT OR REPLACE INTO import_progress (guild_id, move_id, source, started_at) VALUES (?1, ?2, ?3, ?4)",
        (target.guild.as_i64(), target.move_id.to_string(), header.seal().as_bytes(), now),
    )?;
    Ok(())
}

/// Deletes rows that an earlier stay left; whether none are left. Afterwards copying may begin.
pub(super) fn clear(tx: &WriteTx<'_>, target: &Target, limit: usize) -> Result<bool, WriteError> {
    let guild = target.open(tx)?;
    let cleared = guild_rows::delete_some(guild.connection(), target.guild, limit)? < limit;
    if cleared {
        guild.connection().execute(
            "UPDATE import_progress SET cleared = 1 WHERE guild_id = ?1",
            [target.guild.as_i64()],
        )?;
    }
    Ok(cleared)
}

/// Whether the rows of an earlier stay are gone.
pub(super) fn is_clear(connection: &Connection, guild: GuildId) -> rusqlite::Result<bool> {
    connection
        .query_row(
            "SELECT cleared FROM import_progress WHERE guild_id = ?1",
            [guild.as_i64()],
            |row| row.get(0),
        )
        .optional()
        .map(Option::unwrap_or_default)
}

/// Copies the next rows, at most `limit`: rows, running digests and place in one transaction. `None` when all are in.
pub(super) fn copy(
    tx: &WriteTx<'_>,
    target: &Target,
    counter: &RowCounter,
    from: &str,
    limit: u32,
) -> Result<Option<(&'static str, u64)>, WriteError> {
    let guild = target.open(tx)?;
    let connection = guild.connection();
    let done = tables_done(connection, target.guild)?;
    let next = guild_tables(CURRENT_SCHEMA).find(|table| !done.iter().any(|name| name == table.name));
    let Some(table) = next else { return Ok(None) };
    let copy = Copy {
        connection,
        counter,
        from,
        version: CURRENT_SCHEMA,
        direction: Direction::Import,
        guild: target.guild,
    };
    let copied = copy.next_rows(table, limit)?;
    let so_far = table_digest(connection, target.guild, table.name)?.plus(copied.digest);
    set_table_digest(connection, target.guild, table.name, so_far, copied.finished)?;
    Ok(Some((table.name, copied.digest.rows)))
}

fn tables_done(connection: &Connection, guild: GuildId) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached("SELECT table_name FROM import_table WHERE guild_id = ?1 AND copied")?
        .query_map([guild.as_i64()], |row| row.get(0))?
        .collect()
}

/// The running digest of one table of an import.
pub(super) fn table_digest(
    connection: &Connection,
    guild: GuildId,
    table: &str,
) -> rusqlite::Result<TableDigest> {
    let found = connection
        .prepare_cached("SELECT row_count, digest FROM import_table WHERE guild_id = ?1 AND table_name = ?2")?
        .query_row((guild.as_i64(), table), |row| {
            Ok(TableDigest {
                rows: row.get::<_, i64>(0)?.cast_unsigned(),
                sum: u128::from_le_bytes(row.get(1)?),
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

pub(super) fn set_table_digest(
    connection: &Connection,
    guild: GuildId,
    table: &str,
    digest: TableDigest,
    copied: bool,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO import_table (guild_id, table_name, row_count, digest, copied)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((
            guild.as_i64(),
            table,
            digest.rows.cast_signed(),
            digest.sum_bytes(),
            copied,
        ))
        .map(drop)
}

/// The running digests of an import.
pub(super) fn digests(connection: &Connection, guild: GuildId) -> rusqlite::Result<TableDigests> {
    guild_tables(CURRENT_SCHEMA)
        .map(|table| {
            Ok((
                table.name.to_owned(),
                table_digest(connection, guild, table.name)?,
            ))
        })
        .collect()
}

/// Compares what is in with what was promised and writes the result into the fence, with the cut.
pub(super) fn verify(
    tx: &WriteTx<'_>,
    target: &Target,
    header: &BundleHeader,
) -> Result<GuildDigest, WriteError> {
    let guild = target.open(tx)?;
    let found = digests(guild.connection(), target.guild)?;
    let digest = found.total();
    if header.guild_digest != Some(digest) {
        return Err(WriteError::rejected(ImportError::Differs {
            difference: difference(header, &found),
        }));
    }
    let command = FenceChange::Verify {
        epoch: target.epoch,
        move_id: target.move_id,
        freeze_no: target.freeze_no,
        digest,
    };
    tx.change_fence(target.guild, &command)?;
    guild.set_progress(header.progress);
    Ok(digest)
}

fn difference(header: &BundleHeader, found: &TableDigests) -> String {
    let differences = header.tables.differences(found);
    match (header.kind, differences.first()) {
        (BundleKind::Full, Some((table, promised, found))) => {
            super::open::difference(table, promised.rows, found.rows)
        }
        _ => format!(
            "the guild's digest is {}, not {}",
            found.total().short(),
            header
                .guild_digest
                .map_or_else(|| "known".to_owned(), |digest| digest.short())
        ),
    }
}

/// Whether the rounds up to a delta's are in already; an error where rounds between are missing.
pub(super) fn delta_is_in(
    tx: &WriteTx<'_>,
    target: &Target,
    header: &BundleHeader,
) -> Result<bool, WriteError> {
    let guild = target.open(tx)?;
    let BundleKind::Delta { since, round } = header.kind else {
        return Ok(false);
    };
    let sql = "SELECT delta_round FROM import_progress WHERE guild_id = ?1 AND move_id = ?2";
    let params = (target.guild.as_i64(), target.move_id.to_string());
    let here: Option<i64> = guild
        .connection()
        .query_row(sql, params, |row| row.get(0))
        .optional()?;
    let copied = tables_done(guild.connection(), target.guild)?.len() == guild_tables(CURRENT_SCHEMA).count();
    match here.map(i64::cast_unsigned) {
        Some(here) if copied && round <= here => Ok(true),
        Some(here) if copied && since <= here => Ok(false),
        here => Err(WriteError::rejected(ImportError::RoundsMissing {
            since,
            here: here.filter(|_| copied),
        })),
    }
}

/// Notes that a delta is in.
pub(super) fn delta_done(tx: &WriteTx<'_>, target: &Target, header: &BundleHeader) -> Result<(), WriteError> {
    let guild = target.open(tx)?;
    if let BundleKind::Delta { round, .. } = header.kind {
        guild.connection().execute(
            "UPDATE import_progress SET delta_round = ?2 WHERE guild_id = ?1",
            (target.guild.as_i64(), round.cast_signed()),
        )?;
    }
    Ok(())
}

/// The guild is served here from now on.
pub(super) fn start(tx: &WriteTx<'_>, target: &Target, digest: GuildDigest) -> Result<(), WriteError> {
    let command = FenceChange::Start {
        epoch: target.epoch,
        move_id: target.move_id,
        freeze_no: target.freeze_no,
        digest,
    };
    tx.change_fence(target.guild, &command)?;
    forget(tx.shard(), target.guild)?;
    Ok(())
}

/// Removes what was noted about an import.
pub(in crate::store::shard_db) fn forget(connection: &Connection, guild: GuildId) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM import_progress WHERE guild_id = ?1",
        [guild.as_i64()],
    )?;
    connection.execute("DELETE FROM import_table WHERE guild_id = ?1", [guild.as_i64()])?;
    Ok(())
}
