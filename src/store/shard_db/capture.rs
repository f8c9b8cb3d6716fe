//! Noting which rows of a guild change while it is being copied.

use rusqlite::Connection;

/// Ends every capture: triggers and noted keys go.
pub(super) fn drop_everything(connection: &Connection) -> rusqlite::Result<()> {
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
