//! What the noted keys say about a guild's digest.

use rusqlite::{Connection, Row};

use super::triggers::captured_table;
use crate::domain::bundle::SchemaVersion;
use crate::domain::digest::{RowHash, RowHasher, TableDigest, TableDigests};
use crate::domain::ids::GuildId;
use crate::store::shard_db::tables::{GuildTable, guild_tables};
use crate::store::shard_db::{row_sql, values};

/// Rows that came and rows that went since everything was counted: `came - went` is what the digest changed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::store::shard_db) struct Side {
    pub(in crate::store::shard_db) came: TableDigest,
    pub(in crate::store::shard_db) went: TableDigest,
}

impl Side {
    /// A digest with the changes in it.
    pub(in crate::store::shard_db) fn applied_to(self, base: TableDigest) -> TableDigest {
        base.minus(self.went).plus(self.came)
    }

    /// A digest with the changes taken back.
    fn taken_from(self, now: TableDigest) -> TableDigest {
        now.minus(self.came).plus(self.went)
    }
}

/// The changes of every table that has any: only rows with a noted key are read.
pub(in crate::store::shard_db) fn changes(
    connection: &Connection,
    schema: &str,
    version: SchemaVersion,
    guild: GuildId,
) -> rusqlite::Result<Vec<(&'static str, Side)>> {
    guild_tables(version)
        .map(|table| {
            Ok((
                table.name,
                table_changes(connection, schema, version, table, guild)?,
            ))
        })
        .collect()
}

/// The digests that everything was counted from, by those of now.
pub(super) fn base(now: &TableDigests, changes: &[(&'static str, Side)]) -> TableDigests {
    changes
        .iter()
        .map(|(table, side)| ((*table).to_owned(), side.taken_from(now.get(table))))
        .collect()
}

fn table_changes(
    connection: &Connection,
    schema: &str,
    version: SchemaVersion,
    table: &GuildTable,
    guild: GuildId,
) -> rusqlite::Result<Side> {
    // A key noted in several rounds counts once: with the hash before the first.
    let sql = format!(
        "SELECT c.hash_before, t.guild_id, {columns}
         FROM {schema}.{captured} c LEFT JOIN {schema}.{name} t ON {same_row}
         WHERE c.guild_id = ?1 AND NOT EXISTS (
             SELECT 1 FROM {schema}.{captured} e WHERE {same_key} AND e.captured_round < c.captured_round)",
        columns = row_sql::digested(table, version, "t."),
        captured = captured_table(table),
        name = table.name,
        same_row = row_sql::same_key(table, "t.", "c."),
        same_key = row_sql::same_key(table, "e.", "c."),
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([guild.as_i64()])?;
    let mut hasher = RowHasher::for_table(table.name);
    let mut side = Side::default();
    while let Some(row) = rows.next()? {
        if let Some(before) = row.get::<_, Option<[u8; 16]>>(0)? {
            side.went.add(RowHash::from_bytes(before));
        }
        if let Some(now) = hash_of_rest(row, 1, &mut hasher)? {
            side.came.add(now);
        }
    }
    Ok(side)
}

/// The hash of the row that stands after column `marker`, which is NULL where there is none.
pub(super) fn hash_of_rest(
    row: &Row<'_>,
    marker: usize,
    hasher: &mut RowHasher,
) -> rusqlite::Result<Option<RowHash>> {
    if row.get_ref(marker)? == rusqlite::types::ValueRef::Null {
        return Ok(None);
    }
    let width = row.as_ref().column_count();
    for at in marker + 1..width {
        hasher.push(values::value(row.get_ref(at)?));
    }
    Ok(Some(hasher.finish()))
}
