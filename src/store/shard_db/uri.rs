//! Paths as the URIs that SQLite attaches files by.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rusqlite::Connection;

/// Attaches a file for reading only.
pub(super) fn attach_read_only(connection: &Connection, path: &Path, schema: &str) -> rusqlite::Result<()> {
    match attach(connection, &read_only(path, ""), schema) {
        Err(error)
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::CannotOpen) && !has_wal(path) =>
        {
            // A WAL database on a read-only medium, with nothing in its WAL: nobody can be writing it.
            attach(connection, &read_only(path, "&immutable=1"), schema).map_err(|_| error)
        }
        attached => attached,
    }
}

fn attach(connection: &Connection, uri: &str, schema: &str) -> rusqlite::Result<()> {
    connection.execute(&format!("ATTACH ?1 AS {schema}"), [uri])?;
    // A WAL database shows only now whether it can be read.
    let looked = connection.pragma_query_value(Some(schema), "schema_version", |row| row.get::<_, i64>(0));
    if looked.is_err() {
        connection.execute_batch(&format!("DETACH {schema}"))?;
    }
    looked.map(drop)
}

/// Whether a write-ahead log with anything in it belongs to the file.
pub(super) fn has_wal(path: &Path) -> bool {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    // Readers leave an empty one behind.
    std::fs::metadata(wal).is_ok_and(|wal| wal.len() > 0)
}

fn read_only(path: &Path, more: &str) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                uri.push(char::from(*byte));
            }
            other => uri = format!("{uri}%{other:02X}"),
        }
    }
    uri + "?mode=ro" + more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_are_attached_as_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a file?mode=rw#100%é.sqlite3");
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE t (x)")
            .unwrap();
        let db = Connection::open_in_memory().unwrap();
        attach_read_only(&db, &path, "other").unwrap();
        assert!(
            db.execute_batch("INSERT INTO other.t VALUES (1)").is_err(),
            "read-only"
        );
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
