//! This test binary as a process of its own, to be killed: it does one thing to a shard and says when it begins.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use modbot::domain::fence::Access;
use modbot::domain::ids::Epoch;
use modbot::store::shard_db::bundle::{Pace, import};
use modbot::store::shard_db::{Settings, ShardDb, WriteError};

use super::shards::{EPOCH, guild, open, try_open};

const WHAT: &str = "MODBOT_TEST_CHILD";

/// What the process does, in a directory with the files of the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Opens `shard` (and so migrates it).
    Open,
    /// Imports `bundle` into `shard`, in one transaction.
    Import,
    /// Imports `bundle` into `shard`, in chunks.
    ImportInChunks,
    /// Deletes the rows of guild 1 in batches, at the tombstone of epoch 6.
    Clean,
    /// Writes one row after another for guild 1, and says the number of each that was acknowledged.
    Write,
    /// As `Write`, until a write fails: says how it and the next one failed.
    WriteUntilRefused,
    /// Holds `shard` open.
    Hold,
}

/// Starts the process; `shim` is preloaded.
pub(crate) fn start(work: Work, dir: &Path, shim: &[(&str, PathBuf)]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "shard_db::child::as_a_process",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(WHAT, format!("{work:?}"))
        .env(format!("{WHAT}_DIR"), dir)
        .envs(shim.iter().map(|(name, value)| (*name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Nothing by itself: what a process started by [`start`] does.
#[test]
fn as_a_process() {
    let Ok(what) = std::env::var(WHAT) else { return };
    let dir = PathBuf::from(std::env::var_os(format!("{WHAT}_DIR")).unwrap());
    let all = [
        Work::Open,
        Work::Import,
        Work::ImportInChunks,
        Work::Clean,
        Work::Write,
        Work::WriteUntilRefused,
        Work::Hold,
    ];
    let work = all.into_iter().find(|work| format!("{work:?}") == what).unwrap();
    if work == Work::Open {
        say("begin");
        drop(open(&dir.join("shard")));
        return say("done");
    }
    let holder = Settings {
        holder: "the child".into(),
        ..Settings::default()
    };
    let db = try_open(&dir.join("shard"), holder).unwrap();
    say("begin");
    run(work, &db, &dir);
    say("done");
}

/// Does the work on an open shard.
pub(crate) fn run(work: Work, db: &ShardDb, dir: &Path) {
    let bring = |pace| {
        import(db, &dir.join("bundle"), None, pace, &mut |_| {}).unwrap();
    };
    match work {
        Work::Open => {}
        Work::Import => bring(Pace::AtOnce),
        Work::ImportInChunks => bring(Pace::Chunks(100)),
        Work::Clean => while db.clean_some(guild(1), Epoch::new(6), 100).unwrap() == 100 {},
        Work::Write => (1..=100_000).for_each(|number| write(db, number).unwrap()),
        Work::WriteUntilRefused => {
            let mut errors = (1..=100_000).filter_map(|number| write(db, number).err());
            let first = errors.next().unwrap();
            say(&format!(
                "{}: {first}",
                if first.is_unknown() { "unknown" } else { "known" }
            ));
            let second = errors.next().unwrap();
            say(&format!(
                "{}: {second}",
                if matches!(second, WriteError::Stopped(_)) {
                    "stopped"
                } else {
                    "going on"
                }
            ));
        }
        Work::Hold => std::thread::sleep(std::time::Duration::from_mins(1)),
    }
}

fn write(db: &ShardDb, number: i64) -> Result<(), WriteError> {
    db.writer().write_blocking("row", move |tx| {
        let rows = tx.guild(guild(1), Access::Serve { epoch: EPOCH })?;
        let sql = "INSERT INTO honeypot_config (guild_id, channel_id) VALUES (1, ?1)";
        Ok(rows.connection().execute(sql, [number])?)
    })?;
    say(&number.to_string());
    Ok(())
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // The parent may be gone.
    let _ = writeln!(out, "child: {line}").and_then(|()| out.flush());
}
