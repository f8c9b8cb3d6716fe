//! Killed at any moment, or robbed of power: the file is whole, and the work repeats to the same end.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use modbot::domain::fence::FenceChange;
use modbot::domain::ids::Epoch;
use modbot::store::shard_db::bundle::{ExportSource, export};
use rusqlite::Connection;

use super::child::{Work, run, start};
use super::older_schema::shard_of_schema_1;
use super::rows::plain_rows;
use super::shards::{EPOCH, Place, assert_whole, born, dump, guild, open, write_rows};
use crate::support::shim;

const ROWS: i64 = 2500;

/// The files a work needs, in a directory of their own.
fn prepare(work: Work, place: &Place) {
    if work == Work::Open {
        shard_of_schema_1(place, "shard", ROWS);
        return;
    }
    let db = open(&place.shard("shard"));
    born(&db, guild(2));
    write_rows(&db, guild(2), plain_rows(guild(2), 50));
    if work == Work::Clean {
        born(&db, guild(1));
        write_rows(&db, guild(1), plain_rows(guild(1), ROWS));
        let gone = FenceChange::GivenAway { epoch: Epoch::new(6) };
        db.writer()
            .write_blocking("gone", move |tx| tx.change_fence(guild(1), &gone))
            .unwrap();
        return;
    }
    let source = open(&place.shard("source"));
    born(&source, guild(1));
    write_rows(&source, guild(1), plain_rows(guild(1), ROWS));
    let from = ExportSource {
        shard: &place.path("source"),
        guild: guild(1),
        now: 7,
    };
    export(from, &place.path("bundle"), &mut |_| {}).unwrap();
}

fn copy_dir(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Waits for the child's word, then gives its further lines.
pub(crate) fn begun(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let mut said = lines.filter_map(|line| line.split("child: ").nth(1).map(str::to_owned));
    assert_eq!(said.next().as_deref(), Some("begin"));
    said
}

/// Kills the work `kills` times at moments spread over its length, and repeats it each time.
fn killed_at_any_moment(work: Work, kills: u32) {
    let original = Place::new();
    prepare(work, &original);
    let (end, length) = {
        let place = Place::new();
        copy_dir(&original.path(""), &place.path(""));
        let mut child = start(work, &place.path(""), &[]);
        let mut said = begun(&mut child);
        let began = Instant::now();
        assert_eq!(said.next().as_deref(), Some("done"));
        let length = began.elapsed();
        assert!(child.wait().unwrap().success());
        (dump(&place.path("shard"), |_| true), length)
    };
    for number in 0..kills {
        let place = Place::new();
        copy_dir(&original.path(""), &place.path(""));
        let mut child = start(work, &place.path(""), &[]);
        let _said = begun(&mut child);
        std::thread::sleep(length * number / kills);
        child.kill().unwrap();
        child.wait().unwrap();

        let db = open(&place.path("shard"));
        run(work, &db, &place.path(""));
        drop(db);
        assert_whole(&place.path("shard"));
        assert_eq!(
            dump(&place.path("shard"), |_| true),
            end,
            "{work:?} killed after {number}/{kills} of {length:?}"
        );
    }
}

#[test]
fn an_import_that_is_killed_repeats_to_the_same_end() {
    killed_at_any_moment(Work::Import, 12);
}

#[test]
fn an_import_in_chunks_that_is_killed_goes_on_to_the_same_end() {
    killed_at_any_moment(Work::ImportInChunks, 15);
}

#[test]
fn a_deletion_that_is_killed_repeats_to_the_same_end() {
    killed_at_any_moment(Work::Clean, 12);
}

#[test]
fn a_migration_that_is_killed_repeats_to_the_same_end() {
    killed_at_any_moment(Work::Open, 12);
}

/// Power loss: the shim copies each file whenever it is synced, the child is killed, and the test goes on with those
/// copies alone. So whatever was written since the last sync is gone, as from a disk's cache. Every write the child
/// was told of must be there.
#[test]
fn an_acknowledged_write_survives_the_loss_of_power() {
    let tools = Place::new();
    let Some(shim) = shim::compiled(shim::SYNC, &tools.path("")) else {
        return;
    };
    for round in 0..6 {
        let place = Place::new();
        let db = open(&place.shard("shard"));
        born(&db, guild(1));
        drop(db);
        let disk = Place::new();
        std::fs::copy(place.path("shard"), disk.path("shard")).unwrap();
        let shim = [("LD_PRELOAD", shim.clone()), ("SYNC_SHIM_KEEP", disk.path(""))];
        let mut child = start(Work::Write, &place.path(""), &shim);
        let said = begun(&mut child);
        let told: Vec<i64> = said
            .take(5 + round * 17)
            .map(|line| line.parse().unwrap())
            .collect();
        child.kill().unwrap();
        child.wait().unwrap();

        let db = open(&disk.path("shard"));
        let there: Vec<i64> = db
            .read(|db| {
                db.prepare("SELECT channel_id FROM honeypot_config ORDER BY channel_id")?
                    .query_map([], |row| row.get(0))?
                    .collect::<rusqlite::Result<Vec<_>>>()
            })
            .unwrap();
        assert!(there.starts_with(&told), "told of {told:?}, found {there:?}");
        let writes = db.fence(guild(1)).unwrap().unwrap().progress.writes;
        assert_eq!(
            writes,
            there.len() as u64,
            "each with its count: no half transaction"
        );
    }
}

/// The log cut off anywhere: some whole transactions, in order, and nothing else.
#[test]
fn a_log_that_lost_its_tail_holds_whole_transactions() {
    let place = Place::new();
    let shard = place.shard("shard");
    let db = open(&shard);
    born(&db, guild(1));
    for number in 0..20 {
        let write = move |tx: &modbot::store::shard_db::WriteTx<'_>| {
            let rows = tx.guild(guild(1), modbot::domain::fence::Access::Serve { epoch: EPOCH })?;
            // Large enough for more than one page of log.
            let sql = "INSERT INTO idempotency_key (guild_id, key, answer, expires_at) VALUES (1, ?1, zeroblob(6000), 0)";
            Ok(rows.connection().execute(sql, [number])?)
        };
        db.writer().write_blocking("row", write).unwrap();
    }
    let log = std::fs::read(place.path("shard-wal")).unwrap();
    let mut kept = Vec::new();
    for cut in 0..=16 {
        let disk = Place::new();
        std::fs::copy(&shard, disk.path("shard")).unwrap();
        std::fs::write(disk.path("shard-wal"), &log[..log.len() * cut / 16]).unwrap();
        let file = Connection::open(disk.path("shard")).unwrap();
        let sql =
            "SELECT (SELECT count(*) FROM idempotency_key), coalesce((SELECT writes FROM guild_fence), 0)";
        let (rows, writes): (i64, i64) = file
            .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!(rows, writes, "cut at {cut}/16");
        drop(file);
        assert_whole(&disk.path("shard"));
        kept.push(rows);
    }
    assert!(kept.is_sorted() && kept[0] == 0 && kept[16] == 20, "{kept:?}");
}

/// A child that is started and told to wait must end when its parent kills it, whatever it does.
#[test]
fn a_killed_child_gives_its_lock_back() {
    let place = Place::new();
    place.shard("shard");
    let mut child = start(Work::Hold, &place.path(""), &[]);
    let _said = begun(&mut child);
    let refused = super::shards::try_open(&place.path("shard"), modbot::store::shard_db::Settings::default());
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .ends_with("is open already, held by the child")
    );
    child.kill().unwrap();
    child.wait().unwrap();
    let again = Instant::now();
    open(&place.path("shard"));
    assert!(again.elapsed() < Duration::from_secs(20));
}
