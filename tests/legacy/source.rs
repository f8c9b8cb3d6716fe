//! Opening the old database: whatever state it is in, it is read as it is and left as it was.

use std::collections::BTreeMap;
use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use modbot::store::legacy_db::{LegacyDb, SourceError, create_statements};
use modbot::store::read_only::{Method, ReadOnlyError};
use rusqlite::Connection;

/// The environment variable that turns [`other_process`] into a writer of the file it names.
const WRITER: &str = "MODBOT_TEST_LEGACY_WRITER";

/// An old database in `mode` with one user.
fn old_database(path: &Path, mode: &str) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", mode).unwrap();
    for statement in create_statements() {
        connection.execute_batch(&statement).unwrap();
    }
    connection
        .execute("insert into users (id, externalId) values ('u1', '1')", [])
        .unwrap();
    connection
}

/// Every file of the directory with its bytes.
fn bytes_of(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect()
}

/// Not a test of its own: the body of the process that [`Writer`] starts.
#[test]
fn other_process() {
    let Ok(order) = std::env::var(WRITER) else { return };
    let (mode, path) = order.split_once(' ').unwrap();
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    if mode == "exclusive" {
        connection
            .pragma_update(None, "locking_mode", "exclusive")
            .unwrap();
    }
    let begin = if mode == "wal" {
        "begin immediate"
    } else {
        "begin exclusive"
    };
    connection.execute_batch(begin).unwrap();
    connection
        .execute("insert into users (id, externalId) values ('u2', '2')", [])
        .unwrap();
    if mode == "wal" {
        connection
            .execute_batch("commit; begin immediate; insert into users (id, externalId) values ('u3', '3')")
            .unwrap();
    }
    if mode == "spill" {
        // More than the cache holds, so that the journal is synced and pages reach the file.
        connection
            .execute_batch(
                "pragma cache_size = 1; create table big (a);
                 insert into big with recursive n(i) as (select 1 union all select i + 1 from n where i < 100)
                 select randomblob(4000) from n",
            )
            .unwrap();
    }
    println!("\nwriting");
    // Held until the parent closes our input, or kills us.
    std::io::stdin().lock().read_line(&mut String::new()).unwrap();
}

/// Another process in the middle of a write transaction; in WAL mode a first one is committed, not checkpointed.
struct Writer(Child);

impl Writer {
    fn start(path: &Path, mode: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["legacy::source::other_process", "--exact", "--nocapture"])
            .env(WRITER, format!("{mode} {}", path.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = std::io::BufReader::new(child.stdout.as_mut().unwrap()).lines();
        assert!(
            lines.any(|line| line.unwrap() == "writing"),
            "the writer did not start"
        );
        Self(child)
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Opens, checks the method and the number of users, closes; fails if any byte in the directory has changed.
fn reads_without_a_trace(path: &Path, method: Method, users: u64) {
    let directory = path.parent().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let before = bytes_of(directory);
    let source = LegacyDb::open(path, scratch.path()).unwrap();
    assert_eq!(source.method(), method);
    assert_eq!(source.count("users").unwrap(), users);
    source.check_unchanged().unwrap();
    assert_eq!(bytes_of(directory), before, "while it was open");
    drop(source);
    assert_eq!(bytes_of(directory), before, "after it was closed");
    assert_eq!(
        std::fs::read_dir(scratch.path()).unwrap().count(),
        0,
        "the scratch directory is not empty"
    );
}

#[test]
fn a_live_bot_is_read_at_one_moment_without_a_trace() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mod bot?#%.sqlite3");
    drop(old_database(&path, "wal"));
    let writer = Writer::start(&path, "wal");
    // u2 is committed but only in the log; u3 is not committed.
    reads_without_a_trace(&path, Method::Snapshot, 2);
    writer.kill();
    reads_without_a_trace(&path, Method::Snapshot, 2);
    // A copy that forgot the -shm.
    std::fs::remove_file(directory.path().join("mod bot?#%.sqlite3-shm")).unwrap();
    reads_without_a_trace(&path, Method::Copy, 2);
}

#[test]
fn a_closed_file_is_read_without_a_trace() {
    for (mode, method) in [("wal", Method::Immutable), ("delete", Method::Shared)] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bot.sqlite3");
        drop(old_database(&path, mode));
        reads_without_a_trace(&path, method, 1);
    }
}

#[test]
fn a_locked_file_is_refused_by_name() {
    let scratch = tempfile::tempdir().unwrap();
    for (mode, journal) in [("rollback", "delete"), ("exclusive", "wal")] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bot.sqlite3");
        drop(old_database(&path, journal));
        let _writer = Writer::start(&path, mode);
        let error = LegacyDb::open(&path, scratch.path()).unwrap_err();
        assert!(
            matches!(error, SourceError::File(ReadOnlyError::Locked(_))),
            "{mode}: {error:?}"
        );
    }
}

#[test]
fn a_half_finished_transaction_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bot.sqlite3");
    drop(old_database(&path, "delete"));
    let writer = Writer::start(&path, "spill");
    writer.kill();
    let error = LegacyDb::open(&path, directory.path()).unwrap_err();
    assert!(
        matches!(error, SourceError::File(ReadOnlyError::HotJournal(_))),
        "{error:?}"
    );
}

#[test]
fn a_change_while_it_is_read_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bot.sqlite3");
    drop(old_database(&path, "wal"));
    let source = LegacyDb::open(&path, directory.path()).unwrap();
    source.check_unchanged().unwrap();
    let writer = Writer::start(&path, "wal");
    assert!(matches!(
        source.check_unchanged(),
        Err(SourceError::File(ReadOnlyError::Changed(_)))
    ));
    drop(writer);
}

#[test]
fn what_is_no_database_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bot.sqlite3");
    let refused = |content: Option<&[u8]>| {
        if let Some(content) = content {
            std::fs::File::create(&path).unwrap().write_all(content).unwrap();
        }
        LegacyDb::open(&path, directory.path()).unwrap_err().to_string()
    };
    assert!(refused(None).ends_with("bot.sqlite3 does not exist"));
    assert!(refused(Some(b"")).ends_with("the file is empty"));
    assert!(refused(Some(b"\xfd7zXZ\0")).ends_with("it is xz-compressed: unpack it first"));
    assert!(refused(Some(b"PGDMP")).ends_with("it looks like text"));
    std::fs::remove_file(&path).unwrap();
    drop(old_database(&path, "delete"));
    let whole = std::fs::read(&path).unwrap();
    assert!(refused(Some(&whole[..whole.len() - 4096])).contains("is cut short"));
    let error = LegacyDb::open(directory.path(), directory.path()).unwrap_err();
    assert!(error.to_string().ends_with("it is not a regular file"));
}
