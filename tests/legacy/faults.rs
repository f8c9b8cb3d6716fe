//! What goes wrong: killed at any moment, a full disk, a damaged or foreign source. One clear error, or nothing wrong.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::place;
use super::samples::Sample;
use super::splitting::split;
use super::verifying::check;
use crate::support::process::{Outcome, modbotctl, outcome};

fn ctl(args: &[&str]) -> Outcome {
    outcome(modbotctl().args(["legacy"]).args(args))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Numbers between 0 and 1 that are spread evenly, the same in every run.
fn spread(count: u32) -> impl Iterator<Item = f64> {
    (0..count).map(|n| (f64::from(n) * 0.618_033_988_75).fract())
}

/// Runs `command` and kills it after this time, unless it has ended before.
fn run_and_kill(command: &mut Command, after: Duration) {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(after);
    let _ = child.kill();
    child.wait().unwrap();
}

fn took(command: &mut Command) -> Duration {
    let start = Instant::now();
    assert_eq!(outcome(command).code, Some(0));
    start.elapsed()
}

#[test]
fn a_split_that_is_killed_is_not_there_or_whole() {
    let sample = Sample::new(20, 6_000, 6);
    let before = std::fs::read(sample.path()).unwrap();
    let out = sample.directory.path().join("out");
    let command = || {
        let mut command = modbotctl();
        command.args([
            "legacy",
            "split",
            text(&sample.path()),
            "--pods",
            "3",
            "--out",
            text(&out),
        ]);
        command
    };
    let whole = took(&mut command());
    std::fs::remove_dir_all(&out).unwrap();
    let mut finished = 0;
    for part in spread(25) {
        run_and_kill(&mut command(), whole.mul_f64(part * 1.1));
        if out.exists() {
            finished += 1;
            assert!(check(&sample.path(), &out).is_whole());
            std::fs::remove_dir_all(&out).unwrap();
        }
        assert!(
            std::fs::read(sample.path()).unwrap() == before,
            "the source has changed"
        );
    }
    assert!(finished < 25, "no kill came in time");
    // What the last one left is no hindrance.
    assert_eq!(outcome(&mut command()).code, Some(0));
    assert!(check(&sample.path(), &out).is_whole());
    let names: Vec<_> = std::fs::read_dir(sample.directory.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn a_join_that_is_killed_is_not_there_or_whole() {
    let sample = Sample::new(20, 6_000, 6);
    let home = sample.directory.path();
    let (out, joined) = (home.join("out"), home.join("joined.sqlite3"));
    split(&sample.path(), 3, &out);
    let before = bytes_of(&out);
    let command = || {
        let mut command = modbotctl();
        command.args(["legacy", "join", text(&out), "--out", text(&joined)]);
        command
    };
    let whole = took(&mut command());
    let expected = std::fs::read(&joined).unwrap();
    std::fs::remove_file(&joined).unwrap();
    let mut finished = 0;
    for part in spread(25) {
        run_and_kill(&mut command(), whole.mul_f64(part * 1.1));
        if joined.exists() {
            finished += 1;
            assert!(
                std::fs::read(&joined).unwrap() == expected,
                "the same split gives the same file"
            );
            std::fs::remove_file(&joined).unwrap();
        }
        assert!(bytes_of(&out) == before, "the split has changed");
    }
    assert!(finished < 25, "no kill came in time");
    assert_eq!(outcome(&mut command()).code, Some(0));
    assert!(std::fs::read(&joined).unwrap() == expected);
}

fn bytes_of(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    paths
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

/// A file system with little room, unmounted when dropped.
struct Small(tempfile::TempDir);

impl Small {
    /// `None` where this user may not mount one.
    fn mount(kib: u32) -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={kib}k"), "tmpfs"])
            .arg(place.path())
            .stderr(Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(place));
        }
        eprintln!("skipped: no small file system can be mounted here");
        None
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_leaves_nothing() {
    let sample = Sample::new(20, 6_000, 6);
    let Some(small) = Small::mount(600) else { return };
    let out = small.0.path().join("out");
    let split_out = sample.directory.path().join("out");
    split(&sample.path(), 3, &split_out);
    for args in [
        vec!["split", text(&sample.path()), "--pods", "3", "--out", text(&out)],
        vec!["join", text(&split_out), "--out", text(&out)],
        vec!["sample", "--rows", "6000", "--out", text(&out)],
    ] {
        let failed = ctl(&args);
        assert_eq!(failed.code, Some(1), "{args:?}: {}", failed.stderr);
        assert!(failed.stderr.contains("full"), "{args:?}: {}", failed.stderr);
        assert!(
            failed.stderr.contains("hint: free some space"),
            "{args:?}: {}",
            failed.stderr
        );
        assert_eq!(
            std::fs::read_dir(small.0.path()).unwrap().count(),
            0,
            "{args:?} left something"
        );
    }
}

#[test]
fn a_flipped_byte_is_refused_or_carried_as_it_is() {
    let sample = Sample::new(4, 300, 9);
    let whole = std::fs::read(sample.path()).unwrap();
    let home = place();
    let (source, out) = (home.path().join("old.sqlite3"), home.path().join("out"));
    let mut refused = 0;
    let pages = whole.len() / 4_096;
    for (nth, part) in spread(48).enumerate() {
        let mut bytes = whole.clone();
        // Every other one at the head of a page, where its layout stands.
        let at = if nth % 2 == 0 {
            (nth * 7 % pages) * 4_096 + nth % 8
        } else {
            let permille = (1..1_000)
                .rev()
                .find(|n| f64::from(*n) / 1_000.0 <= part)
                .unwrap_or(0);
            whole.len() * usize::try_from(permille).unwrap() / 1_000
        };
        bytes[at] ^= 0x55;
        std::fs::write(&source, &bytes).unwrap();
        let scratch = place();
        let done = modbot::operations::legacy::split::split(
            &source,
            &out,
            scratch.path(),
            super::splitting::options(3),
            &modbot::runtime::clock::SystemClock,
            &modbot::operations::legacy::progress::Silent,
        );
        assert!(std::fs::read(&source).unwrap() == bytes, "the source has changed");
        if done.is_err() {
            refused += 1;
            assert!(!out.exists());
            continue;
        }
        // Nothing tells a changed letter from another: then it is what the source says.
        assert!(check(&source, &out).is_whole(), "byte {at}");
        std::fs::remove_dir_all(&out).unwrap();
    }
    assert!(refused > 5, "{refused} of 48 were noticed");
}

/// What an operator is told: the exit code, the line, the hint.
fn told(args: &[&str], code: i32, line: &str, hint: &str) {
    let failed = ctl(args);
    assert_eq!(failed.code, Some(code), "{args:?}: {}", failed.stderr);
    let error: Vec<&str> = failed
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(error.len(), 1, "{}", failed.stderr);
    assert!(error[0].contains(line), "{args:?}: {}", failed.stderr);
    assert!(
        failed.stderr.contains(&format!("hint: {hint}")) || hint.is_empty(),
        "{args:?}: {}",
        failed.stderr
    );
    assert_eq!(failed.stdout, "");
}

/// A place for a source that will not do, and for a split that is not to come.
struct Bad {
    home: tempfile::TempDir,
    whole: Vec<u8>,
}

impl Bad {
    fn new() -> Self {
        let sample = Sample::new(4, 300, 9);
        Self {
            home: place(),
            whole: std::fs::read(sample.path()).unwrap(),
        }
    }

    fn file(&self) -> PathBuf {
        self.home.path().join("bad.sqlite3")
    }

    fn out(&self) -> PathBuf {
        self.home.path().join("out")
    }

    fn write(&self, bytes: &[u8]) {
        std::fs::write(self.file(), bytes).unwrap();
    }

    /// The old database as it should be, and then not.
    fn write_and(&self, sql: &str) {
        self.write(&self.whole);
        Connection::open(self.file()).unwrap().execute_batch(sql).unwrap();
    }

    /// What inspect and split say of it; nothing is left behind.
    fn tell(&self, code: i32, line: &str, hint: &str) {
        let (bad, out) = (self.file(), self.out());
        told(&["inspect", text(&bad)], code, line, hint);
        let split = ["split", text(&bad), "--pods", "2", "--out", text(&out)];
        told(&split, code, line, hint);
        let left = std::fs::read_dir(self.home.path()).unwrap().count();
        assert_eq!(left, usize::from(bad.exists()), "{line}");
    }
}

#[test]
fn a_source_that_is_no_database_is_told_in_one_line() {
    let bad = Bad::new();
    bad.tell(5, "does not exist", "name the old bot's database");
    for (bytes, line, hint) in [
        (
            &b"hello"[..],
            "is not a SQLite database: it looks like text",
            "name the old bot's database",
        ),
        (
            &bad.whole[..bad.whole.len() / 2],
            "is cut short",
            "take another copy",
        ),
    ] {
        bad.write(bytes);
        bad.tell(3, line, hint);
    }
    let mut damaged = bad.whole.clone();
    damaged[8_192..10_000].fill(0xff);
    bad.write(&damaged);
    bad.tell(3, "is damaged", "take another copy");
}

#[test]
fn a_source_with_another_schema_is_told_in_one_line() {
    let bad = Bad::new();
    for (sql, line, hint) in [
        (
            "drop table users; drop table kysely_migration",
            "is not a database of the old bot: the table of its migrations",
            "only databases",
        ),
        (
            "drop index user_threads_pk",
            "table user_threads has no unique index on (user_id, guild_id)",
            "only databases",
        ),
        (
            "alter table guilds add column mood text",
            "column guilds.mood is not the old bot's",
            "only databases",
        ),
        (
            "delete from kysely_migration where name like '20260220130000%'",
            "20260220130000_recover_dates_from_snowflakes not applied",
            "start the newest old bot",
        ),
        (
            "insert into kysely_migration values ('20270101000000_next', '')",
            "20270101000000_next",
            "use a newer modbotctl",
        ),
    ] {
        bad.write_and(sql);
        bad.tell(3, line, hint);
    }
}

#[test]
fn a_split_that_cannot_be_is_told_in_one_line() {
    let bad = Bad::new();
    let (file, out) = (bad.file(), bad.out());
    bad.write_and("create table pets (name); insert into pets values (1)");
    let split = ["split", text(&file), "--pods", "2", "--out", text(&out)];
    told(
        &split,
        3,
        "the old bot has no table pets, but the file has one with 1 rows",
        "--leave pets",
    );
    assert_eq!(ctl(&[&split[..], &["--leave", "pets"]].concat()).code, Some(0));
    told(&split, 3, "out exists already", "name another place");
    told(
        &["split", text(&file), "--pods", "65", "--out", "x"],
        2,
        "65 pods cannot share 64 Discord shards",
        "use fewer pods",
    );
    let home = text(bad.home.path());
    told(
        &["verify", text(&file), home],
        5,
        "is not a split: it has no manifest.json",
        "name the directory",
    );
    told(
        &["join", home, "--out", "x"],
        5,
        "is not a split",
        "name the directory",
    );
}

#[test]
fn a_split_that_lost_a_row_ends_with_the_code_for_it() {
    let sample = Sample::new(4, 300, 9);
    let out = sample.directory.path().join("out");
    let whole = ctl(&["split", text(&sample.path()), "--pods", "2", "--out", text(&out)]);
    assert_eq!(whole.code, Some(0), "{}", whole.stderr);
    let verified = ctl(&["verify", text(&sample.path()), text(&out)]);
    assert_eq!(verified.code, Some(0), "{}{}", verified.stdout, verified.stderr);
    assert!(verified.stdout.contains("by count and by content"));
    Connection::open(out.join("global.sqlite3"))
        .unwrap()
        .execute("delete from users", [])
        .unwrap();
    let failed = ctl(&["verify", text(&sample.path()), text(&out)]);
    assert_eq!(failed.code, Some(7), "{}{}", failed.stdout, failed.stderr);
    assert!(
        failed.stdout.contains("global.sqlite3: users rowid 1: missing"),
        "{}",
        failed.stdout
    );
    for verb in [
        vec!["inspect", text(&sample.path())],
        vec!["split", text(&sample.path()), "--pods", "2", "--dry-run"],
    ] {
        let shown = ctl(&verb);
        assert_eq!(shown.code, Some(0), "{}", shown.stderr);
        let widest = shown
            .stdout
            .lines()
            .filter(|line| !line.contains(text(&sample.path())))
            .map(|line| line.chars().count())
            .max();
        assert!(widest <= Some(80), "{verb:?}:\n{}", shown.stdout);
        let json = ctl(&[&verb[..], &["-o", "json"]].concat());
        let document: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!(document["apiVersion"], "modbot/v1");
    }
}
