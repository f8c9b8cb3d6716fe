//! Opening a SQLite file for reading without leaving a trace on it or beside it.
//!
//! A reader of a WAL database normally creates or writes the `-shm` file beside it. Four ways avoid that:
//!
//! | the file | is read by | why |
//! |---|---|---|
//! | WAL mode, with its `-shm` | a read transaction, the `-shm` opened read-only | a live writer goes on and we see one moment of it; after a crash SQLite reads the log into memory |
//! | WAL mode, no log at all | `immutable` | everything is in the file, and no lock is taken |
//! | WAL mode, a log but no `-shm` | a copy of both in a scratch directory | SQLite would have to make the `-shm` |
//! | rollback journal | a read transaction | nothing is written; a writer waits |

mod error;
mod header;

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::runtime::files::FileError;
pub use error::ReadOnlyError;
use header::{HEADER_BYTES, Header};

/// How a file is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A read transaction on a WAL file; somebody may be writing to it.
    Snapshot,
    /// A closed WAL file, read as it is.
    Immutable,
    /// A copy of a WAL file and its log.
    Copy,
    /// A read transaction on a file with a rollback journal.
    Shared,
}

/// What tells one state of a file from another without opening it: bytes, modification time, inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    mtime: (i64, i64),
    inode: u64,
}

/// A SQLite file, open for reading at one moment of its life.
#[derive(Debug)]
pub struct ReadOnlyFile {
    path: PathBuf,
    method: Method,
    connection: Connection,
    /// State of the file and its log when it was opened, where nothing else keeps writers from being missed.
    stamps: Option<[Option<Stamp>; 2]>,
    bytes: u64,
    wal_bytes: u64,
    _scratch: Option<tempfile::TempDir>,
}

impl ReadOnlyFile {
    /// Opens the file and takes the moment at which it will be read; `scratch` is where a copy may go.
    ///
    /// Checks the file, not what is in it.
    pub fn open(path: &Path, scratch: &Path) -> Result<Self, ReadOnlyError> {
        let header = read_header(path)?;
        let wal_path = beside(path, "-wal");
        let (bytes, wal_bytes) = (length(path)?.unwrap_or(0), length(&wal_path)?.unwrap_or(0));
        if let Some(expected) = header.expected_bytes()
            && bytes < expected
            && wal_bytes == 0
        {
            return Err(ReadOnlyError::Truncated {
                path: path.to_owned(),
                bytes,
                expected,
            });
        }
        let method = match (header.wal, length(&beside(path, "-shm"))?, wal_bytes) {
            (false, _, _) => Method::Shared,
            (true, Some(_), _) => Method::Snapshot,
            (true, None, 0) => Method::Immutable,
            (true, None, _) => Method::Copy,
        };
        let unguarded = matches!(method, Method::Immutable | Method::Copy);
        if unguarded {
            refuse_if_locked(path)?;
        }
        let stamps = if unguarded {
            Some([stamp(path)?, stamp(&wal_path)?])
        } else {
            None
        };
        let (connection, copied) = connect(path, method, scratch)?;
        Ok(Self {
            path: path.to_owned(),
            method,
            connection,
            stamps,
            bytes,
            wal_bytes,
            _scratch: copied,
        })
    }

    /// The file's path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How it is being read.
    pub const fn method(&self) -> Method {
        self.method
    }

    /// Bytes of the file itself.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes of its write-ahead log.
    pub const fn wal_bytes(&self) -> u64 {
        self.wal_bytes
    }

    /// The connection, inside its read transaction.
    pub(super) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Fails where SQLite finds the pages damaged: every page is read.
    pub fn check_pages(&self) -> Result<(), ReadOnlyError> {
        let finding: String = self
            .connection
            .query_row("pragma quick_check(1)", [], |row| row.get(0))
            .map_err(|error| ReadOnlyError::from_sqlite(&self.path, "checking the pages", error))?;
        if finding == "ok" {
            return Ok(());
        }
        // SQLite writes "*** in database main ***" on a line of its own first.
        let finding = finding
            .lines()
            .rfind(|line| !line.starts_with("***"))
            .unwrap_or(&finding)
            .to_owned();
        Err(ReadOnlyError::Damaged {
            path: self.path.clone(),
            finding,
        })
    }

    /// Fails where somebody wrote to the file since it was opened, in a way that a read transaction does not
    /// shield from. To be called when reading is over, before its result is believed.
    pub fn check_unchanged(&self) -> Result<(), ReadOnlyError> {
        let Some(before) = self.stamps else { return Ok(()) };
        if before == [stamp(&self.path)?, stamp(&beside(&self.path, "-wal"))?] {
            Ok(())
        } else {
            Err(ReadOnlyError::Changed(self.path.clone()))
        }
    }
}

/// `path` with `suffix` at its end, as SQLite names the files beside a database.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn at(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> ReadOnlyError {
    move |source| {
        ReadOnlyError::File(FileError {
            action,
            path: path.to_owned(),
            source,
        })
    }
}

fn read_header(path: &Path) -> Result<Header, ReadOnlyError> {
    let metadata = match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(ReadOnlyError::NotFound(path.to_owned()));
        }
        other => other.map_err(at("read", path))?,
    };
    if !metadata.is_file() {
        return Err(ReadOnlyError::NotSqlite {
            path: path.to_owned(),
            looks: "it is not a regular file",
        });
    }
    let mut head = Vec::with_capacity(HEADER_BYTES);
    File::open(path)
        .and_then(|file| file.take(HEADER_BYTES as u64).read_to_end(&mut head))
        .map_err(at("read", path))?;
    let whole: Option<[u8; HEADER_BYTES]> = head.clone().try_into().ok();
    whole
        .and_then(|bytes| Header::parse(&bytes))
        .ok_or_else(|| ReadOnlyError::NotSqlite {
            path: path.to_owned(),
            looks: header::guess(&head),
        })
}

fn length(path: &Path) -> Result<Option<u64>, ReadOnlyError> {
    Ok(stamp(path)?.map(|stamp| stamp.bytes))
}

fn stamp(path: &Path) -> Result<Option<Stamp>, ReadOnlyError> {
    match std::fs::metadata(path) {
        Ok(m) => Ok(Some(Stamp {
            bytes: m.len(),
            mtime: (m.mtime(), m.mtime_nsec()),
            inode: m.ino(),
        })),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at("read", path)(error)),
    }
}

/// Fails where another process holds a write lock on any byte of the file, as one that opened it in exclusive
/// mode does. Must not be called while this process has the file open: closing it drops this process's locks.
fn refuse_if_locked(path: &Path) -> Result<(), ReadOnlyError> {
    let file = File::open(path).map_err(at("read", path))?;
    match rustix::fs::fcntl_lock(&file, rustix::fs::FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) => {
            Err(ReadOnlyError::Locked(path.to_owned()))
        }
        Err(error) => Err(at("lock", path)(error.into())),
    }
}

fn connect(
    path: &Path,
    method: Method,
    scratch: &Path,
) -> Result<(Connection, Option<tempfile::TempDir>), ReadOnlyError> {
    let (opened, parameters, copied) = match method {
        Method::Shared => (path.to_owned(), "mode=ro", None),
        Method::Snapshot => (path.to_owned(), "mode=ro&readonly_shm=1", None),
        Method::Immutable => (path.to_owned(), "mode=ro&immutable=1", None),
        Method::Copy => {
            let directory = tempfile::Builder::new()
                .prefix("modbot-copy-")
                .tempdir_in(scratch)
                .map_err(at("create a scratch directory in", scratch))?;
            let copy = directory.path().join("copy.sqlite3");
            copy_file(path, &copy)?;
            copy_file(&beside(path, "-wal"), &beside(&copy, "-wal"))?;
            (copy, "mode=rw", Some(directory))
        }
    };
    let failed = |error| ReadOnlyError::from_sqlite(path, "opening the file", error);
    let flags = OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let write = if method == Method::Copy {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    } else {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    };
    let connection = Connection::open_with_flags(uri(&opened, parameters), flags | write).map_err(failed)?;
    connection.busy_timeout(Duration::from_secs(2)).map_err(failed)?;
    // The first read fixes the moment that the whole transaction sees.
    connection
        .execute_batch(
            "pragma query_only = on; pragma cache_size = -8192; begin; select count(*) from sqlite_schema",
        )
        .map_err(failed)?;
    Ok((connection, copied))
}

fn copy_file(from: &Path, to: &Path) -> Result<(), ReadOnlyError> {
    std::fs::copy(from, to).map(|_| ()).map_err(at("copy", from))
}

/// A `file:` URI: everything but the plainest characters is escaped.
fn uri(path: &Path, parameters: &str) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;

    let mut text = String::from("file:");
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for byte in absolute.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02x}");
        }
    }
    text + "?" + parameters
}
