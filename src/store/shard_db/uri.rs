//! Paths as the URIs that SQLite attaches files by.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rusqlite::Connection;

/// Attaches a file for reading only.
pub(super) fn attach_read_only(connection: &Connection, path: &Path, schema: &str) -> rusqlite::Result<()> {
    let attach = |uri: String| {
        connection
            .execute(&format!("ATTACH ?1 AS {schema}"), [uri])
            .map(drop)
    };
    attach(read_only(path, ""))?;
    // The file is opened by the first look at it.
    let look = || connection.pragma_query_value(Some(schema), "schema_version", |row| row.get::<_, i64>(0));
    match look() {
        Err(error)
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::CannotOpen) && !has_wal(path) =>
        {
            // A WAL database on a read-only medium, with nothing in its WAL: nobody can be writing it.
            connection.execute_batch(&format!("DETACH {schema}"))?;
            attach(read_only(path, "&immutable=1"))?;
            look().map(drop)
        }
        looked => looked.map(drop),
    }
}

fn has_wal(path: &Path) -> bool {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    Path::new(&wal).exists()
}

fn read_only(path: &Path, more: &str) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                uri.push(char::from(*byte));
            }
            other => uri.push_str(&format!("%{other:02X}")),
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
