//! Files that are damaged, foreign, taken, read-only or on a full or failing disk: one clear error, nothing half done.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use modbot::domain::fence::Access;
use modbot::store::shard_db::bundle::{ExportSource, ImportError, Pace, export, import};
use modbot::store::shard_db::{OpenError, Settings, WriteError, inspect};
use rusqlite::Connection;

use super::child::{Work, start};
use super::rows::plain_rows;
use super::shards::{EPOCH, Place, assert_whole, born, digests, dump, guild, open, try_open, write_rows};
use crate::support::mounted::Mounted;
use crate::support::shim;

fn refused(path: &Path) -> OpenError {
    let quick = Settings {
        busy_timeout: Duration::from_millis(100),
        check_pages: true,
        ..Settings::default()
    };
    try_open(path, quick).map(drop).unwrap_err()
}

#[test]
fn files_that_are_not_ours_are_refused_by_name_and_left_alone() {
    let place = Place::new();
    let write = |name: &str, bytes: &[u8]| std::fs::write(place.path(name), bytes).unwrap();
    write("text", b"not a database");
    write("empty", b"");
    let sql = |name: &str, sql: &str| {
        Connection::open(place.path(name))
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    };
    sql(
        "old-bot",
        "CREATE TABLE guilds (id serial primary key, settings jsonb)",
    );
    sql("other", "PRAGMA application_id = 5; CREATE TABLE t (x)");
    for (name, change) in [
        ("newer", "PRAGMA user_version = 99"),
        ("altered", "ALTER TABLE guilds ADD COLUMN x INTEGER"),
        ("shrunk", "DROP TABLE gap"),
    ] {
        place.shard(name);
        sql(name, change);
    }
    let at = |name: &str| refused(&place.path(name));
    for (name, expected) in [
        ("nowhere", "there is no shard database at"),
        ("text", "is not a SQLite database"),
        ("empty", "is not a SQLite database"),
        (
            "old-bot",
            "is some SQLite database (the old bot's, perhaps), not a shard database",
        ),
        (
            "other",
            "is the database of another program, not a shard database",
        ),
        ("newer", "has schema 99; this program knows schemas up to 3"),
        ("altered", "table guilds has other columns"),
        ("shrunk", "table gap is missing"),
    ] {
        let before = std::fs::read(place.path(name)).ok();
        let message = at(name).to_string();
        assert!(message.contains(expected), "{name}: {message}");
        assert_eq!(std::fs::read(place.path(name)).ok(), before, "{name} was touched");
        assert!(
            !place.path(&format!("{name}.lock")).exists(),
            "{name} got a lock file"
        );
    }
}

#[test]
fn damage_is_found_before_anything_is_written() {
    let place = Place::new();
    let db = open(&place.shard("a"));
    born(&db, guild(1));
    write_rows(&db, guild(1), plain_rows(guild(1), 2000));
    assert!(db.checkpoint().unwrap());
    drop(db);
    let whole = std::fs::read(place.path("a")).unwrap();
    let damaged = |name: &str, bytes: &[u8]| {
        std::fs::write(place.path(name), bytes).unwrap();
        refused(&place.path(name))
    };
    assert!(matches!(
        damaged("cut", &whole[..whole.len() - 4096]),
        OpenError::Truncated { .. }
    ));
    assert!(matches!(
        damaged("cut", &whole[..100]),
        OpenError::Truncated { .. }
    ));
    assert!(matches!(
        damaged("cut", &whole[..99]),
        OpenError::NotSqlite { .. }
    ));
    // Readers leave an empty log behind: it holds none of the missing pages.
    std::fs::write(place.path("cut-wal"), b"").unwrap();
    assert!(matches!(
        damaged("cut", &whole[..whole.len() - 4096]),
        OpenError::Truncated { .. }
    ));
    for page in [1, 2, 5, 20] {
        let mut bytes = whole.clone();
        // The header of a b-tree page: its kind and the number of its cells.
        let at = page * 4096;
        bytes[at..at + 8].fill(0xA5);
        let error = damaged("flipped", &bytes);
        assert!(
            matches!(error, OpenError::Corrupt { .. } | OpenError::SchemaDiffers { .. }),
            "page {page}: {error:?}"
        );
        assert!(inspect(&place.path("flipped"), true).is_err());
        assert_eq!(std::fs::read(place.path("flipped")).unwrap(), bytes);
    }
}

#[test]
fn a_second_opener_is_told_who_has_the_file() {
    let place = Place::new();
    let held = try_open(
        &place.shard("a"),
        Settings {
            holder: "pod-3".into(),
            ..Settings::default()
        },
    )
    .unwrap();
    let error = refused(&place.path("a"));
    assert!(
        error.to_string().ends_with("is open already, held by pod-3"),
        "{error}"
    );
    assert_eq!(
        inspect(&place.path("a"), false).unwrap().holder.as_deref(),
        Some("pod-3")
    );
    // The first one is unharmed by the attempt: it still writes, and its locks still hold others off.
    born(&held, guild(1));
    drop(held);
    assert_eq!(inspect(&place.path("a"), false).unwrap().holder, None);
    open(&place.path("a"));
}

#[test]
fn another_program_that_holds_sqlites_lock_is_waited_for_and_named() {
    let place = Place::new();
    place.shard("a");
    let other = Connection::open(place.path("a")).unwrap();
    other.pragma_update(None, "locking_mode", "EXCLUSIVE").unwrap();
    other
        .execute_batch("BEGIN EXCLUSIVE; INSERT INTO meta (key, value) VALUES ('x', 'y')")
        .unwrap();
    assert!(matches!(refused(&place.path("a")), OpenError::Locked { .. }));
    drop(other);
    // Litestream takes the write lock for a moment: a write waits for it.
    let db = open(&place.path("a"));
    let other = Connection::open(place.path("a")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| born(&db, guild(1)));
        std::thread::sleep(Duration::from_millis(100));
        other.execute_batch("ROLLBACK").unwrap();
    });
    assert!(db.fence(guild(1)).unwrap().is_some());
}

#[test]
fn a_file_without_write_permission_is_not_written() {
    let place = Place::new();
    place.shard("a");
    std::fs::set_permissions(place.path("a"), PermissionsExt::from_mode(0o444)).unwrap();
    let error = refused(&place.path("a"));
    assert!(matches!(error, OpenError::ReadOnly { .. }), "{error:?}");
    inspect(&place.path("a"), true).unwrap();
}

fn bundle_of(place: &Place, rows: i64) -> PathBuf {
    let db = open(&place.shard("source"));
    born(&db, guild(1));
    write_rows(&db, guild(1), plain_rows(guild(1), rows));
    let source = ExportSource {
        shard: &place.path("source"),
        guild: guild(1),
        now: 0,
    };
    export(source, &place.path("bundle"), &mut |_| {}).unwrap();
    place.path("bundle")
}

#[test]
fn a_full_disk_leaves_nothing_half_done() {
    let place = Place::new();
    let Some(small) = Mounted::new(&place.path("mounted"), "1500k") else {
        return;
    };
    let bundle = bundle_of(&place, 12_000);
    let shard = small.path().join("shard");
    modbot::store::shard_db::create(&shard, &modbot::runtime::clock::SystemClock).unwrap();
    let db = open(&shard);
    born(&db, guild(2));
    write_rows(&db, guild(2), plain_rows(guild(2), 50));
    let rows = || -> Vec<String> {
        dump(&shard, |g| g == 2)
            .into_iter()
            .filter(|line| !line.starts_with("guild_fence"))
            .collect()
    };
    let neighbours = rows();

    let full = import(&db, &bundle, None, Pace::AtOnce, &mut |_| {}).unwrap_err();
    assert!(
        matches!(&full, ImportError::Write(error) if error.is_disk_full()),
        "{full:?}"
    );
    assert_eq!(dump(&shard, |g| g == 1), Vec::<String>::new(), "nothing of it");
    // The shard goes on: small writes still fit.
    write_rows(&db, guild(2), plain_rows(guild(2), 1));
    let in_chunks = import(&db, &bundle, None, Pace::Chunks(200), &mut |_| {}).unwrap_err();
    assert!(
        matches!(&in_chunks, ImportError::Write(error) if error.is_disk_full()),
        "{in_chunks:?}"
    );
    let on_a_full_disk = export(
        ExportSource {
            shard: &place.path("source"),
            guild: guild(1),
            now: 0,
        },
        &small.path().join("b"),
        &mut |_| {},
    );
    assert!(on_a_full_disk.is_err());
    assert!(!small.path().join("b").exists() && !small.path().join("b.partial").exists());
    assert_eq!(rows(), neighbours);

    small.remount("size=50m");
    import(&db, &bundle, None, Pace::Chunks(200), &mut |_| {}).unwrap();
    let source = open(&place.path("source"));
    assert_eq!(digests(&db, guild(1)), digests(&source, guild(1)));
    drop(db);
    assert_whole(&shard);
}

#[test]
fn a_read_only_file_system_is_refused_by_name_and_can_be_looked_at() {
    let place = Place::new();
    let Some(medium) = Mounted::new(&place.path("mounted"), "5m") else {
        return;
    };
    let shard = medium.path().join("shard");
    modbot::store::shard_db::create(&shard, &modbot::runtime::clock::SystemClock).unwrap();
    let db = open(&shard);
    born(&db, guild(1));
    drop(db);
    std::fs::remove_file(medium.path().join("shard.lock")).unwrap();
    medium.remount("ro");
    let error = refused(&shard);
    assert!(matches!(error, OpenError::ReadOnly { .. }), "{error:?}");
    assert_eq!(inspect(&shard, true).unwrap().guilds.len(), 1);
    export(
        ExportSource {
            shard: &shard,
            guild: guild(1),
            now: 0,
        },
        &place.path("out"),
        &mut |_| {},
    )
    .unwrap();
}

/// The disk refuses to sync: nobody is told that a write is safe, and the shard stops until it is opened anew.
#[test]
fn a_failing_sync_stops_the_writer() {
    let place = Place::new();
    let Some(shim) = shim::compiled(shim::SYNC, &place.path("")) else {
        return;
    };
    let files = Place::new();
    let db = open(&files.shard("shard"));
    born(&db, guild(1));
    drop(db);
    let fail = place.path("fail");
    let shim = [("LD_PRELOAD", shim), ("SYNC_SHIM_FAIL", fail.clone())];
    let mut child = start(Work::WriteUntilRefused, &files.path(""), &shim);
    let mut said = super::crashes::begun(&mut child);
    assert_eq!(said.next().as_deref(), Some("1"));
    std::fs::write(&fail, "").unwrap();
    let rest: Vec<String> = said.collect();
    child.wait().unwrap();
    let (numbers, words): (Vec<_>, Vec<_>) = rest.iter().partition(|line| line.parse::<i64>().is_ok());
    let told = 1 + i64::try_from(numbers.len()).unwrap();
    assert_eq!(
        words[0], "unknown: the transaction was not committed",
        "{words:?}"
    );
    assert!(
        words[1].starts_with("stopped: the shard database stopped writing"),
        "{words:?}"
    );

    std::fs::remove_file(&fail).unwrap();
    let db = open(&files.path("shard"));
    let rows: i64 = db
        .read(|db| db.query_row("SELECT count(*) FROM honeypot_config", [], |row| row.get(0)))
        .unwrap();
    assert!(
        rows == told || rows == told + 1,
        "told of {told}, found {rows}: the last one is unknown, no other"
    );
    let write = |tx: &modbot::store::shard_db::WriteTx<'_>| {
        tx.guild(guild(1), Access::Serve { epoch: EPOCH }).map(drop)
    };
    db.writer().write_blocking("again", write).unwrap();
    assert!(matches!(
        db.writer()
            .write_blocking("x", |_| Err::<(), _>(WriteError::rejected("x"))),
        Err(WriteError::Rejected(_))
    ));
}
