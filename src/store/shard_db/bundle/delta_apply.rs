//! Bringing a bundle of changes into a copy: first every key it names goes, then its rows come.
//!
//! In this order no row meets one that it replaces under another key. Both halves may be interrupted and begun again:
//! the running digests follow the rows that really went and came.

use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use super::import_steps::{self, Target};
use crate::domain::digest::TableDigest;
use crate::domain::ids::GuildId;
use crate::store::shard_db::row_functions::RowCounter;
use crate::store::shard_db::tables::{GUILD_TABLES, GuildTable, guild_tables};
use crate::store::shard_db::values::Kept;
use crate::store::shard_db::{CURRENT_SCHEMA, WriteError, WriteTx, row_sql};

/// Where applying a delta goes on: half, table, and the last key done.
#[derive(Debug, Clone)]
pub(super) struct Place {
    half: Half,
    table: usize,
    after: Option<Vec<Kept>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    /// Keys of rows that went at the source.
    Gone,
    /// Rows that are older here.
    Replaced,
    /// The rows.
    Rows,
}

impl Place {
    pub(super) const START: Self = Self {
        half: Half::Gone,
        table: 0,
        after: None,
    };
}

/// Does the next piece, at most `limit` keys; the place after it, `None` when all is done.
pub(super) fn apply_some(
    tx: &WriteTx<'_>,
    target: &Target,
    counter: &RowCounter,
    from: &str,
    place: &Place,
    limit: u32,
) -> Result<Option<Place>, WriteError> {
    let guild = target.open(tx)?;
    let Some(table) = guild_tables(CURRENT_SCHEMA).nth(place.table) else {
        return Ok(None);
    };
    let piece = Piece {
        connection: guild.connection(),
        counter,
        from,
        guild: target.guild,
        table,
    };
    let last = piece.last_key(place, limit)?;
    piece.apply(place.half, place.after.as_deref(), last.as_deref())?;
    Ok(next(place, last))
}

fn next(place: &Place, last: Option<Vec<Kept>>) -> Option<Place> {
    let tables = GUILD_TABLES.len();
    match (last, place.half) {
        (Some(last), half) => Some(Place {
            half,
            table: place.table,
            after: Some(last),
        }),
        (None, half) if place.table + 1 < tables => Some(Place {
            half,
            table: place.table + 1,
            after: None,
        }),
        (None, Half::Gone) => Some(Place {
            half: Half::Replaced,
            ..Place::START
        }),
        (None, Half::Replaced) => Some(Place {
            half: Half::Rows,
            ..Place::START
        }),
        (None, Half::Rows) => None,
    }
}

/// One statement's worth of one table.
struct Piece<'a> {
    connection: &'a Connection,
    counter: &'a RowCounter,
    from: &'a str,
    guild: GuildId,
    table: &'a GuildTable,
}

impl Piece<'_> {
    fn source(&self, half: Half) -> String {
        let gone = if half == Half::Gone { "gone_" } else { "" };
        format!("{}.{gone}{}", self.from, self.table.name)
    }

    /// `AND (k…) > (?…) AND (k…) <= (?…)` for the bounds there are, with their values after `guild_id`.
    fn range(&self, after: Option<&[Kept]>, last: Option<&[Kept]>) -> (String, Vec<Kept>) {
        let mut params = vec![Kept::Integer(self.guild.as_i64())];
        let mut sql = String::new();
        for (bound, operator) in [(after, ">"), (last, "<=")] {
            let Some(bound) = bound.filter(|bound| !bound.is_empty()) else {
                continue;
            };
            let first = params.len() + 1;
            let marks: Vec<String> = (first..first + bound.len())
                .map(|number| format!("?{number}"))
                .collect();
            let key = row_sql::key_rest(self.table, "");
            sql = format!("{sql} AND ({key}) {operator} ({})", marks.join(", "));
            params.extend_from_slice(bound);
        }
        (sql, params)
    }

    /// The last key of the next `limit`, where more follow.
    fn last_key(&self, place: &Place, limit: u32) -> rusqlite::Result<Option<Vec<Kept>>> {
        let rest = row_sql::key_rest(self.table, "");
        if rest.is_empty() {
            return Ok(None);
        }
        let (range, mut params) = self.range(place.after.as_deref(), None);
        params.push(Kept::Integer(i64::from(limit.saturating_sub(1))));
        let sql = format!(
            "SELECT {rest} FROM {} WHERE guild_id = ?1{range} ORDER BY guild_id, {rest} LIMIT 1 OFFSET ?{}",
            self.source(place.half),
            params.len()
        );
        let width = self.table.key_len - 1;
        self.connection
            .prepare_cached(&sql)?
            .query_row(params_from_iter(params), |row| {
                (0..width).map(|at| Ok(row.get_ref(at)?.into())).collect()
            })
            .optional()
    }

    fn apply(&self, half: Half, after: Option<&[Kept]>, last: Option<&[Kept]>) -> rusqlite::Result<()> {
        let (range, params) = self.range(after, last);
        let before = import_steps::table_digest(self.connection, self.guild, self.table.name)?;
        let now = match half {
            Half::Gone | Half::Replaced => before.minus(self.delete(half, &range, &params)?),
            Half::Rows => before.plus(self.insert(&range, &params)?),
        };
        import_steps::set_table_digest(self.connection, self.guild, self.table.name, now, true)
    }

    fn delete(&self, half: Half, range: &str, params: &[Kept]) -> rusqlite::Result<TableDigest> {
        let key = row_sql::list(self.table.key(), "");
        let sql = format!(
            "DELETE FROM main.{name} WHERE guild_id = ?1 AND ({key}) IN (
                 SELECT {key} FROM {source} WHERE guild_id = ?1{range})
             RETURNING counted_row({index}, {digested})",
            name = self.table.name,
            source = self.source(half),
            index = self.table.index(),
            digested = row_sql::digested(self.table, CURRENT_SCHEMA, ""),
        );
        self.counter.take(self.table);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut gone = statement.query(params_from_iter(params))?;
        while gone.next()?.is_some() {}
        Ok(self.counter.take(self.table))
    }

    fn insert(&self, range: &str, params: &[Kept]) -> rusqlite::Result<TableDigest> {
        let sql = format!(
            "INSERT INTO main.{name} ({columns}) SELECT {selected} FROM {source} WHERE guild_id = ?1{range}",
            name = self.table.name,
            columns = row_sql::columns(self.table, CURRENT_SCHEMA, ""),
            selected = row_sql::counted_columns(self.table, CURRENT_SCHEMA, ""),
            source = self.source(Half::Rows),
        );
        self.counter.take(self.table);
        self.connection
            .prepare_cached(&sql)?
            .execute(params_from_iter(params))?;
        Ok(self.counter.take(self.table))
    }
}
