//! Does a file have the tables that its version promises?

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::migrations;
use super::row_sql;
use super::tables::{GuildTable, guild_tables};
use crate::domain::bundle::{BundleKind, SchemaVersion};

/// Every table and index with its columns, as SQLite tells them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shape(BTreeMap<String, Vec<String>>);

/// Objects that come and go: Litestream's own tables, and what notes changed keys during a copy.
const PASSING: &str = "s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND s.name NOT LIKE '\\_litestream\\_%' ESCAPE '\\' \
                       AND s.name NOT LIKE 'captured\\_%' ESCAPE '\\'";

impl Shape {
    /// The shape of a file: `schema` is `main` or the name it is attached by.
    pub(super) fn of(connection: &Connection, schema: &str) -> rusqlite::Result<Self> {
        let sql = format!(
            "SELECT s.type || ' ' || s.name,
                    x.name || ' ' || x.type || iif(x.\"notnull\", ' NOT NULL', '') || iif(x.pk, ' key ' || x.pk, '')
             FROM {schema}.sqlite_schema s LEFT JOIN pragma_table_xinfo(s.name, '{schema}') x ON s.type = 'table'
             WHERE {PASSING} ORDER BY s.name, x.cid"
        );
        let mut objects: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let columns = objects.entry(row.get(0)?).or_default();
            columns.extend(row.get::<_, Option<String>>(1)?);
        }
        Ok(Self(objects))
    }

    /// The first difference, in words.
    pub(super) fn first_difference(&self, expected: &Self) -> Option<String> {
        for (name, columns) in &expected.0 {
            match self.0.get(name) {
                None => return Some(format!("{name} is missing")),
                Some(found) if found != columns => {
                    let odd = columns.iter().find(|c| !found.contains(c));
                    return Some(odd.map_or_else(
                        || format!("{name} has other columns"),
                        |column| format!("{name} lacks \"{column}\""),
                    ));
                }
                Some(_) => {}
            }
        }
        self.0
            .keys()
            .find(|name| !expected.0.contains_key(*name))
            .map(|name| format!("{name} does not belong there"))
    }
}

/// Made once for each version: the same migrations always make the same tables.
#[derive(Debug, Clone)]
struct Expected {
    shard: Arc<Shape>,
    full_bundle: Made,
    delta_bundle: Made,
}

/// Tables as SQL and as a shape.
#[derive(Debug, Clone)]
struct Made {
    sql: Arc<str>,
    shape: Arc<Shape>,
}

fn expected(version: SchemaVersion) -> rusqlite::Result<Expected> {
    static KNOWN: Mutex<BTreeMap<SchemaVersion, Expected>> = Mutex::new(BTreeMap::new());
    if let Some(known) = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(&version) {
        return Ok(known.clone());
    }
    let mut shard = Connection::open_in_memory()?;
    migrations::migrate_shard(&mut shard, version)?;
    let made = Expected {
        shard: Arc::new(Shape::of(&shard, "main")?),
        full_bundle: make_bundle(version, "")?,
        delta_bundle: make_bundle(version, &gone_tables(version))?,
    };
    KNOWN
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(version, made.clone());
    Ok(made)
}

fn make_bundle(version: SchemaVersion, more: &str) -> rusqlite::Result<Made> {
    let memory = Connection::open_in_memory()?;
    migrations::migrate_guild_tables(&memory, SchemaVersion::new(0), version)?;
    memory.execute_batch(super::bundle::HEADER_SQL)?;
    memory.execute_batch(more)?;
    let statements: Vec<String> = memory
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Made {
        sql: statements.join(";\n").into(),
        shape: Arc::new(Shape::of(&memory, "main")?),
    })
}

/// Tables for the keys of rows that went, in a bundle of changes.
fn gone_tables(version: SchemaVersion) -> String {
    let one = |table: &GuildTable| {
        let columns: Vec<String> = table
            .key()
            .iter()
            .map(|key| format!("{} {} NOT NULL", key.name, key.ty.sql()))
            .collect();
        format!(
            "CREATE TABLE gone_{} ({}, PRIMARY KEY ({})) STRICT, WITHOUT ROWID;",
            table.name,
            columns.join(", "),
            row_sql::list(table.key(), "")
        )
    };
    guild_tables(version).map(one).collect()
}

/// The shape of a shard of this version.
pub(super) fn shard_shape(version: SchemaVersion) -> rusqlite::Result<Arc<Shape>> {
    Ok(expected(version)?.shard)
}

fn bundle(version: SchemaVersion, kind: BundleKind) -> rusqlite::Result<Made> {
    let expected = expected(version)?;
    Ok(match kind {
        BundleKind::Full => expected.full_bundle,
        BundleKind::Delta { .. } => expected.delta_bundle,
    })
}

/// The shape of a bundle of this version.
pub(super) fn bundle_shape(version: SchemaVersion, kind: BundleKind) -> rusqlite::Result<Arc<Shape>> {
    Ok(bundle(version, kind)?.shape)
}

/// The SQL that makes the tables of a bundle of this version.
pub(super) fn bundle_sql(version: SchemaVersion, kind: BundleKind) -> rusqlite::Result<Arc<str>> {
    Ok(bundle(version, kind)?.sql)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_differs() {
        let version = migrations::CURRENT;
        let expected = shard_shape(version).unwrap();
        for (change, difference) in [
            ("SELECT 1", None),
            ("CREATE TABLE _litestream_seq (id)", None),
            (
                "CREATE TABLE extra (id)",
                Some("table extra does not belong there"),
            ),
            ("DROP INDEX timer_due", Some("index timer_due is missing")),
            (
                "ALTER TABLE guilds DROP COLUMN left_at",
                Some("table guilds lacks \"left_at INTEGER\""),
            ),
        ] {
            let mut db = Connection::open_in_memory().unwrap();
            migrations::migrate_shard(&mut db, version).unwrap();
            db.execute_batch(change).unwrap();
            let found = Shape::of(&db, "main").unwrap().first_difference(&expected);
            assert_eq!(found.as_deref(), difference, "{change}");
        }
    }
}
