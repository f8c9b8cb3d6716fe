//! All rows of one guild, whatever the table: counted, digested, deleted.

use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use super::row_sql;
use super::tables::{GuildTable, guild_tables};
use super::values::{self, Kept};
use crate::domain::bundle::SchemaVersion;
use crate::domain::digest::{RowHasher, TableDigest, TableDigests};
use crate::domain::ids::GuildId;

/// Reads every row of the guild and digests it. `schema` is `main` or the name of an attached file.
pub(super) fn digests(
    connection: &Connection,
    schema: &str,
    version: SchemaVersion,
    guild: GuildId,
) -> rusqlite::Result<TableDigests> {
    guild_tables(version)
        .map(|table| {
            Ok((
                table.name.to_owned(),
                table_digest(connection, schema, version, table, guild)?,
            ))
        })
        .collect::<rusqlite::Result<TableDigests>>()
}

/// Rows of one table, and what they hold in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableRows {
    /// The table.
    pub table: &'static str,
    /// Rows.
    pub rows: u64,
    /// What they hold: texts and blobs by their length, numbers as eight. Indexes not counted.
    pub bytes: u64,
}

/// Counts the guild's rows, table by table; those without rows are left out.
pub(super) fn sizes(connection: &Connection, guild: GuildId) -> rusqlite::Result<Vec<TableRows>> {
    let mut sizes = Vec::new();
    for table in guild_tables(super::CURRENT_SCHEMA) {
        let sql = format!(
            "SELECT count(*), {} FROM main.{} WHERE guild_id = ?1",
            row_sql::size(table, super::CURRENT_SCHEMA),
            table.name
        );
        let (rows, bytes) = connection
            .prepare_cached(&sql)?
            .query_row([guild.as_i64()], |row| {
                Ok((
                    row.get::<_, i64>(0)?.cast_unsigned(),
                    row.get::<_, i64>(1)?.cast_unsigned(),
                ))
            })?;
        if rows > 0 {
            let table = table.name;
            sizes.push(TableRows { table, rows, bytes });
        }
    }
    Ok(sizes)
}

/// Digests the keys that a bundle of changes names as gone.
pub(super) fn gone_digests(
    connection: &Connection,
    version: SchemaVersion,
    guild: GuildId,
) -> rusqlite::Result<TableDigests> {
    let digest = |table: &GuildTable| {
        let name = format!("gone_{}", table.name);
        let sql = format!(
            "SELECT {} FROM {name} WHERE guild_id = ?1",
            row_sql::list(table.key(), "")
        );
        Ok((name, digest_of(connection, &sql, table, guild)?))
    };
    guild_tables(version).map(digest).collect()
}

fn table_digest(
    connection: &Connection,
    schema: &str,
    version: SchemaVersion,
    table: &GuildTable,
    guild: GuildId,
) -> rusqlite::Result<TableDigest> {
    let columns = row_sql::digested(table, version, "");
    let sql = format!(
        "SELECT {columns} FROM {schema}.{} WHERE guild_id = ?1",
        table.name
    );
    digest_of(connection, &sql, table, guild)
}

fn digest_of(
    connection: &Connection,
    sql: &str,
    table: &GuildTable,
    guild: GuildId,
) -> rusqlite::Result<TableDigest> {
    let mut statement = connection.prepare_cached(sql)?;
    let width = statement.column_count();
    let mut rows = statement.query([guild.as_i64()])?;
    let mut hasher = RowHasher::for_table(table.name);
    let mut digest = TableDigest::default();
    while let Some(row) = rows.next()? {
        for at in 0..width {
            hasher.push(values::value(row.get_ref(at)?));
        }
        digest.add(hasher.finish());
    }
    Ok(digest)
}

/// The highest key of the guild's rows, without `guild_id`; `None` where there is no row.
pub(super) fn highest_key(
    connection: &Connection,
    table: &GuildTable,
    guild: GuildId,
) -> rusqlite::Result<Option<Vec<Kept>>> {
    let rest = row_sql::key_rest(table, "");
    let columns = if rest.is_empty() { "1" } else { &rest };
    let sql = format!(
        "SELECT {columns} FROM main.{} WHERE guild_id = ?1 ORDER BY {} LIMIT 1",
        table.name,
        row_sql::key_descending(table)
    );
    one_key(connection, table, &sql, &[Kept::Integer(guild.as_i64())])
}

fn one_key(
    connection: &Connection,
    table: &GuildTable,
    sql: &str,
    params: &[Kept],
) -> rusqlite::Result<Option<Vec<Kept>>> {
    let width = table.key_len - 1;
    connection
        .prepare_cached(sql)?
        .query_row(params_from_iter(params), |row| {
            (0..width).map(|at| Ok(row.get_ref(at)?.into())).collect()
        })
        .optional()
}

/// Deletes at most `limit` rows of the guild, table by table; how many, with fewer than `limit` at the end.
pub(super) fn delete_some(connection: &Connection, guild: GuildId, limit: usize) -> rusqlite::Result<usize> {
    let mut deleted = 0;
    for table in guild_tables(super::CURRENT_SCHEMA) {
        if deleted >= limit {
            break;
        }
        deleted += delete_from(connection, table, guild, limit - deleted)?;
    }
    Ok(deleted)
}

fn delete_from(
    connection: &Connection,
    table: &GuildTable,
    guild: GuildId,
    limit: usize,
) -> rusqlite::Result<usize> {
    let all = format!("DELETE FROM main.{} WHERE guild_id = ?1", table.name);
    let rest = row_sql::key_rest(table, "");
    if rest.is_empty() {
        return connection.prepare_cached(&all)?.execute([guild.as_i64()]);
    }
    let last = format!(
        "SELECT {rest} FROM main.{} WHERE guild_id = ?1 ORDER BY guild_id, {rest} LIMIT 1 OFFSET ?2",
        table.name
    );
    let offset = i64::try_from(limit.saturating_sub(1)).unwrap_or(i64::MAX);
    let mut params = vec![Kept::Integer(guild.as_i64()), Kept::Integer(offset)];
    let Some(last) = one_key(connection, table, &last, &params)? else {
        return connection.prepare_cached(&all)?.execute([guild.as_i64()]);
    };
    params.truncate(1);
    params.extend(last);
    let marks: Vec<String> = (2..=table.key_len).map(|number| format!("?{number}")).collect();
    connection
        .prepare_cached(&format!("{all} AND ({rest}) <= ({})", marks.join(", ")))?
        .execute(params_from_iter(params))
}
