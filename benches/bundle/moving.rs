//! Export and import of one guild.

use std::path::Path;
use std::time::Duration;

use modbot::store::shard_db::bundle::{Bundle, ExportSource, Pace, export, import};

use crate::data::{self, Place, guild, open};
use crate::report::{line, median, per_second, timed};
use crate::rival;

const RUNS: usize = 3;

/// One size: export, import in one transaction and in chunks, digest; beside the rivals.
pub(crate) fn compare(place: &Place, rows: i64) {
    let (source, target) = (place.path("source"), place.path("target"));
    data::shard(&source, rows);
    data::shard(&target, 1_000);
    let bundle = place.path("bundle");
    write_bundle(&source, &bundle);
    let count = Bundle::open(&bundle).unwrap().header().tables.rows();
    let start = rivals_start(place);

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        std::fs::remove_file(&bundle).unwrap();
        ours.push(timed(|| write_bundle(&source, &bundle)));
        if let Some(start) = start {
            let to = place.path("rival");
            rival::empty_tables(&bundle, &to);
            theirs.push(rival::export(&source, &to).saturating_sub(start));
            std::fs::remove_file(&to).unwrap();
        }
    }
    let what = format!("export of {count} rows, rows/s");
    report(&what, count, ours, theirs, 0.9);

    imports(place, &bundle, &target, count, start);
    digests(&source, count);
    for name in ["source", "target", "bundle"] {
        remove(&place.path(name));
    }
}

fn write_bundle(source: &Path, bundle: &Path) {
    export(
        ExportSource {
            shard: source,
            guild: guild(1),
            now: 0,
        },
        bundle,
        &mut |_| {},
    )
    .unwrap();
}

/// What starting `sqlite3` costs: taken off its times.
fn rivals_start(place: &Place) -> Option<Duration> {
    if !rival::has_sqlite3() {
        eprintln!("skipped: there is no sqlite3 to compare with");
        return None;
    }
    Some(median(
        (0..9)
            .map(|_| rival::sqlite3(&place.path("nothing"), "SELECT 1;"))
            .collect(),
    ))
}

fn imports(place: &Place, bundle: &Path, target: &Path, count: u64, start: Option<Duration>) {
    let (mut at_once, mut chunks, mut attached, mut piped) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let fresh = |name: &str| {
        let copy = place.path(name);
        remove(&copy);
        std::fs::copy(target, &copy).unwrap();
        let db = rusqlite::Connection::open(&copy).unwrap();
        // The guild itself is not there, and never was.
        let tables = modbot::store::shard_db::tables::GUILD_TABLES
            .iter()
            .map(|table| table.name);
        let delete = |name: &str| format!("DELETE FROM {name} WHERE guild_id = {};", guild(1));
        let sql: Vec<String> = tables.chain(["guild_fence"]).map(delete).collect();
        db.execute_batch(&sql.concat()).unwrap();
        drop(db);
        copy
    };
    for _ in 0..RUNS {
        for (pace, times) in [(Pace::AtOnce, &mut at_once), (Pace::Chunks(2_000), &mut chunks)] {
            let db = open(&fresh("copy"));
            times.push(timed(|| {
                import(&db, bundle, None, pace, &mut |_| {}).unwrap();
            }));
        }
        if let Some(start) = start {
            attached.push(rival::import(bundle, &fresh("copy")).saturating_sub(start));
            piped.push(rival::text_pipe(bundle, &fresh("copy")).saturating_sub(start));
        }
    }
    remove(&place.path("copy"));
    report(
        &format!("import of {count} rows at once, rows/s"),
        count,
        at_once.clone(),
        attached.clone(),
        0.9,
    );
    report("  the same in chunks of 2000", count, chunks, attached, 0.9);
    report("  at once, beside the text pipe", count, at_once, piped, 3.0);
}

fn report(what: &str, count: u64, ours: Vec<Duration>, theirs: Vec<Duration>, aim: f64) {
    let rate = |times: Vec<Duration>| (!times.is_empty()).then(|| per_second(count, median(times)));
    line(what, rate(ours).unwrap(), rate(theirs), Some(aim));
}

fn digests(source: &Path, count: u64) {
    let db = open(source);
    let digest = median(
        (0..RUNS)
            .map(|_| timed(|| drop(db.digests(guild(1)).unwrap())))
            .collect(),
    );
    let scan = median((0..RUNS).map(|_| timed(|| scan(source))).collect());
    let each = |time: Duration| time.as_nanos() as f64 / count as f64;
    println!(
        "digest of {count} rows: {:.0} ns a row, of which {:.0} ns reading every value",
        each(digest),
        each(scan)
    );
}

/// Reads every value of the guild's rows, and does nothing with it.
fn scan(source: &Path) {
    let db = rusqlite::Connection::open(source).unwrap();
    for table in modbot::store::shard_db::tables::GUILD_TABLES {
        let sql = format!("SELECT * FROM {} WHERE guild_id = ?1", table.name);
        let mut statement = db.prepare(&sql).unwrap();
        let width = statement.column_count();
        let mut rows = statement.query([guild(1).as_i64()]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for at in 0..width {
                std::hint::black_box(row.get_ref(at).unwrap());
            }
        }
    }
}

/// Removes a database with what stands beside it.
pub(crate) fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let _ = std::fs::remove_file(name);
    }
}
