//! Copying a guild's rows between two files that one connection has open, inside SQLite, digesting as they pass.

use rusqlite::{Connection, params_from_iter};

use super::guild_rows;
use super::row_functions::RowCounter;
use super::row_sql;
use super::tables::GuildTable;
use super::values::Kept;
use crate::domain::bundle::SchemaVersion;
use crate::domain::digest::TableDigest;
use crate::domain::ids::GuildId;

/// Which way rows go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// Out of a shard: some columns say something else in a copy.
    Export,
    /// Into a shard, as they are.
    Import,
}

/// From where rows are copied into `main`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Copy<'a> {
    /// The connection, whose `main` gets the rows.
    pub(super) connection: &'a Connection,
    /// Its counter.
    pub(super) counter: &'a RowCounter,
    /// The attached file that gives them.
    pub(super) from: &'a str,
    /// The schema of both.
    pub(super) version: SchemaVersion,
    /// Which way.
    pub(super) direction: Direction,
    /// Whose rows.
    pub(super) guild: GuildId,
}

/// What one step copied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Copied {
    /// The rows and their digest.
    pub(super) digest: TableDigest,
    /// Whether the table has no more.
    pub(super) finished: bool,
}

impl Copy<'_> {
    /// Copies the next rows of a table in the order of their keys, at most `limit`. Where it goes on is read from
    /// the rows that are there: nothing but this copy writes them.
    pub(super) fn next_rows(&self, table: &GuildTable, limit: u32) -> rusqlite::Result<Copied> {
        let after = guild_rows::highest_key(self.connection, table, self.guild)?;
        if table.key_len == 1 && after.is_some() {
            return Ok(Copied {
                digest: TableDigest::default(),
                finished: true,
            });
        }
        // Whatever an earlier attempt counted before it failed is not ours.
        self.counter.take(table);
        let mut params = vec![
            Kept::Integer(self.guild.as_i64()),
            Kept::Integer(i64::from(limit)),
        ];
        let sql = self.sql(table, after.is_some());
        params.extend(after.into_iter().flatten());
        let copied = self
            .connection
            .prepare_cached(&sql)?
            .execute(params_from_iter(params))?;
        Ok(Copied {
            digest: self.counter.take(table),
            finished: copied < limit as usize,
        })
    }

    fn sql(&self, table: &GuildTable, goes_on: bool) -> String {
        let selected = match self.direction {
            Direction::Export => row_sql::exported_columns(table, self.version, ""),
            Direction::Import => row_sql::counted_columns(table, self.version, ""),
        };
        let after = if goes_on {
            let marks: Vec<String> = (3..table.key_len + 2)
                .map(|number| format!("?{number}"))
                .collect();
            format!("AND ({}) > ({})", row_sql::key_rest(table, ""), marks.join(", "))
        } else {
            String::new()
        };
        format!(
            "INSERT INTO main.{name} ({columns}) SELECT {selected} FROM {from}.{name}
             WHERE guild_id = ?1 {after} ORDER BY {key} LIMIT ?2",
            name = table.name,
            columns = row_sql::columns(table, self.version, ""),
            from = self.from,
            key = row_sql::list(table.key(), ""),
        )
    }
}
