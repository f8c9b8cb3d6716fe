//! What `SQLite` says of a restored file.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{Integrity, RestoreError};

/// Problems that are told of a damaged database.
const TOLD: usize = 5;

/// Has `SQLite` check the file, without leaving anything beside it.
pub(super) async fn check(path: &Path, level: Integrity) -> Result<(), RestoreError> {
    let pragma = match level {
        Integrity::None => return Ok(()),
        Integrity::Quick => "quick_check",
        Integrity::Full => "integrity_check",
    };
    let path = path.to_owned();
    let problems = tokio::task::spawn_blocking(move || problems(&path, pragma)).await?;
    match problems {
        Ok(problems) if problems.is_empty() => Ok(()),
        Ok(problems) => Err(RestoreError::Integrity(problems.join("; "))),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Err(RestoreError::Integrity(error.to_string()))
            }
            _ => Err(RestoreError::Check(error)),
        },
    }
}

fn problems(path: &Path, pragma: &str) -> Result<Vec<String>, rusqlite::Error> {
    // Immutable: a file in WAL mode is read without a -wal and -shm being made beside it.
    let escaped = path
        .to_string_lossy()
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    let uri = format!("file:{escaped}?immutable=1");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(uri, flags)?;
    let mut statement = database.prepare(&format!("pragma {pragma}({TOLD})"))?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    let answers = rows.collect::<Result<Vec<_>, _>>()?;
    Ok(answers.into_iter().filter(|answer| answer != "ok").collect())
}
