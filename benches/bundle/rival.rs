//! The rivals: the `sqlite3` program, and a C loop over the very SQLite that is linked into us.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use modbot::store::shard_db::CURRENT_SCHEMA;
use modbot::store::shard_db::tables::GUILD_TABLES;

use crate::data::{Place, guild};
use crate::report::timed;

/// Whether there is a `sqlite3`.
pub(crate) fn has_sqlite3() -> bool {
    Command::new("sqlite3")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a script in `sqlite3` on a file; the time from start to end.
pub(crate) fn sqlite3(file: &Path, script: &str) -> Duration {
    timed(|| {
        let mut child = Command::new("sqlite3")
            .arg("-bail")
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    })
}

fn columns(table: &modbot::store::shard_db::tables::GuildTable) -> String {
    let names: Vec<&str> = table.columns(CURRENT_SCHEMA).map(|column| column.name).collect();
    names.join(", ")
}

/// Makes the guild tables of a bundle, empty: `schema` is a bundle of ours.
pub(crate) fn empty_tables(schema: &Path, to: &Path) {
    let of = rusqlite::Connection::open(schema).unwrap();
    let sql: Vec<String> = of
        .prepare("SELECT sql FROM sqlite_schema WHERE type = 'table'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    rusqlite::Connection::open(to)
        .unwrap()
        .execute_batch(&sql.join(";\n"))
        .unwrap();
}

/// The rows of guild 1 out of a shard, into empty tables.
pub(crate) fn export(shard: &Path, to: &Path) -> Duration {
    let copies: Vec<String> = GUILD_TABLES
        .iter()
        .map(|table| {
            let columns = columns(table);
            let guild = guild(1);
            format!(
                "INSERT INTO main.{0} ({columns}) SELECT {columns} FROM s.{0} WHERE guild_id = {guild};\n",
                table.name
            )
        })
        .collect();
    sqlite3(
        to,
        &format!(
            "ATTACH '{}' AS s;\nBEGIN;\n{}COMMIT;\n",
            shard.display(),
            copies.concat()
        ),
    )
}

/// The rows of a bundle into a shard: WAL, synced, without a checkpoint, as ours.
pub(crate) fn import(bundle: &Path, shard: &Path) -> Duration {
    let copies: Vec<String> = GUILD_TABLES
        .iter()
        .map(|table| {
            let columns = columns(table);
            format!(
                "INSERT INTO main.{0} ({columns}) SELECT {columns} FROM b.{0};\n",
                table.name
            )
        })
        .collect();
    let script = format!(
        ".dbconfig no_ckpt_on_close on\nPRAGMA wal_autocheckpoint = 0;\nPRAGMA synchronous = FULL;\n\
         PRAGMA cache_size = -32768;\nATTACH '{}' AS b;\nBEGIN;\n{}COMMIT;\n",
        bundle.display(),
        copies.concat()
    );
    sqlite3(shard, &script)
}

/// The same rows as SQL text, from one `sqlite3` into another.
pub(crate) fn text_pipe(bundle: &Path, shard: &Path) -> Duration {
    let selects: Vec<String> = GUILD_TABLES
        .iter()
        .map(|table| {
            format!(
                ".mode insert {0}\nSELECT {1} FROM {0};\n",
                table.name,
                columns(table)
            )
        })
        .collect();
    timed(|| {
        let mut out = Command::new("sqlite3")
            .arg(bundle)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut script = out.stdin.take().unwrap();
        let text = out.stdout.take().unwrap();
        let before =
            "PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768; BEGIN;";
        let pipe = format!(
            "{{ echo '{before}'; cat; echo 'COMMIT;'; }} | sqlite3 -bail -cmd '.dbconfig no_ckpt_on_close on' \"$1\" >/dev/null"
        );
        let mut into = Command::new("sh")
            .args(["-c", &pipe, "sh"])
            .arg(shard)
            .stdin(text)
            .spawn()
            .unwrap();
        script.write_all(selects.concat().as_bytes()).unwrap();
        drop(script);
        assert!(out.wait().unwrap().success());
        assert!(into.wait().unwrap().success());
    })
}

/// The C loop, compiled against the SQLite source that our own build compiled.
pub(crate) fn c_loop(place: &Place) -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cargo"),
        PathBuf::from,
    );
    let crates = std::fs::read_dir(home.join("registry/src")).ok()?.flatten();
    let source = crates
        .map(|registry| registry.path().join("libsqlite3-sys-0.37.0/sqlite3"))
        .find(|dir| dir.join("sqlite3.c").exists())?;
    let to = place.path("small_transactions");
    let status = Command::new("cc")
        .args([
            "-O3",
            "-w",
            "-DSQLITE_THREADSAFE=1",
            "-DSQLITE_ENABLE_MEMORY_MANAGEMENT",
            "-DSQLITE_ENABLE_STAT4",
            "-DSQLITE_ENABLE_API_ARMOR",
        ])
        .arg("-I")
        .arg(&source)
        .arg(source.join("sqlite3.c"))
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/benches/bundle/small_transactions.c"
        ))
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&to)
        .status();
    status.is_ok_and(|status| status.success()).then_some(to)
}
