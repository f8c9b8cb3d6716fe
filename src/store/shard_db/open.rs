//! Opening and creating a shard database: every reason to refuse comes before anything is touched.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::header::{BUNDLE_APPLICATION_ID, Header, HeaderProblem, SHARD_APPLICATION_ID};
use super::lock::{LockProblem, OpenerLock};
use super::migrations;
use super::open_error::OpenError;
use super::schema_check::{self, Shape};
use super::writer::WriterSettings;
use crate::domain::bundle::SchemaVersion;
use crate::runtime::clock::Clock;
use crate::runtime::files;

/// Who copies the file to where, and so who may checkpoint it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Replica {
    /// Nobody: SQLite checkpoints by itself.
    #[default]
    None,
    /// A Litestream sidecar reads the WAL: checkpoints are its business, also when we close.
    Sidecar,
}

/// How to open a shard database.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who replicates it.
    pub replica: Replica,
    /// How long to wait for another process's lock.
    pub busy_timeout: Duration,
    /// Whether SQLite looks through every page first; a few seconds for a large file.
    pub check_pages: bool,
    /// Page cache of the writer, in KiB.
    pub writer_cache_kib: u32,
    /// Page cache of each reader, in KiB.
    pub reader_cache_kib: u32,
    /// Connections that read beside the writer.
    pub readers: usize,
    /// The bounds of the writing thread.
    pub writer: WriterSettings,
    /// One line about this process for whoever finds the file taken.
    pub holder: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            replica: Replica::None,
            busy_timeout: Duration::from_secs(5),
            check_pages: false,
            writer_cache_kib: 32 * 1024,
            reader_cache_kib: 8 * 1024,
            readers: 3,
            writer: WriterSettings::default(),
            holder: format!("process {}", std::process::id()),
        }
    }
}

/// A shard database that is ours alone: the writing connection and the lock.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) lock: OpenerLock,
}

/// Makes a new, empty shard database: written beside, synced, renamed.
pub fn create(path: &Path, clock: &dyn Clock) -> Result<(), OpenError> {
    if path.exists() {
        return Err(OpenError::Exists {
            path: path.to_owned(),
        });
    }
    let beside = beside(path);
    files::remove_file(&beside)?;
    let written = write_new(&beside, clock).map_err(|source| OpenError::from_sqlite(path, source));
    let placed = written
        .and_then(|()| Ok(files::sync_file(&beside)?))
        .and_then(|()| Ok(files::rename(&beside, path)?));
    if placed.is_err() {
        let _ = files::remove_file(&beside);
    }
    placed
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

/// Writes an empty shard database where nothing is; synced by nobody but the caller.
pub(super) fn write_new(path: &Path, clock: &dyn Clock) -> rusqlite::Result<()> {
    let mut connection = Connection::open(path)?;
    // The whole file is synced once, before it gets its name.
    connection.execute_batch("PRAGMA synchronous = OFF;")?;
    // Both must be set before the first table.
    connection.execute_batch("PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL;")?;
    connection.pragma_update(None, "application_id", SHARD_APPLICATION_ID)?;
    migrations::migrate_shard(&mut connection, migrations::CURRENT)?;
    let set = "INSERT INTO meta (key, value) VALUES (?1, ?2)";
    connection.execute(set, ("file_id", uuid::Uuid::new_v4().to_string()))?;
    connection.execute(set, ("created_at", clock.unix_ms().to_string()))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.close().map_err(|(_, error)| error)
}

/// Opens for writing: lock, checks, migrations, pragmas, in this order.
pub(super) fn open_for_writing(path: &Path, settings: &Settings) -> Result<Opened, OpenError> {
    if !path.exists() {
        return Err(OpenError::NotFound {
            path: path.to_owned(),
        });
    }
    // The lock comes first: reading the header would give up the locks of a connection in this very process.
    let lock = OpenerLock::take(path, &settings.holder).map_err(|problem| lock_error(path, problem))?;
    match check_and_connect(path, settings) {
        Ok(connection) => Ok(Opened { connection, lock }),
        Err(error) => {
            lock.undo();
            Err(error)
        }
    }
}

pub(super) fn lock_error(path: &Path, problem: LockProblem) -> OpenError {
    let path = path.to_owned();
    match problem {
        LockProblem::Held(holder) => OpenError::Held { path, holder },
        LockProblem::Io(_, source) if forbids_writing(&source) => OpenError::ReadOnly {
            path,
            source: Some(source),
        },
        LockProblem::Io(lock, source) => OpenError::File(files::FileError {
            action: "lock",
            path: lock,
            source,
        }),
    }
}

fn forbids_writing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}

fn check_and_connect(path: &Path, settings: &Settings) -> Result<Connection, OpenError> {
    check_header(path)?;
    check_writable(path)?;
    let sqlite = |source| OpenError::from_sqlite(path, source);
    // Bundles are attached as URIs.
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let mut connection = Connection::open_with_flags(path, flags).map_err(sqlite)?;
    // Until we know that the file is ours, closing must not checkpoint.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(sqlite)?;
    connection.busy_timeout(settings.busy_timeout).map_err(sqlite)?;
    check_schema(path, &connection, "main")?;
    if settings.check_pages {
        check_pages(path, &connection, "main")?;
    }
    migrations::migrate_shard(&mut connection, migrations::CURRENT).map_err(sqlite)?;
    set_writer_pragmas(&connection, settings).map_err(sqlite)?;
    Ok(connection)
}

/// Whether the first hundred bytes are those of a shard database, and none are missing at the end.
pub(super) fn check_header(path: &Path) -> Result<Header, OpenError> {
    let owned = || path.to_owned();
    let header = Header::read(path).map_err(|problem| match problem {
        HeaderProblem::NotSqlite => OpenError::NotSqlite { path: owned() },
        HeaderProblem::Io(source) => OpenError::File(files::FileError {
            action: "read",
            path: owned(),
            source,
        }),
    })?;
    if let Some(what) = foreign(header.application_id) {
        return Err(OpenError::Foreign { path: owned(), what });
    }
    // A checkpoint that was cut short leaves a header that promises pages which only the WAL holds yet: SQLite
    // finds them there.
    let lacks_pages = header.is_truncated() && !super::uri::has_wal(path);
    if let (true, Some(expected)) = (lacks_pages, header.promised_len) {
        return Err(OpenError::Truncated {
            path: owned(),
            expected,
            found: header.len,
        });
    }
    if header.user_version > migrations::CURRENT.get() {
        return Err(newer(path, SchemaVersion::new(header.user_version)));
    }
    Ok(header)
}

fn newer(path: &Path, found: SchemaVersion) -> OpenError {
    OpenError::Newer {
        path: path.to_owned(),
        found,
        known: migrations::CURRENT,
    }
}

/// A file without any write permission is meant to stay as it is, even where root could write it.
fn check_writable(path: &Path) -> Result<(), OpenError> {
    let read_only = |source| OpenError::ReadOnly {
        path: path.to_owned(),
        source,
    };
    let opened = OpenOptions::new().read(true).write(true).open(path);
    match opened.and_then(|file| file.metadata()) {
        Ok(metadata) if metadata.permissions().mode() & 0o222 == 0 => Err(read_only(None)),
        Ok(_) => Ok(()),
        Err(error) if forbids_writing(&error) => Err(read_only(Some(error))),
        Err(source) => Err(OpenError::File(files::FileError {
            action: "open",
            path: path.to_owned(),
            source,
        })),
    }
}

/// Whether a file that SQLite has open says that it is a shard database.
pub(super) fn check_application(path: &Path, connection: &Connection, schema: &str) -> Result<(), OpenError> {
    let id = connection
        .pragma_query_value(Some(schema), "application_id", |row| row.get(0))
        .map_err(|source| OpenError::from_sqlite(path, source))?;
    match foreign(id) {
        None => Ok(()),
        Some(what) => Err(OpenError::Foreign {
            path: path.to_owned(),
            what,
        }),
    }
}

fn foreign(application_id: i32) -> Option<&'static str> {
    match application_id {
        SHARD_APPLICATION_ID => None,
        BUNDLE_APPLICATION_ID => Some("a bundle of one guild"),
        0 => Some("some SQLite database (the old bot's, perhaps)"),
        _ => Some("the database of another program"),
    }
}

/// The version may stand in the WAL alone, so SQLite is asked again; then the tables must be those of the version.
pub(super) fn check_schema(
    path: &Path,
    connection: &Connection,
    schema: &str,
) -> Result<SchemaVersion, OpenError> {
    let sqlite = |source| OpenError::from_sqlite(path, source);
    let version: u32 = connection
        .pragma_query_value(Some(schema), "user_version", |row| row.get(0))
        .map_err(sqlite)?;
    let version = SchemaVersion::new(version);
    if version > migrations::CURRENT {
        return Err(newer(path, version));
    }
    let expected = schema_check::shard_shape(version).map_err(sqlite)?;
    let found = Shape::of(connection, schema).map_err(sqlite)?;
    match found.first_difference(&expected) {
        None => Ok(version),
        Some(difference) => Err(OpenError::SchemaDiffers {
            path: path.to_owned(),
            version,
            difference,
        }),
    }
}

/// SQLite's own look through every page.
pub(super) fn check_pages(path: &Path, connection: &Connection, schema: &str) -> Result<(), OpenError> {
    let detail: String = connection
        .query_row(&format!("PRAGMA {schema}.quick_check(1)"), [], |row| row.get(0))
        .map_err(|source| OpenError::from_sqlite(path, source))?;
    if detail == "ok" {
        Ok(())
    } else {
        Err(OpenError::Corrupt {
            path: path.to_owned(),
            detail,
        })
    }
}

fn set_writer_pragmas(connection: &Connection, settings: &Settings) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Nothing is acknowledged before its fsync; group commit pays for it.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", "FAST")?;
    // INSERT OR REPLACE must tell the capture triggers about the row it replaces.
    connection.pragma_update(None, "recursive_triggers", true)?;
    connection.pragma_update(
        None,
        "wal_autocheckpoint",
        if settings.replica == Replica::None {
            4_000
        } else {
            0
        },
    )?;
    let keep_wal = settings.replica == Replica::Sidecar;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep_wal)?;
    set_common_pragmas(connection, settings.writer_cache_kib)
}

/// A connection to nothing, to attach files to.
pub(super) fn scratch() -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_MEMORY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_in_memory_with_flags(flags)
}

/// Opens for reading, beside a writer of this process or another.
pub(super) fn open_for_reading(path: &Path, settings: &Settings) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(settings.busy_timeout)?;
    connection.pragma_update(None, "query_only", true)?;
    set_common_pragmas(&connection, settings.reader_cache_kib)?;
    Ok(connection)
}

fn set_common_pragmas(connection: &Connection, cache_kib: u32) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.set_prepared_statement_cache_capacity(256);
    Ok(())
}
