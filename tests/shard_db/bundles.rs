//! A guild as a file: what goes in comes out, and nothing else.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use modbot::domain::bundle::{BundleKind, ImportRefusal, SchemaVersion};
use modbot::domain::digest::{self, RowHasher, TableDigest, TableDigests};
use modbot::domain::fence::{Access, FenceChange, FenceMode, Progress};
use modbot::domain::ids::{Epoch, MoveId};
use modbot::runtime::clock::{Clock as _, SystemClock};
use modbot::store::shard_db::bundle::{
    Bundle, BundleError, BundleMeta, BundleWriter, ExportSource, Import, ImportAs, ImportError,
    ImportedGuild, Pace, export, import,
};
use modbot::store::shard_db::tables::{GuildTable, guild_table};
use modbot::store::shard_db::{CURRENT_SCHEMA, ShardDb, WriteTx, inspect};
use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::Value;

use super::rows::{any_rows, plain_rows};
use super::shards::{EPOCH, Place, assert_whole, born, digests, dump, guild, open, write_rows};

fn exported(place: &Place, shard: &str, number: u64, to: &str) -> PathBuf {
    let (shard, to) = (place.path(shard), place.path(to));
    let source = ExportSource {
        shard: &shard,
        guild: guild(number),
        now: SystemClock.unix_ms(),
    };
    export(source, &to, &mut |_| {}).unwrap();
    to
}

fn imported(db: &ShardDb, bundle: &Path, pace: Pace) -> Result<ImportedGuild, ImportError> {
    import(db, bundle, None, pace, &mut |_| {})
}

#[test]
fn a_guild_goes_from_one_shard_to_another() {
    let place = Place::new();
    place.shard("a");
    place.shard("b");
    let a = open(&place.path("a"));
    born(&a, guild(1));
    born(&a, guild(2));
    write_rows(&a, guild(1), plain_rows(guild(1), 500));
    write_rows(&a, guild(2), plain_rows(guild(2), 100));

    let bundle = exported(&place, "a", 1, "g1");
    let header = Bundle::open(&bundle).unwrap().header().clone();
    assert_eq!((header.epoch, header.progress.writes), (EPOCH, 1));
    assert_eq!(header.tables, digests(&a, guild(1)));
    assert_eq!(
        Bundle::open(&bundle).unwrap().verify().unwrap().tables,
        header.tables
    );

    let b = open(&place.path("b"));
    let done = imported(&b, &bundle, Pace::AtOnce).unwrap();
    assert_eq!(
        (done.epoch, done.rows, done.plan.is_done()),
        (Epoch::new(6), header.tables.rows(), false)
    );
    assert_eq!(digests(&b, guild(1)), header.tables);
    let fence = b.fence(guild(1)).unwrap().unwrap();
    assert_eq!(
        (fence.state.mode, fence.state.epoch),
        (FenceMode::Serving, Epoch::new(6))
    );
    assert_eq!(fence.progress, header.progress);
    assert!(b.fence(guild(2)).unwrap().is_none());

    let again = imported(&b, &bundle, Pace::AtOnce).unwrap();
    assert!(again.plan.is_done());
    drop((a, b));
    let left = inspect(&place.path("b"), true).unwrap().queues.imports;
    assert_eq!(left, 0, "what was noted about the import went with it");
    assert_eq!(rows_of(&place.path("a"), 1), rows_of(&place.path("b"), 1));
    assert_whole(&place.path("b"));
}

/// Both ways to bring rows in.
const PACES: [Pace; 2] = [Pace::AtOnce, Pace::Chunks(3)];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_content_survives(rows in any_rows(guild(1))) {
        let place = Place::new();
        place.shard("a");
        let a = open(&place.path("a"));
        born(&a, guild(1));
        write_rows(&a, guild(1), rows);
        let bundle = exported(&place, "a", 1, "g1");
        let header = Bundle::open(&bundle).unwrap().header().clone();
        prop_assert_eq!(&header.tables, &digests(&a, guild(1)));
        for (name, pace) in ["at-once", "chunks"].into_iter().zip(PACES) {
            let to = open(&place.shard(name));
            imported(&to, &bundle, pace).unwrap();
            prop_assert_eq!(&digests(&to, guild(1)), &header.tables);
            drop(to);
            prop_assert_eq!(rows_of(&place.path(name), 1), rows_of(&place.path("a"), 1));
        }
    }

    /// Whichever value of whichever row changes, be it only its type, or a row comes or goes: the digest is another.
    #[test]
    fn any_change_of_content_changes_the_digest(
        rows in any_rows(guild(1)),
        table in any::<prop::sample::Index>(),
        row in any::<prop::sample::Index>(),
        column in any::<prop::sample::Index>(),
        how in 0..4_u8,
    ) {
        let filled: Vec<usize> = (0..rows.len()).filter(|i| !rows[*i].1.is_empty()).collect();
        prop_assume!(!filled.is_empty());
        let before = digest_of(&rows);
        let mut changed = rows.clone();
        let (table, content) = &mut changed[filled[table.index(filled.len())]];
        let row = row.index(content.len());
        let columns: Vec<_> = table.columns(CURRENT_SCHEMA).collect();
        let column = column.index(columns.len());
        let of_rows = how < 2;
        match how {
            0 => drop(content.remove(row)),
            1 => content.push(content[row].clone()),
            2 => content[row][column] = changed_value(&content[row][column]),
            _ => content[row][column] = retyped_value(&content[row][column]),
        }
        prop_assert_eq!(digest_of(&changed) == before, !of_rows && !columns[column].digested);
    }
}

/// Another value of the same type.
fn changed_value(value: &Value) -> Value {
    match value.clone() {
        Value::Null => Value::Integer(0),
        Value::Integer(number) => Value::Integer(number ^ 1),
        Value::Real(number) => Value::Real(-number),
        Value::Text(text) => Value::Text(text + "\0"),
        Value::Blob(bytes) => Value::Blob([bytes, vec![0]].concat()),
    }
}

/// What looks the same and is of another type.
fn retyped_value(value: &Value) -> Value {
    match value.clone() {
        Value::Null => Value::Text(String::new()),
        Value::Integer(number) => Value::Text(number.to_string()),
        Value::Real(number) => Value::Integer(number.to_bits().cast_signed()),
        Value::Text(text) => Value::Blob(text.into_bytes()),
        Value::Blob(bytes) => Value::Text(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// Digests of rows as the domain defines them, without any database.
fn digest_of(rows: &super::shards::Rows) -> TableDigests {
    let table_digest = |table: &'static GuildTable, rows: &[Vec<Value>]| {
        let (mut hasher, mut digest) = (RowHasher::for_table(table.name), TableDigest::default());
        for row in rows {
            for (column, value) in table.columns(CURRENT_SCHEMA).zip(row) {
                if column.digested {
                    hasher.push(match value {
                        Value::Null => digest::Value::Null,
                        Value::Integer(number) => digest::Value::Integer(*number),
                        Value::Real(number) => digest::Value::Real(*number),
                        Value::Text(text) => digest::Value::Text(text.as_bytes()),
                        Value::Blob(bytes) => digest::Value::Blob(bytes),
                    });
                }
            }
            digest.add(hasher.finish());
        }
        digest
    };
    rows.iter()
        .map(|(table, rows)| (table.name.to_owned(), table_digest(table, rows)))
        .collect()
}

fn rows_of(path: &Path, number: i64) -> Vec<String> {
    let lines = dump(path, |g| g == number).into_iter();
    lines.filter(|line| !line.starts_with("guild_fence")).collect()
}

/// A bundle of guild 1 from shard `a`, and shard `b` where guild 2 lives.
fn two_shards(place: &Place) -> (PathBuf, ShardDb) {
    let a = open(&place.shard("a"));
    born(&a, guild(1));
    write_rows(&a, guild(1), plain_rows(guild(1), 200));
    let b = open(&place.shard("b"));
    born(&b, guild(2));
    write_rows(&b, guild(2), plain_rows(guild(2), 100));
    (exported(place, "a", 1, "g1"), b)
}

/// Changes a bundle behind its header's back.
fn tampered(place: &Place, bundle: &Path, name: &str, sql: &str) -> PathBuf {
    let path = place.path(name);
    std::fs::copy(bundle, &path).unwrap();
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    path
}

/// As the driver of a move imports: the rows are compared at the end.
fn step_by_step(db: &ShardDb, bundle: &Path) -> ImportError {
    let import_as = ImportAs {
        epoch: EPOCH.next(),
        move_id: MoveId::new(uuid::Uuid::from_u128(9)),
        freeze_no: 0,
    };
    let import = Import::attach(db, &Bundle::open(bundle).unwrap(), import_as).unwrap();
    import.begin().unwrap();
    import.clear().unwrap();
    while import.copy_some(50).unwrap().is_some() {}
    import.verify().unwrap_err()
}

#[test]
fn other_guilds_are_untouched_whatever_happens_to_one() {
    let place = Place::new();
    let (bundle, b) = two_shards(&place);
    let neighbours = || dump(&place.path("b"), |g| g != 1);
    let before = neighbours();
    assert!(before.len() > 90, "{}", before.len());

    let sql = "UPDATE message_stats SET char_count = 0 WHERE message_id = (SELECT max(message_id) FROM message_stats)";
    let wrong = tampered(&place, &bundle, "wrong", sql);
    for pace in PACES {
        imported(&b, &wrong, pace).unwrap_err();
        assert_eq!(neighbours(), before, "a failed import");
        assert_eq!(
            dump(&place.path("b"), |g| g == 1),
            Vec::<String>::new(),
            "nothing half done"
        );
    }
    let failed = step_by_step(&b, &wrong);
    assert!(matches!(failed, ImportError::Differs { .. }), "{failed:?}");
    assert_eq!(neighbours(), before, "an import that failed at its end");
    let importing = b.fence(guild(1)).unwrap().unwrap().state;
    assert_eq!(importing.mode, FenceMode::Importing, "kept for a look");
    b.abort_import(guild(1), importing.epoch, importing.move_id.unwrap())
        .unwrap();
    assert_eq!(neighbours(), before, "an abort");
    while b.clean_some(guild(1), importing.epoch, 7).unwrap() == 7 {}
    assert_eq!(rows_of(&place.path("b"), 1), Vec::<String>::new());
    assert_eq!(neighbours(), before, "a deletion");

    imported(&b, &bundle, Pace::Chunks(50)).unwrap();
    assert_eq!(rows_of(&place.path("b"), 1), rows_of(&place.path("a"), 1));
    assert_eq!(neighbours(), before, "an import");
    drop(b);
    assert_whole(&place.path("b"));
}

#[test]
fn rows_of_an_earlier_stay_are_cleared_before_the_guild_comes_back() {
    let place = Place::new();
    let (bundle, b) = two_shards(&place);
    born(&b, guild(1));
    write_rows(&b, guild(1), plain_rows(guild(1), 3000));
    let gone = FenceChange::GivenAway { epoch: EPOCH.next() };
    b.writer()
        .write_blocking("gone", move |tx| tx.change_fence(guild(1), &gone))
        .unwrap();
    // The bundle is of the epoch before the tombstone's.
    let refused = imported(&b, &bundle, Pace::Chunks(50)).unwrap_err();
    assert!(
        matches!(
            refused,
            ImportError::Refused {
                refusal: ImportRefusal::NewerElsewhere { .. },
                ..
            }
        ),
        "{refused:?}"
    );
    for (epoch, pace) in [(7, Pace::Chunks(50)), (9, Pace::AtOnce)] {
        import(&b, &bundle, Some(Epoch::new(epoch)), pace, &mut |_| {}).unwrap();
        assert_eq!(rows_of(&place.path("b"), 1), rows_of(&place.path("a"), 1));
        let gone = FenceChange::GivenAway {
            epoch: Epoch::new(epoch + 1),
        };
        b.writer()
            .write_blocking("gone", move |tx| tx.change_fence(guild(1), &gone))
            .unwrap();
    }
}

#[test]
fn a_bundle_that_is_not_what_it_says_is_refused_by_name() {
    let place = Place::new();
    let (bundle, _) = two_shards(&place);
    let tamper = |name: &str, sql: &str| {
        Bundle::open(&tampered(&place, &bundle, name, sql))
            .map(drop)
            .unwrap_err()
    };

    let other = "INSERT INTO honeypot_config (guild_id, channel_id) VALUES (2, 1)";
    assert!(matches!(
        tamper("other", other),
        BundleError::OtherGuild {
            table: "honeypot_config",
            ..
        }
    ));
    let mut header = Bundle::open(&bundle).unwrap().header().clone();
    header.schema = SchemaVersion::new(99);
    let seal = hex::encode(header.seal().as_bytes());
    let newer = tamper(
        "newer",
        &format!("UPDATE bundle SET schema = 99, seal = x'{seal}'"),
    );
    assert!(matches!(newer, BundleError::NewerSchema { .. }), "{newer}");
    assert!(matches!(
        tamper("format", "UPDATE bundle SET format = 2"),
        BundleError::Format { found: 2, .. }
    ));
    for (name, sql) in [
        ("epoch", "UPDATE bundle SET epoch = 99"),
        ("schema", "UPDATE bundle SET schema = 1"),
        (
            "count",
            "UPDATE bundle_table SET row_count = row_count + 1 WHERE name = 'guilds'",
        ),
        ("column", "ALTER TABLE guilds ADD COLUMN x INTEGER"),
        ("view", "CREATE VIEW v AS SELECT 1"),
        (
            "trigger",
            "CREATE TRIGGER t AFTER INSERT ON guilds BEGIN SELECT 1; END",
        ),
        ("empty", "DELETE FROM bundle"),
        ("headless", "DROP TABLE bundle"),
    ] {
        assert!(matches!(tamper(name, sql), BundleError::Damaged { .. }), "{name}");
    }
    let unverified = tampered(&place, &bundle, "row", "UPDATE guilds SET quorum = 9");
    assert!(matches!(
        Bundle::open(&unverified).unwrap().verify(),
        Err(BundleError::Damaged { .. })
    ));
}

#[test]
fn what_is_no_bundle_is_refused_by_name() {
    let place = Place::new();
    drop(two_shards(&place));
    let open = |path: PathBuf| Bundle::open(&path).map(drop).unwrap_err();
    assert!(matches!(
        open(place.path("nowhere")),
        BundleError::NotFound { .. }
    ));
    assert!(
        open(place.path("a"))
            .to_string()
            .ends_with("it is a shard database")
    );
    std::fs::write(place.path("text"), "hello").unwrap();
    assert!(
        open(place.path("text"))
            .to_string()
            .ends_with("it is not a SQLite file")
    );
    Connection::open(place.path("foreign"))
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    assert!(
        open(place.path("foreign"))
            .to_string()
            .ends_with("the database of another program")
    );
}

/// Cut or flipped anywhere: an error by name, or the very same rows (the byte meant nothing). Never other rows.
#[test]
fn a_damaged_bundle_never_brings_other_rows() {
    let place = Place::new();
    let (bundle, b) = two_shards(&place);
    let whole = std::fs::read(&bundle).unwrap();
    let tables = Bundle::open(&bundle).unwrap().header().tables.clone();
    let mut seed = 9_u64;
    let mut random = move |below: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let mut refused = 0;
    for round in 0..80 {
        let mut bytes = whole.clone();
        if round % 8 == 0 {
            bytes.truncate(random(whole.len()));
        } else {
            bytes[random(whole.len())] ^= 1 << random(8);
        }
        let path = place.path("damaged");
        std::fs::write(&path, bytes).unwrap();
        let neighbours = dump(&place.path("b"), |g| g != 1);
        match imported(&b, &path, Pace::AtOnce) {
            Ok(_) => {
                assert_eq!(digests(&b, guild(1)), tables);
                let gone = FenceChange::GivenAway {
                    epoch: Epoch::new(100 + round),
                };
                b.writer()
                    .write_blocking("gone", move |tx| tx.change_fence(guild(1), &gone))
                    .unwrap();
                while b.clean_some(guild(1), Epoch::new(100 + round), 1000).unwrap() > 0 {}
                let forget = "DELETE FROM guild_fence WHERE guild_id = 1";
                b.writer()
                    .write_blocking("forget", move |tx| Ok(tx.shard().execute(forget, [])?))
                    .unwrap();
            }
            Err(_) => refused += 1,
        }
        assert_eq!(dump(&place.path("b"), |g| g != 1), neighbours);
        assert_eq!(rows_of(&place.path("b"), 1), Vec::<String>::new());
    }
    assert!(refused > 20, "{refused} of 80");
    drop(b);
    assert_whole(&place.path("b"));
}

/// Ends the writing thread also when the test fails.
struct StopAtTheEnd<'a>(&'a AtomicBool);

impl Drop for StopAtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Every transaction moves one point between two rows and notes itself: a bundle shows one moment, not two halves.
#[test]
fn an_export_is_of_one_moment_while_writers_go_on() {
    let place = Place::new();
    let a = open(&place.shard("a"));
    born(&a, guild(1));
    write_rows(&a, guild(1), plain_rows(guild(1), 3000));
    let stop = AtomicBool::new(false);
    let total = digests_sum(&place.path("a"));
    std::thread::scope(|scope| {
        let _stop_at_the_end = StopAtTheEnd(&stop);
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let write = |tx: &WriteTx<'_>| {
                    let guild = tx.guild(guild(1), Access::Serve { epoch: EPOCH })?;
                    let first = "(SELECT min(message_id) FROM message_stats WHERE guild_id = 1)";
                    let last = "(SELECT max(message_id) FROM message_stats WHERE guild_id = 1)";
                    for (row, change) in [(first, -1), (last, 1)] {
                        let sql = format!(
                            "UPDATE message_stats SET char_count = char_count + {change} WHERE guild_id = 1 AND message_id = {row}"
                        );
                        guild.connection().execute(&sql, [])?;
                    }
                    Ok(())
                };
                a.writer().write_blocking("move a point", write).unwrap();
            }
        });
        let mut writes = Vec::new();
        for number in 0..4 {
            let bundle = exported(&place, "a", 1, &format!("g{number}"));
            assert_eq!(digests_sum(&bundle), total);
            let header = Bundle::open(&bundle).unwrap().header().clone();
            Bundle::open(&bundle).unwrap().verify().unwrap();
            writes.push(header.progress.writes);
        }
        assert!(
            writes.is_sorted() && writes.first() < writes.last(),
            "the writer went on: {writes:?}"
        );
    });
}

fn digests_sum(path: &Path) -> i64 {
    let db = Connection::open(path).unwrap();
    db.query_row("SELECT sum(char_count) FROM message_stats", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn an_import_in_chunks_lets_others_write() {
    let place = Place::new();
    let (bundle, b) = two_shards(&place);
    let (chunks, mut during) = (Bundle::open(&bundle).unwrap().header().tables.rows() / 20, 0);
    import(&b, &bundle, None, Pace::Chunks(20), &mut |_| {
        write_rows(&b, guild(2), plain_rows(guild(2), 5));
        during += 1;
    })
    .unwrap();
    assert!(during >= chunks, "{during} writes between {chunks} chunks");
}

#[test]
fn a_row_of_another_guild_does_not_get_into_a_bundle() {
    let place = Place::new();
    let mut writer = BundleWriter::create(&place.path("g1"), guild(1)).unwrap();
    let table = guild_table("honeypot_config").unwrap();
    writer
        .insert(table, &[Value::Integer(1), Value::Integer(5)])
        .unwrap();
    let other = writer
        .insert(table, &[Value::Integer(2), Value::Integer(5)])
        .unwrap_err();
    assert!(matches!(other, BundleError::OtherGuild { .. }));
    assert!(matches!(
        writer.insert(table, &[Value::Integer(1)]),
        Err(BundleError::Row { .. })
    ));
    let meta = BundleMeta {
        kind: BundleKind::Full,
        epoch: Epoch::new(0),
        progress: Progress::default(),
        source: "by hand".into(),
        exported_at: 1,
    };
    let header = writer.finish(meta).unwrap();
    assert_eq!(header.tables.rows(), 1);
    Bundle::open(&place.path("g1")).unwrap().verify().unwrap();
    let b = open(&place.shard("b"));
    assert_eq!(
        imported(&b, &place.path("g1"), Pace::AtOnce).unwrap().epoch,
        Epoch::new(1)
    );
    // Given up, it leaves nothing.
    drop(BundleWriter::create(&place.path("g3"), guild(1)).unwrap());
    assert!(!place.path("g3").exists() && !place.path("g3.partial").exists());
    assert!(matches!(
        BundleWriter::create(&place.path("g1"), guild(1)),
        Err(BundleError::Exists { .. })
    ));
}

#[test]
fn only_whole_guilds_are_exported() {
    let place = Place::new();
    let (bundle, b) = two_shards(&place);
    let try_export = |number| {
        let source = ExportSource {
            shard: &place.path("b"),
            guild: guild(number),
            now: 0,
        };
        export(source, &place.path("x"), &mut |_| {})
            .map(drop)
            .unwrap_err()
    };
    assert!(matches!(try_export(1), BundleError::NoSuchGuild { .. }));
    let wrong = tampered(&place, &bundle, "wrong", "UPDATE guilds SET quorum = 9");
    step_by_step(&b, &wrong);
    assert!(matches!(
        try_export(1),
        BundleError::NotWhole {
            mode: FenceMode::Importing,
            ..
        }
    ));
    assert!(!place.path("x").exists() && !place.path("x.partial").exists());
}
