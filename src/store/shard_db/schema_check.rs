//! Does a file have the tables that its version promises?

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::migrations;
use crate::domain::bundle::SchemaVersion;

/// Every table and index with its columns, as SQLite tells them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shape(BTreeMap<String, Vec<String>>);

/// Objects that come and go: Litestream's own tables, and what notes changed keys during a copy.
const PASSING: &str = "s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND s.name NOT LIKE '\\_litestream\\_%' ESCAPE '\\' \
                       AND s.name NOT LIKE 'captured\\_%' ESCAPE '\\'";

impl Shape {
    /// The shape of the file behind a connection.
    pub(super) fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let sql = format!(
            "SELECT s.type || ' ' || s.name,
                    x.name || ' ' || x.type || iif(x.\"notnull\", ' NOT NULL', '') || iif(x.pk, ' key ' || x.pk, '')
             FROM sqlite_schema s LEFT JOIN pragma_table_xinfo(s.name) x ON s.type = 'table'
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

    /// The shape that the migrations make.
    pub(super) fn expected(version: SchemaVersion) -> rusqlite::Result<Self> {
        let mut memory = Connection::open_in_memory()?;
        migrations::migrate_shard(&mut memory, version)?;
        Self::of(&memory)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_differs() {
        let version = migrations::CURRENT;
        let expected = Shape::expected(version).unwrap();
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
            let found = Shape::of(&db).unwrap().first_difference(&expected);
            assert_eq!(found.as_deref(), difference, "{change}");
        }
    }
}
