//! The declaration of guild tables against the files that the migrations make.

use rusqlite::Connection;

use super::migrations::{self, CURRENT};
use super::tables::{GUILD_TABLES, GuildTable, SHARD_TABLES_WITH_A_GUILD, guild_tables};
use crate::domain::bundle::SchemaVersion;

fn versions() -> impl Iterator<Item = SchemaVersion> {
    (1..=CURRENT.get()).map(SchemaVersion::new)
}

fn shard_at(version: SchemaVersion) -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    migrations::migrate_shard(&mut db, version).unwrap();
    db
}

fn names(db: &Connection, sql: &str) -> Vec<String> {
    db.prepare(sql)
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn no_table_with_a_guild_is_forgotten() {
    for version in versions() {
        let db = shard_at(version);
        let found = names(
            &db,
            "SELECT s.name FROM sqlite_schema s JOIN pragma_table_xinfo(s.name) x ON x.name LIKE '%guild%'
             WHERE s.type = 'table' ORDER BY s.name",
        );
        let mut known: Vec<&str> = guild_tables(version).map(|table| table.name).collect();
        known.extend(SHARD_TABLES_WITH_A_GUILD.iter().map(|(name, _)| *name));
        known.sort_unstable();
        assert_eq!(found, known, "schema {version}");
    }
}

/// `(name, type, nullable, place in the key)` of every column.
fn columns_of(db: &Connection, table: &str) -> Vec<(String, String, bool, i64)> {
    db.prepare("SELECT name, type, NOT \"notnull\", pk FROM pragma_table_xinfo(?1)")
        .unwrap()
        .query_map([table], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn declared(table: &GuildTable, version: SchemaVersion) -> Vec<(String, String, bool, i64)> {
    let place = |name| {
        table
            .key()
            .iter()
            .position(|key| key.name == name)
            .map_or(0, |at| i64::try_from(at).unwrap() + 1)
    };
    table
        .columns(version)
        .map(|c| {
            (
                c.name.to_owned(),
                c.ty.sql().to_owned(),
                c.nullable,
                place(c.name),
            )
        })
        .collect()
}

#[test]
fn the_declaration_is_what_the_migrations_make() {
    for version in versions() {
        let db = shard_at(version);
        for table in guild_tables(version) {
            assert_eq!(
                columns_of(&db, table.name),
                declared(table, version),
                "{} {version}",
                table.name
            );
            let listed = "SELECT strict + wr FROM pragma_table_list(?1)";
            let strict_without_rowid: i64 = db.query_row(listed, [table.name], |row| row.get(0)).unwrap();
            assert_eq!(strict_without_rowid, 2, "{}", table.name);
        }
    }
}

#[test]
fn guild_id_leads_every_key_and_no_key_is_null() {
    for table in GUILD_TABLES {
        assert_eq!(table.key()[0].name, "guild_id", "{}", table.name);
        assert!(
            table.key().iter().all(|key| !key.nullable && key.digested),
            "{}",
            table.name
        );
    }
}

#[test]
fn a_bundle_of_any_version_has_the_guild_tables_alone() {
    for version in versions() {
        let db = Connection::open_in_memory().unwrap();
        migrations::migrate_guild_tables(&db, SchemaVersion::new(0), version).unwrap();
        let mut declared: Vec<&str> = guild_tables(version).map(|table| table.name).collect();
        declared.sort_unstable();
        assert_eq!(
            names(&db, "SELECT name FROM sqlite_schema ORDER BY name"),
            declared
        );
    }
}

#[test]
fn typed_settings_lose_nothing() {
    let mut db = shard_at(SchemaVersion::new(1));
    let settings = [
        r#"{"modLog":"614601782152265748","moderator":"9223372036854775808","quorum":3,"x":{"y":[1]},"restricted":true}"#,
        r#"{"modLog":"","deletionLog":"007"}"#,
        r#"{"quorum":4}"#,
        "not JSON",
        "[1]",
    ];
    for (guild, text) in (1i64..).zip(settings) {
        db.execute(
            "INSERT INTO guilds (guild_id, settings) VALUES (?1, ?2)",
            (guild, text),
        )
        .unwrap();
    }
    db.execute_batch(
        r#"INSERT INTO guilds (guild_id, left_at) VALUES (9, 5);
           INSERT INTO escalations (guild_id, id, thread_id, reported_user_id, initiator_id, flags, created_at)
           VALUES (1, 'a', 1, 1, 1, '{"quorum":5}', 1), (1, 'b', 1, 1, 1, '{"quorum":"x","z":1}', 1), (1, 'c', 1, 1, 1, NULL, 1)"#,
    )
    .unwrap();
    migrations::migrate_shard(&mut db, SchemaVersion::new(2)).unwrap();
    let shown = "SELECT concat_ws('|', guild_id, mod_log, deletion_log, moderator, restricted, quorum, settings, left_at)
                 FROM guilds ORDER BY guild_id";
    assert_eq!(
        names(&db, shown),
        [
            r#"1|614601782152265748|3|{"moderator":"9223372036854775808","x":{"y":[1]},"restricted":true}"#,
            r#"2|{"modLog":"","deletionLog":"007"}"#,
            "3|4",
            "4|not JSON",
            "5|[1]",
            "9|5",
        ]
    );
    let shown = "SELECT concat_ws('|', id, quorum, flags) FROM escalations ORDER BY id";
    assert_eq!(names(&db, shown), ["a|5", r#"b|3|{"quorum":"x","z":1}"#, "c|3"]);
}
