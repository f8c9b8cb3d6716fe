//! The old schema: written from the declaration, and compared with what a file holds.

use std::fmt::Write as _;

use rusqlite::Connection;

use crate::domain::legacy::tables::{Column, OldTable, TableSpec};

/// The statements that make the old bot's tables and indexes, its migration bookkeeping included.
pub fn create_statements() -> Vec<String> {
    let mut statements = vec![
        "create table kysely_migration (name varchar(255) not null primary key, \
         timestamp varchar(255) not null)"
            .to_owned(),
        "create table kysely_migration_lock (id varchar(255) not null primary key, \
         is_locked integer default 0 not null)"
            .to_owned(),
    ];
    for table in OldTable::ALL {
        statements.extend(create_table(table.spec()));
    }
    statements
}

/// The statements that make one table and its indexes.
pub fn create_table(spec: &TableSpec) -> Vec<String> {
    let mut parts: Vec<String> = spec.columns.iter().map(|column| declare(spec, column)).collect();
    if spec.primary_key.len() > 1 {
        parts.push(format!("primary key ({})", quoted(spec.primary_key)));
    }
    if !spec.unique.is_empty() {
        parts.push(format!("unique ({})", quoted(spec.unique)));
    }
    let mut statements = vec![format!("create table \"{}\" ({})", spec.name, parts.join(", "))];
    statements.extend(spec.indexes.iter().map(|index| {
        format!(
            "create {}index \"{}\" on \"{}\" ({})",
            if index.unique { "unique " } else { "" },
            index.name,
            spec.name,
            quoted(index.columns)
        )
    }));
    statements
}

fn declare(spec: &TableSpec, column: &Column) -> String {
    let mut text = format!("\"{}\" {}", column.name, column.declared);
    if let Some(default) = column.default {
        let _ = write!(text, " default {default}");
    }
    if column.not_null {
        text.push_str(" not null");
    }
    if spec.primary_key == [column.name] {
        text.push_str(" primary key");
    }
    text
}

/// Column names as a quoted list.
pub(super) fn quoted(columns: &[&str]) -> String {
    columns
        .iter()
        .map(|name| format!("\"{name}\""))
        .collect::<Vec<_>>()
        .join(", ")
}

/// How a file's schema differs from the old bot's; empty where it does not.
///
/// Indexes that are not unique may be missing or added: they carry no meaning. Tables that the old bot does not
/// have are listed by [`foreign_tables`].
pub(super) fn differences(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found = Vec::new();
    for table in OldTable::ALL {
        let spec = table.spec();
        let columns = columns_of(connection, spec.name)?;
        if columns.is_empty() {
            found.push(format!("table {} is missing", spec.name));
            continue;
        }
        compare_columns(spec, &columns, &mut found);
        for key in unique_keys(spec) {
            if !unique_keys_of(connection, spec.name)?.contains(&key) {
                found.push(format!(
                    "table {} has no unique index on ({})",
                    spec.name,
                    key.join(", ")
                ));
            }
        }
    }
    Ok(found)
}

fn compare_columns(spec: &TableSpec, columns: &[(String, String, bool)], found: &mut Vec<String>) {
    for declared in spec.columns {
        match columns.iter().find(|(name, ..)| name == declared.name) {
            None => found.push(format!("column {}.{} is missing", spec.name, declared.name)),
            Some((_, kind, not_null)) => {
                if !kind.eq_ignore_ascii_case(declared.declared) || *not_null != declared.not_null {
                    found.push(format!(
                        "column {}.{} is declared otherwise",
                        spec.name, declared.name
                    ));
                }
            }
        }
    }
    for (name, ..) in columns {
        if spec.position(name).is_none() {
            found.push(format!("column {}.{name} is not the old bot's", spec.name));
        }
    }
}

/// Name, declared type and NOT NULL of each column; none where there is no such table.
fn columns_of(connection: &Connection, table: &str) -> rusqlite::Result<Vec<(String, String, bool)>> {
    connection
        .prepare("select name, type, \"notnull\" from pragma_table_info(?1) order by cid")
        .and_then(|mut statement| {
            statement
                .query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect()
        })
}

fn unique_keys(spec: &TableSpec) -> Vec<Vec<String>> {
    let owned = |columns: &[&str]| columns.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
    [spec.primary_key, spec.unique]
        .into_iter()
        .filter(|columns| !columns.is_empty())
        .chain(
            spec.indexes
                .iter()
                .filter(|index| index.unique)
                .map(|index| index.columns),
        )
        .map(owned)
        .collect()
}

fn unique_keys_of(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Vec<String>>> {
    let read = || -> rusqlite::Result<Vec<Vec<String>>> {
        let mut indexes = connection.prepare(
            "select name from pragma_index_list(?1) where \"unique\" and not partial order by seq",
        )?;
        let names: Vec<String> = indexes
            .query_map([table], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut columns =
            connection.prepare("select coalesce(name, '') from pragma_index_info(?1) order by seqno")?;
        names
            .iter()
            .map(|name| columns.query_map([name], |row| row.get(0))?.collect())
            .collect()
    };
    read()
}

/// Tables that are neither the old bot's nor `SQLite`'s nor Litestream's own.
pub(super) fn foreign_tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let names: Vec<String> = connection
        .prepare("select name from sqlite_schema where type = 'table' order by name")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())?;
    let known = |name: &String| {
        OldTable::named(name).is_some()
            || ["kysely_migration", "kysely_migration_lock"].contains(&name.as_str())
            || name.starts_with("sqlite_")
            || name.starts_with("_litestream_")
    };
    Ok(names.into_iter().filter(|name| !known(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(also: &str) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        for statement in create_statements() {
            connection.execute_batch(&statement).unwrap();
        }
        connection.execute_batch(also).unwrap();
        connection
    }

    #[test]
    fn what_it_creates_it_recognises() {
        let connection = database("create table _litestream_seq (id integer)");
        assert_eq!(differences(&connection).unwrap(), Vec::<String>::new());
        assert_eq!(foreign_tables(&connection).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn names_every_difference() {
        let connection = database(
            "drop table users;
             alter table mod_actions add column weather text;
             alter table guilds drop column settings;
             drop index user_threads_pk;
             drop index idx_reported_message;
             drop table honeypot_config;
             create table honeypot_config (guild_id integer not null, channel_id text, primary key (guild_id, channel_id));
             create table pets (name text);",
        );
        assert_eq!(
            differences(&connection).unwrap(),
            [
                "column guilds.settings is missing",
                "column mod_actions.weather is not the old bot's",
                "table user_threads has no unique index on (user_id, guild_id)",
                "column honeypot_config.guild_id is declared otherwise",
                "column honeypot_config.channel_id is declared otherwise",
                "table users is missing",
            ]
        );
        assert_eq!(foreign_tables(&connection).unwrap(), ["pets"]);
    }
}
