//! The tables and triggers that note changed keys, generated from the declaration of guild tables.

use rusqlite::Connection;

use crate::domain::ids::GuildId;
use crate::store::shard_db::tables::{GUILD_TABLES, GuildTable};
use crate::store::shard_db::{CURRENT_SCHEMA, row_sql};

/// The table that holds a guild table's changed keys.
pub(in crate::store::shard_db) fn captured_table(table: &GuildTable) -> String {
    format!("captured_{}", table.name)
}

/// Makes the tables where they are missing, and the guild's triggers.
pub(super) fn install(connection: &Connection, guild: GuildId) -> rusqlite::Result<()> {
    let sql: String = GUILD_TABLES
        .iter()
        .map(|table| table_sql(table) + &triggers_sql(table, guild))
        .collect();
    connection.execute_batch(&sql)
}

fn table_sql(table: &GuildTable) -> String {
    let columns: Vec<String> = table
        .key()
        .iter()
        .map(|key| format!("{} {} NOT NULL", key.name, key.ty.sql()))
        .collect();
    format!(
        "CREATE TABLE IF NOT EXISTS {} ({}, captured_round INTEGER NOT NULL, hash_before BLOB,
             PRIMARY KEY ({}, captured_round)) STRICT, WITHOUT ROWID;",
        captured_table(table),
        columns.join(", "),
        row_sql::list(table.key(), "")
    )
}

/// The guild's id stands in the triggers, so that the rows of other guilds cost one comparison.
fn triggers_sql(table: &GuildTable, guild: GuildId) -> String {
    let key = |row: &str| row_sql::list(table.key(), row);
    let hash = |row: &str| {
        format!(
            "row_hash('{}', {})",
            table.name,
            row_sql::digested(table, CURRENT_SCHEMA, row)
        )
    };
    let note = |row: &str, hash: &str| {
        // Not `OR IGNORE`: the conflict clause of the statement that fires the trigger would replace it.
        format!(
            "INSERT INTO {captured} ({columns}, captured_round, hash_before)
             SELECT {key}, round, {hash} FROM capture WHERE guild_id = {guild}
             ON CONFLICT DO NOTHING;",
            captured = captured_table(table),
            columns = key(""),
            key = key(row),
        )
    };
    let trigger = |kind: &str, row: &str, body: String| {
        format!(
            "CREATE TRIGGER captured_{guild}_{name}_{kind} AFTER {kind} ON {name} WHEN {row}guild_id = {guild}
             BEGIN {body} END;",
            name = table.name,
        )
    };
    // A changed key is a row that went and a row that came.
    let moved = format!(
        "INSERT INTO {captured} ({columns}, captured_round, hash_before)
         SELECT {key}, round, NULL FROM capture WHERE guild_id = {guild} AND NOT ({same})
         ON CONFLICT DO NOTHING;",
        captured = captured_table(table),
        columns = key(""),
        key = key("NEW."),
        same = row_sql::same_key(table, "OLD.", "NEW."),
    );
    trigger("INSERT", "NEW.", note("NEW.", "NULL"))
        + &trigger("UPDATE", "OLD.", note("OLD.", &hash("OLD.")) + &moved)
        + &trigger("DELETE", "OLD.", note("OLD.", &hash("OLD.")))
}

/// Removes the guild's triggers and keys; the tables too when no guild is captured any more.
pub(super) fn remove(connection: &Connection, guild: GuildId) -> rusqlite::Result<()> {
    for object in ["capture", "capture_base"] {
        connection.execute(
            &format!("DELETE FROM {object} WHERE guild_id = ?1"),
            [guild.as_i64()],
        )?;
    }
    let others: bool = connection.query_row("SELECT EXISTS (SELECT 1 FROM capture)", [], |row| row.get(0))?;
    if !others {
        return drop_everything(connection);
    }
    for table in GUILD_TABLES {
        for kind in ["INSERT", "UPDATE", "DELETE"] {
            connection.execute_batch(&format!(
                "DROP TRIGGER IF EXISTS captured_{guild}_{}_{kind}",
                table.name
            ))?;
        }
        let delete = format!("DELETE FROM {} WHERE guild_id = ?1", captured_table(table));
        connection.execute(&delete, [guild.as_i64()])?;
    }
    Ok(())
}

/// Ends every capture: triggers and noted keys go.
pub(in crate::store::shard_db) fn drop_everything(connection: &Connection) -> rusqlite::Result<()> {
    let mut find = connection.prepare(
        "SELECT type, name FROM sqlite_schema
         WHERE type IN ('trigger', 'table') AND name LIKE 'captured\\_%' ESCAPE '\\' ORDER BY type DESC",
    )?;
    let objects: Vec<(String, String)> = find
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (kind, name) in objects {
        connection.execute_batch(&format!("DROP {kind} {name}"))?;
    }
    connection.execute_batch("DELETE FROM capture; DELETE FROM capture_base;")
}
