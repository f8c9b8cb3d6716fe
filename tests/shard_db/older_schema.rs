//! Files and bundles of the schema before this one.

use modbot::domain::bundle::SchemaVersion;
use modbot::store::shard_db::CURRENT_SCHEMA;
use modbot::store::shard_db::bundle::{Bundle, ExportSource, Pace, export, import};
use rusqlite::Connection;

use super::shards::{Place, assert_whole, digests, dump, guild, open};

/// The migrations as they were shipped.
const FIRST: &str = include_str!("../../src/store/shard_db/migrations/0001_first_tables.sql");
const SECOND: &str = include_str!("../../src/store/shard_db/migrations/0002_typed_settings.sql");

/// A shard file of the schema before this one, with a served guild 1.
fn shard_of_previous_schema(place: &Place, name: &str, rows: i64) -> std::path::PathBuf {
    let path = shard_of_schema_1(place, name, rows);
    let db = Connection::open(&path).unwrap();
    db.execute_batch(SECOND).unwrap();
    db.execute_batch("PRAGMA user_version = 2; PRAGMA wal_checkpoint(TRUNCATE);")
        .unwrap();
    path
}

/// A shard file of schema 1 with a served guild 1.
pub(crate) fn shard_of_schema_1(place: &Place, name: &str, rows: i64) -> std::path::PathBuf {
    let path = place.path(name);
    let db = Connection::open(&path).unwrap();
    db.execute_batch(
        "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA application_id = 0x4D427368; PRAGMA user_version = 1;",
    )
    .unwrap();
    db.execute_batch(FIRST).unwrap();
    db.execute_batch(&format!(
        r#"PRAGMA journal_mode = WAL;
        BEGIN;
        INSERT INTO guild_fence (guild_id, epoch, mode, seq, writes) VALUES (1, 5, 'serving', 77, 3);
        INSERT INTO guilds (guild_id, settings) VALUES (1, '{{"modLog":"614601782152265748","theme":"dark","quorum":4}}');
        WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
        INSERT INTO escalations (guild_id, id, thread_id, reported_user_id, initiator_id, flags, created_at)
        SELECT 1, 'e' || i, i, i, i, iif(i % 2, '{{"quorum":5}}', '{{"x":' || i || '}}'), i FROM n;
        WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
        INSERT INTO message_cache (guild_id, message_id, channel_id, user_id, content, last_touched, created_at)
        SELECT 1, i, i, i, 'a' || char(0) || i, i, i FROM n;
        COMMIT;"#
    ))
    .unwrap();
    path
}

#[test]
fn a_bundle_of_the_previous_schema_becomes_what_the_migrated_file_has() {
    let place = Place::new();
    let old = shard_of_previous_schema(&place, "old", 300);
    let to = place.path("g1");
    let header = export(
        ExportSource {
            shard: &old,
            guild: guild(1),
            now: 0,
        },
        &to,
        &mut |_| {},
    )
    .unwrap();
    assert_eq!(header.schema, SchemaVersion::new(2));
    assert_eq!(
        header.schema,
        CURRENT_SCHEMA.previous(),
        "the schema before this one"
    );
    Bundle::open(&to).unwrap().verify().unwrap();

    for (name, pace) in [("at-once", Pace::AtOnce), ("chunks", Pace::Chunks(40))] {
        let db = open(&place.shard(name));
        let done = import(&db, &to, None, pace, &mut |_| {}).unwrap();
        assert!(import(&db, &to, None, pace, &mut |_| {}).unwrap().plan.is_done());
        assert_eq!(done.digest, digests(&db, guild(1)).total());
        drop(db);
        let migrated = open(&old);
        assert_eq!(done.digest, digests(&migrated, guild(1)).total(), "{name}");
        drop(migrated);
        let rows = |path: &std::path::Path| -> Vec<String> {
            dump(path, |_| true)
                .into_iter()
                .filter(|line| !line.starts_with("guild_fence"))
                .collect()
        };
        assert_eq!(rows(&place.path(name)), rows(&old));
        assert_whole(&place.path(name));
        assert_eq!(
            std::fs::read_dir(place.path(""))
                .unwrap()
                .filter(|e| {
                    e.as_ref()
                        .unwrap()
                        .file_name()
                        .to_string_lossy()
                        .contains(".import-")
                })
                .count(),
            0,
            "the migrated copy goes with the import"
        );
    }
}

#[test]
fn a_migrated_file_keeps_rows_fences_and_indexes() {
    let place = Place::new();
    let old = shard_of_schema_1(&place, "old", 10);
    let db = open(&old);
    let fence = db.fence(guild(1)).unwrap().unwrap();
    assert_eq!(
        (
            fence.state.epoch.get(),
            fence.progress.position.seq,
            fence.progress.writes
        ),
        (5, 77, 3)
    );
    drop(db);
    let (found, fresh) = (
        Connection::open(&old).unwrap(),
        Connection::open(place.shard("new")).unwrap(),
    );
    let indexes = |db: &Connection| -> Vec<String> {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'index' ORDER BY name";
        db.prepare(sql)
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    };
    assert_eq!(indexes(&found), indexes(&fresh));
    let version: u32 = found
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, CURRENT_SCHEMA.get());
}
