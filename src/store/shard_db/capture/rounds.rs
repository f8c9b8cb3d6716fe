//! Beginning and ending a capture, and its rounds.

use rusqlite::{Connection, OptionalExtension as _};

use super::changes::{Side, base, changes, hash_of_rest};
use super::triggers::{self, captured_table};
use crate::domain::digest::{RowHash, RowHasher, TableDigest, TableDigests};
use crate::domain::fence::Access;
use crate::domain::ids::{Epoch, GuildId, MoveId};
use crate::store::shard_db::tables::{GUILD_TABLES, GuildTable};
use crate::store::shard_db::values::Kept;
use crate::store::shard_db::{CURRENT_SCHEMA, ShardDb, WriteError, WriteTx, guild_rows, row_sql};

/// Keys that are settled in one transaction when a round's rows have arrived.
const KEYS_PER_TRANSACTION: u32 = 2_000;

/// A capture under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// For which move.
    pub move_id: MoveId,
    /// The round that is being written; those below it are closed.
    pub round: u64,
    /// The last round whose rows the copy has.
    pub settled: u64,
    /// The guild's digests without the noted changes; `None` until [`ShardDb::count_base`].
    pub base: Option<TableDigests>,
}

/// The guild's capture, where there is one.
fn read(connection: &Connection, guild: GuildId) -> rusqlite::Result<Option<Capture>> {
    read_from(connection, "main", guild)
}

/// As [`read`], from an attached file.
pub(in crate::store::shard_db) fn read_from(
    connection: &Connection,
    schema: &str,
    guild: GuildId,
) -> rusqlite::Result<Option<Capture>> {
    let found = connection
        .prepare_cached(&format!(
            "SELECT move_id, round, settled, counted FROM {schema}.capture WHERE guild_id = ?1"
        ))?
        .query_row([guild.as_i64()], |row| {
            let move_id: String = row.get(0)?;
            let move_id = move_id.parse().map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
            })?;
            let (round, settled) = (row.get::<_, i64>(1)?, row.get::<_, i64>(2)?);
            Ok((
                move_id,
                round.cast_unsigned(),
                settled.cast_unsigned(),
                row.get::<_, bool>(3)?,
            ))
        })
        .optional()?;
    let Some((move_id, round, settled, counted)) = found else {
        return Ok(None);
    };
    let base = counted
        .then(|| read_base(connection, schema, guild))
        .transpose()?;
    Ok(Some(Capture {
        move_id,
        round,
        settled,
        base,
    }))
}

fn read_base(connection: &Connection, schema: &str, guild: GuildId) -> rusqlite::Result<TableDigests> {
    connection
        .prepare_cached(&format!(
            "SELECT table_name, row_count, digest FROM {schema}.capture_base WHERE guild_id = ?1"
        ))?
        .query_map([guild.as_i64()], |row| {
            let digest = TableDigest {
                rows: row.get::<_, i64>(1)?.cast_unsigned(),
                sum: u128::from_le_bytes(row.get(2)?),
            };
            Ok((row.get(0)?, digest))
        })?
        .collect()
}

fn write_base(connection: &Connection, guild: GuildId, base: &TableDigests) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM capture_base WHERE guild_id = ?1", [guild.as_i64()])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO capture_base (guild_id, table_name, row_count, digest) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (table, digest) in base.iter() {
        insert.execute((
            guild.as_i64(),
            table,
            digest.rows.cast_signed(),
            digest.sum_bytes(),
        ))?;
    }
    connection.execute(
        "UPDATE capture SET counted = 1 WHERE guild_id = ?1",
        [guild.as_i64()],
    )?;
    Ok(())
}

impl ShardDb {
    /// Notes the guild's changed rows from now on, for a move; one that is under way for it goes on. Only the owner's
    /// rows change, so only a served guild is captured. Blocking, as all of these.
    pub fn start_capture(&self, guild: GuildId, epoch: Epoch, move_id: MoveId) -> Result<(), WriteError> {
        let now = self.clock().unix_ms();
        self.writer().write_blocking("start a capture", move |tx| {
            tx.guild(guild, Access::Serve { epoch })?;
            let connection = tx.shard();
            match read(connection, guild)? {
                Some(capture) if capture.move_id == move_id => return Ok(()),
                // An earlier move's, which was given up.
                Some(_) => triggers::remove(connection, guild)?,
                None => {}
            }
            connection.execute(
                "INSERT INTO capture (guild_id, move_id, started_at) VALUES (?1, ?2, ?3)",
                (guild.as_i64(), move_id.to_string(), now),
            )?;
            Ok(triggers::install(connection, guild)?)
        })
    }

    /// Ends the capture of a move; that of another one is left alone.
    pub fn stop_capture(&self, guild: GuildId, move_id: MoveId) -> Result<(), WriteError> {
        self.writer().write_blocking("stop a capture", move |tx| {
            if of_move(tx, guild, move_id)?.is_some() {
                triggers::remove(tx.shard(), guild)?;
            }
            Ok(())
        })
    }

    /// The guild's capture, where there is one.
    pub fn capture(&self, guild: GuildId) -> Result<Option<Capture>, WriteError> {
        self.read(|connection| Ok(read(connection, guild)?))
    }

    /// Reads every row once, beside the writer, so that from then on the guild's digest follows from the noted keys
    /// alone. Done once for a capture; the rows may change meanwhile.
    pub fn count_base(&self, guild: GuildId, move_id: MoveId) -> Result<(), WriteError> {
        let counted = self.read(|connection| -> Result<Option<TableDigests>, WriteError> {
            if read(connection, guild)?
                .is_none_or(|capture| capture.base.is_some() || capture.move_id != move_id)
            {
                return Ok(None);
            }
            let now = guild_rows::digests(connection, "main", CURRENT_SCHEMA, guild)?;
            Ok(Some(base(
                &now,
                &changes(connection, "main", CURRENT_SCHEMA, guild)?,
            )))
        })?;
        let Some(base) = counted else { return Ok(()) };
        self.writer().write_blocking("count a capture's base", move |tx| {
            // Still right: no key goes before there is a base.
            if of_move(tx, guild, move_id)?.is_some_and(|capture| capture.base.is_none()) {
                write_base(tx.shard(), guild, &base)?;
            }
            Ok(())
        })
    }

    /// Closes the round that is being written and begins the next; the closed one.
    pub fn close_round(&self, guild: GuildId, move_id: MoveId) -> Result<Option<u64>, WriteError> {
        self.writer().write_blocking("close a round", move |tx| {
            let Some(capture) = of_move(tx, guild, move_id)? else {
                return Ok(None);
            };
            tx.shard().execute(
                "UPDATE capture SET round = round + 1 WHERE guild_id = ?1",
                [guild.as_i64()],
            )?;
            Ok(Some(capture.round))
        })
    }

    /// The copy has the rows of every round up to this one: their keys go, in batches, and the base moves on.
    pub fn settle_rounds(&self, guild: GuildId, move_id: MoveId, round: u64) -> Result<(), WriteError> {
        self.count_base(guild, move_id)?;
        let settle = move |tx: &WriteTx<'_>| {
            let Some(capture) = of_move(tx, guild, move_id)? else {
                return Ok(true);
            };
            let round = round.min(capture.round.saturating_sub(1));
            settle_some(tx.shard(), guild, &capture, round)
        };
        while !self.writer().write_blocking("settle rounds", settle)? {}
        Ok(())
    }

    /// How many keys are noted and not yet settled.
    pub fn captured_keys(&self, guild: GuildId) -> Result<u64, WriteError> {
        self.read(|connection| {
            if read(connection, guild)?.is_none() {
                return Ok(0);
            }
            GUILD_TABLES.iter().try_fold(0, |keys, table| {
                let sql = format!(
                    "SELECT count(*) FROM {} WHERE guild_id = ?1",
                    captured_table(table)
                );
                let here: i64 = connection
                    .prepare_cached(&sql)?
                    .query_row([guild.as_i64()], |row| row.get(0))?;
                Ok(keys + here.cast_unsigned())
            })
        })
    }
}

fn of_move(tx: &WriteTx<'_>, guild: GuildId, move_id: MoveId) -> Result<Option<Capture>, WriteError> {
    Ok(read(tx.shard(), guild)?.filter(|capture| capture.move_id == move_id))
}

/// Settles the keys of one table, at most a transaction's worth; whether none are left.
fn settle_some(
    connection: &Connection,
    guild: GuildId,
    capture: &Capture,
    round: u64,
) -> Result<bool, WriteError> {
    for table in GUILD_TABLES {
        let (keys, change) = settled_change(connection, table, guild, round)?;
        if keys.is_empty() {
            continue;
        }
        if let Some(base) = &capture.base {
            let mut base = base.clone();
            base.set(
                table.name,
                base.get(table.name).minus(change.went).plus(change.came),
            );
            write_base(connection, guild, &base)?;
        }
        let marks: Vec<String> = (2..table.key_len + 2)
            .map(|number| format!("?{number}"))
            .collect();
        let delete = format!(
            "DELETE FROM {} WHERE captured_round <= ?1 AND ({}) = ({})",
            captured_table(table),
            row_sql::list(table.key(), ""),
            marks.join(", ")
        );
        let mut delete = connection.prepare_cached(&delete)?;
        for key in &keys {
            delete.execute(rusqlite::params_from_iter(key))?;
        }
        return Ok(false);
    }
    connection.execute(
        "UPDATE capture SET settled = max(settled, ?2) WHERE guild_id = ?1",
        (guild.as_i64(), round.cast_signed()),
    )?;
    Ok(true)
}

/// Keys (with the round before them, as the statement that deletes them wants it), and what settling them does to the
/// base: the hash before the first settled round goes, the one before the next round comes, or the row's own.
fn settled_change(
    connection: &Connection,
    table: &GuildTable,
    guild: GuildId,
    round: u64,
) -> rusqlite::Result<(Vec<Vec<Kept>>, Side)> {
    let sql = format!(
        "SELECT {key}, c.hash_before, n.captured_round, n.hash_before, t.guild_id, {columns}
         FROM {captured} c
         LEFT JOIN {captured} n ON {next} AND n.captured_round =
             (SELECT min(m.captured_round) FROM {captured} m WHERE {later} AND m.captured_round > ?2)
         LEFT JOIN {name} t ON {row}
         WHERE c.guild_id = ?1 AND c.captured_round <= ?2 AND NOT EXISTS (
             SELECT 1 FROM {captured} e WHERE {first} AND e.captured_round < c.captured_round)
         LIMIT {KEYS_PER_TRANSACTION}",
        key = row_sql::list(table.key(), "c."),
        columns = row_sql::digested(table, CURRENT_SCHEMA, "t."),
        captured = captured_table(table),
        name = table.name,
        next = row_sql::same_key(table, "n.", "c."),
        later = row_sql::same_key(table, "m.", "c."),
        row = row_sql::same_key(table, "t.", "c."),
        first = row_sql::same_key(table, "e.", "c."),
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((guild.as_i64(), round.cast_signed()))?;
    let mut hasher = RowHasher::for_table(table.name);
    let (mut keys, mut change) = (Vec::new(), Side::default());
    let width = table.key_len;
    while let Some(row) = rows.next()? {
        let mut key = vec![Kept::Integer(round.cast_signed())];
        for at in 0..width {
            key.push(row.get_ref(at)?.into());
        }
        keys.push(key);
        if let Some(before) = row.get::<_, Option<[u8; 16]>>(width)? {
            change.went.add(RowHash::from_bytes(before));
        }
        let noted_again = row.get::<_, Option<i64>>(width + 1)?.is_some();
        let now = if noted_again {
            row.get::<_, Option<[u8; 16]>>(width + 2)?
                .map(RowHash::from_bytes)
        } else {
            hash_of_rest(row, width + 3, &mut hasher)?
        };
        if let Some(now) = now {
            change.came.add(now);
        }
    }
    Ok((keys, change))
}
