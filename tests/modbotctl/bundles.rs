//! A guild carried by hand from one shard's file to another, by an operator who also gets things wrong.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use modbot::domain::digest::GuildDigest;
use modbot::domain::fence::FenceMode;
use modbot::domain::ids::GuildId;
use modbot::store::shard_db::bundle::Bundle;
use modbot::store::shard_db::{Settings, inspect};
use sha2::{Digest as _, Sha256};

use super::json;
use crate::shard_db::rows::plain_rows;
use crate::shard_db::shards::{Place, assert_whole, born, digests, dump, guild, open, try_open, write_rows};
use crate::support::golden::{golden, record_line, redacted, shape};
use crate::support::process::{Outcome, Running, modbotctl, outcome};
use crate::support::wait;

const GUILD: &str = "614601782152265748";
const NEIGHBOUR: u64 = 175_928_847_299_117_063;

fn the_guild() -> GuildId {
    GUILD.parse().unwrap()
}

/// A directory with two shards: the guild is served from `a.sqlite3`, a neighbour from `b.sqlite3`.
struct Desk(Place);

impl Desk {
    fn new(rows: i64) -> Self {
        let place = Place::new();
        for (name, id, rows) in [
            ("a.sqlite3", the_guild(), rows),
            ("b.sqlite3", guild(NEIGHBOUR), 20),
        ] {
            let db = open(&place.shard(name));
            born(&db, id);
            write_rows(&db, id, plain_rows(id, rows));
            assert!(db.checkpoint().unwrap());
        }
        Self(place)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = modbotctl();
        command.args(args).current_dir(self.0.path(""));
        command
    }

    fn ctl(&self, line: &str) -> Outcome {
        outcome(&mut self.command(&line.split(' ').collect::<Vec<_>>()))
    }

    /// As [`Self::ctl`], for what has to succeed.
    fn done(&self, line: &str) -> String {
        let ended = self.ctl(line);
        assert_eq!(ended.code, Some(0), "{line}: {}", ended.stderr);
        assert_eq!(ended.stderr, "", "{line}");
        ended.stdout
    }

    fn record(&self, lines: &[&str]) -> String {
        let mut record = String::new();
        for line in lines {
            record_line(&mut record, line, self.ctl(line));
        }
        let dir = self.0.path("");
        let dir = dir.to_str().unwrap().trim_end_matches('/');
        let record = record
            .replace(dir, "[dir]")
            .replace(concat!("modbot ", env!("CARGO_PKG_VERSION")), "modbot [version]");
        without_ages(&redacted(&record))
    }

    /// Every file with a digest of its content, for what must leave nothing behind. Locks and the empty logs that
    /// readers leave say nothing.
    fn files(&self) -> Vec<(String, GuildDigest)> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(self.0.path("")).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let content = std::fs::read(entry.path()).unwrap();
            let aside = [".lock", "-shm"].iter().any(|end| name.ends_with(end));
            let empty_log = name.ends_with("-wal") && content.is_empty();
            if !aside && !empty_log {
                files.push((name, GuildDigest::from_bytes(Sha256::digest(content).into())));
            }
        }
        files.sort_by(|a, b| a.0.cmp(&b.0));
        files
    }

    fn export(&self) {
        self.done(&format!("guild export {GUILD} --shard a.sqlite3 --to g.bundle"));
    }
}

/// `(3s ago)` is another in every run.
fn without_ages(text: &str) -> String {
    let line = |line: &str| match (line.find(" ("), line.find(" ago)")) {
        (Some(from), Some(to)) => format!("{} ([age]{}", &line[..from], &line[to..]),
        _ => line.to_owned(),
    };
    text.lines().map(|text| line(text) + "\n").collect()
}

fn rows_of(path: &Path, id: i64) -> Vec<String> {
    let lines = dump(path, |guild| guild == id).into_iter();
    lines.filter(|line| !line.starts_with("guild_fence")).collect()
}

#[test]
fn a_guild_is_carried_from_one_file_to_another() {
    let desk = Desk::new(300);
    let export = format!("guild export {GUILD} --shard a.sqlite3 --to g.bundle");
    let lines = [
        "shard inspect a.sqlite3",
        &export,
        &format!("{export} --replace -o name"),
        "bundle inspect g.bundle -o wide",
        "bundle verify g.bundle",
        "guild import g.bundle --shard b.sqlite3 --dry-run",
        "guild import g.bundle --shard b.sqlite3",
        "guild import g.bundle --shard b.sqlite3",
        "guild import g.bundle --shard b.sqlite3 --dry-run",
        "guild import g.bundle --shard b.sqlite3 -o name",
        "shard inspect b.sqlite3 -o wide",
        "shard inspect b.sqlite3 --check --limit 1",
        "shard inspect b.sqlite3 -o name",
    ];
    golden("bundle_carried", &desk.record(&lines));
    let id = the_guild().as_i64();
    let (a, b) = (desk.0.path("a.sqlite3"), desk.0.path("b.sqlite3"));
    assert_eq!(rows_of(&a, id), rows_of(&b, id));
    assert_whole(&b);
}

#[test]
fn the_documents_about_files_keep_their_shape() {
    let desk = Desk::new(60);
    let mut text = String::new();
    for line in [
        &format!("guild export {GUILD} --shard a.sqlite3 --to g.bundle"),
        "bundle inspect g.bundle",
        "bundle verify g.bundle",
        "guild import g.bundle --shard b.sqlite3",
        "shard inspect b.sqlite3",
    ] {
        let printed = json(&desk.done(&format!("{line} -o json")));
        writeln!(text, "modbotctl {line} -o json").unwrap();
        shape(&printed, 1, &mut text);
    }
    golden("bundle_shapes", &text);
}

/// Files that are no bundle, or not the bundle they say they are.
fn put_wrong_files(desk: &Desk) {
    let write = |name: &str, bytes: &[u8]| std::fs::write(desk.0.path(name), bytes).unwrap();
    write("text", b"hello");
    let sql = |name: &str, sql: &str| {
        let db = rusqlite::Connection::open(desk.0.path(name)).unwrap();
        db.execute_batch(sql).unwrap();
    };
    sql("old-bot.sqlite3", "CREATE TABLE guilds (id TEXT, settings TEXT)");
    let copy = |name: &str| std::fs::copy(desk.0.path("g.bundle"), desk.0.path(name)).unwrap();
    copy("other.bundle");
    sql(
        "other.bundle",
        "INSERT INTO honeypot_config (guild_id, channel_id) VALUES (2, 1)",
    );
    copy("row.bundle");
    sql("row.bundle", "UPDATE guilds SET quorum = 9");
    copy("count.bundle");
    sql(
        "count.bundle",
        "DELETE FROM message_stats WHERE message_id % 2 = 0",
    );
    copy("epoch.bundle");
    sql("epoch.bundle", "UPDATE bundle SET epoch = 99");
    let whole = std::fs::read(desk.0.path("g.bundle")).unwrap();
    write("cut.bundle", &whole[..whole.len() / 2]);
}

const REFUSED: &[&str] = &[
    "guild export GUILD --shard a.sqlite3 --to g.bundle",
    "guild export GUILD --shard a.sqlite3 --to text --replace",
    "guild export GUILD --shard a.sqlite3 --to nowhere/g.bundle",
    "guild export GUILD --shard b.sqlite3 --to x.bundle",
    "guild export GUILD --shard nowhere --to x.bundle",
    "guild export GUILD --shard g.bundle --to x.bundle",
    "guild export GUILD --shard old-bot.sqlite3 --to x.bundle -o json",
    "guild import g.bundle --shard a.sqlite3",
    "guild import g.bundle --shard nowhere",
    "guild import g.bundle --shard text",
    "guild import g.bundle --shard b.sqlite3 --epoch 5",
    "guild import nowhere --shard b.sqlite3",
    "guild import a.sqlite3 --shard b.sqlite3",
    "guild import other.bundle --shard b.sqlite3",
    "guild import row.bundle --shard b.sqlite3",
    "guild import row.bundle --shard b.sqlite3 --dry-run",
    "guild import count.bundle --shard b.sqlite3 --chunks 10",
    "guild import epoch.bundle --shard b.sqlite3",
    "guild import cut.bundle --shard b.sqlite3",
    "guild import g.bundle --shard b.sqlite3 --chunks 0",
    "bundle inspect text",
    "bundle inspect .",
    "bundle verify row.bundle",
    "bundle verify cut.bundle",
    "bundle verify a.sqlite3",
    "shard inspect nowhere",
    "shard inspect text",
    "shard inspect g.bundle",
    "shard inspect old-bot.sqlite3",
];

#[test]
fn what_is_refused_changes_no_file() {
    let desk = Desk::new(60);
    desk.export();
    put_wrong_files(&desk);
    let before = desk.files();
    let lines: Vec<String> = REFUSED.iter().map(|line| line.replace("GUILD", GUILD)).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    golden("bundle_refused", &desk.record(&lines));
    assert_eq!(desk.files(), before);
}

#[test]
fn a_shard_in_use_is_read_but_not_written() {
    let desk = Desk::new(60);
    desk.export();
    let holder = Settings {
        holder: "modbot-gateway of pod-1".into(),
        ..Settings::default()
    };
    let held = try_open(&desk.0.path("b.sqlite3"), holder).unwrap();
    let before = dump(&desk.0.path("b.sqlite3"), |_| true);
    let lines = [
        "guild import g.bundle --shard b.sqlite3",
        "guild import g.bundle --shard b.sqlite3 --dry-run",
        &format!("guild export {NEIGHBOUR} --shard b.sqlite3 --to n.bundle -o name"),
        "shard inspect b.sqlite3",
    ];
    golden("bundle_in_use", &desk.record(&lines));
    assert_eq!(dump(&desk.0.path("b.sqlite3"), |_| true), before);
    drop(held);
    desk.done("guild import g.bundle --shard b.sqlite3");
}

/// Begins an import in small chunks and waits until some of its rows are in.
fn under_way(desk: &Desk) -> Running {
    let line = "guild import g.bundle --shard b.sqlite3 --chunks 5";
    let before = rows_of(&desk.0.path("b.sqlite3"), the_guild().as_i64()).len();
    let running = Running::start(&mut desk.command(&line.split(' ').collect::<Vec<_>>()));
    wait::until("rows are in", || {
        let now = rows_of(&desk.0.path("b.sqlite3"), the_guild().as_i64()).len();
        (now > before).then_some(())
    });
    running
}

#[test]
fn an_import_that_is_interrupted_goes_on() {
    let desk = Desk::new(3000);
    desk.export();
    let bundle = Bundle::open(&desk.0.path("g.bundle")).unwrap().header().clone();
    let b = desk.0.path("b.sqlite3");
    let neighbours = dump(&b, |id| id != the_guild().as_i64());

    let mut running = under_way(&desk);
    running.signal(rustix::process::Signal::INT);
    assert_eq!(running.wait_exit().code(), Some(130), "{}", running.stderr());
    let mut running = under_way(&desk);
    running.kill9();
    let file = inspect(&b, true).unwrap();
    assert_eq!((file.queues.imports, file.holder), (1, None));
    let half = file
        .guilds
        .iter()
        .find(|found| found.guild_id == the_guild())
        .unwrap();
    assert_eq!(half.fence.as_ref().unwrap().state.mode, FenceMode::Importing);
    assert!(0 < half.rows && half.rows < bundle.tables.rows(), "{}", half.rows);

    // Nobody takes the half for a whole, and no other bundle gets in between.
    let half_exported = desk.ctl(&format!(
        "guild export {GUILD} --shard b.sqlite3 --to half.bundle"
    ));
    assert_eq!(half_exported.code, Some(3), "{}", half_exported.stderr);
    assert!(
        half_exported.stderr.contains("its rows there are not whole"),
        "{}",
        half_exported.stderr
    );
    desk.done(&format!(
        "guild export {GUILD} --shard a.sqlite3 --to again.bundle"
    ));
    let other = desk.ctl("guild import again.bundle --shard b.sqlite3");
    assert_eq!(other.code, Some(3), "{}", other.stderr);
    assert!(
        other
            .stderr
            .contains("another import of this guild is under way here"),
        "{}",
        other.stderr
    );

    let line = "guild import g.bundle --shard b.sqlite3 --chunks 500";
    assert!(desk.done(line).contains("(an interrupted import went on)"));
    assert!(desk.done(line).contains("already, served at epoch 6"));
    let db = open(&b);
    assert_eq!(digests(&db, the_guild()), bundle.tables);
    drop(db);
    assert_eq!(dump(&b, |id| id != the_guild().as_i64()), neighbours);
    assert_whole(&b);
}
