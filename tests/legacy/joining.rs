//! Joining: what was split comes back, in the one spelling that each value has, and the old bot can use it.

use std::collections::BTreeMap;
use std::path::Path;

use modbot::domain::legacy::tables::{OldTable, Rule};
use modbot::operations::legacy::join::{JoinError, Report, Sources, join};
use modbot::operations::legacy::progress::Silent;
use modbot::store::legacy_db::{LegacyDb, MIGRATIONS};
use rusqlite::Connection;
use rusqlite::types::Value;

use super::place;
use super::samples::Sample;
use super::splitting::{shared_databases, split};

pub(crate) fn join_split(split: &Path, out: &Path) -> Report {
    let scratch = place();
    join(&Sources::of_split(split).unwrap(), out, scratch.path(), &Silent).unwrap()
}

/// A table's rows as text, each with its count: rowids do not matter.
fn rows(
    path: &Path,
    table: OldTable,
    write: impl Fn(&Connection, Vec<Value>) -> String,
) -> BTreeMap<String, u64> {
    let connection = Connection::open(path).unwrap();
    let spec = table.spec();
    // Text that is not UTF-8 comes as a blob with a mark: no blob of a sample looks like that.
    let columns: Vec<String> = spec
        .columns
        .iter()
        .map(|c| {
            format!(
                "iif(typeof(\"{0}\") = 'text', cast('text:' || \"{0}\" as blob), \"{0}\")",
                c.name
            )
        })
        .collect();
    let mut statement = connection
        .prepare(&format!("select {} from {table}", columns.join(", ")))
        .unwrap();
    let width = spec.columns.len();
    let found = statement
        .query_map([], |row| (0..width).map(|at| row.get::<_, Value>(at)).collect())
        .unwrap();
    let mut rows = BTreeMap::new();
    for row in found {
        *rows.entry(write(&connection, row.unwrap())).or_default() += 1;
    }
    rows
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Blob(bytes) => bytes
            .strip_prefix(b"text:")
            .map(|text| String::from_utf8_lossy(text).into_owned()),
        _ => None,
    }
}

/// The normal form of an instant, worked out by SQLite: the tests' own opinion.
fn normal_instant(connection: &Connection, value: &Value) -> Option<String> {
    let sql = match value {
        Value::Integer(_) => "select strftime('%Y-%m-%dT%H:%M:%fZ', ?1 / 1000.0, 'unixepoch')",
        _ => "select strftime('%Y-%m-%dT%H:%M:%fZ', ?1)",
    };
    let value = text_of(value).map_or_else(|| value.clone(), Value::Text);
    let value = match value {
        // Digits in a column of text.
        Value::Text(text) if text.parse::<i64>().is_ok() => {
            return normal_instant(connection, &Value::Integer(text.parse().unwrap()));
        }
        Value::Text(text) if text.contains(" GMT+0000") => Value::Text(js_date(&text)),
        other => other,
    };
    connection
        .prepare_cached(sql)
        .unwrap()
        .query_row([value], |row| row.get(0))
        .unwrap()
}

/// `Fri Jan 02 2026 03:04:05 GMT+0000 (…)` in ISO 8601.
fn js_date(text: &str) -> String {
    let parts: Vec<&str> = text.split(' ').collect();
    let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    format!(
        "{}-{:02}-{} {}",
        parts[3],
        months.find(parts[1]).unwrap() / 3 + 1,
        parts[2],
        parts[4]
    )
}

/// Settings and flags as values, the one difference between their spellings.
fn normal_json(value: &Value, empty: &str) -> String {
    let text = text_of(value).unwrap_or_else(|| empty.to_owned());
    match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(serde_json::Value::Object(mut members)) => {
            for key in ["modLog", "deletionLog", "moderator", "restricted"] {
                if let Some(id) = members.get(key).and_then(serde_json::Value::as_u64) {
                    members.insert(key.to_owned(), id.to_string().into());
                }
            }
            if empty.contains("quorum") {
                members.entry("quorum").or_insert(3.into());
            }
            format!("{:?}", serde_json::Value::Object(members))
        }
        _ => text,
    }
}

/// A source's row in normal form, as the manual describes it.
fn normal(connection: &Connection, table: OldTable, row: &[Value]) -> String {
    let spec = table.spec();
    let cell = |(column, value): (&modbot::domain::legacy::tables::Column, &Value)| -> String {
        let literal = text_of(value).as_deref() == Some("CURRENT_TIMESTAMP");
        match (column.name, column.rule) {
            ("settings", _) => normal_json(value, "{}"),
            ("flags", _) => normal_json(value, "{\"quorum\":3}"),
            (_, Rule::Instant(Some(source))) if literal => {
                let id: i64 = text_of(&row[spec.position(source).unwrap()])
                    .unwrap()
                    .parse()
                    .unwrap();
                normal_instant(connection, &Value::Integer((id >> 22) + 1_420_070_400_000)).unwrap()
            }
            (_, Rule::MaybeInstant) if literal => "NULL".to_owned(),
            (_, Rule::Instant(_) | Rule::MaybeInstant) if *value != Value::Null => {
                normal_instant(connection, value).unwrap()
            }
            _ => format!("{value:?}"),
        }
    };
    let cells = spec
        .columns
        .iter()
        .zip(row)
        .map(cell)
        .map(|text| if text == "Null" { "NULL".into() } else { text });
    cells.collect::<Vec<_>>().join(" | ")
}

/// Everything but sessions is back: byte for byte what was in quarantine or the fleet's, the rest in normal form.
pub(crate) fn came_back(source: &Path, quarantine: &Path, joined: &Path) {
    for table in OldTable::ALL {
        if table == OldTable::Sessions {
            assert_eq!(rows(joined, table, |_, row| format!("{row:?}")).len(), 0);
            continue;
        }
        let verbatim = |_: &Connection, row: Vec<Value>| format!("{row:?}");
        let kept = rows(quarantine, table, verbatim);
        let mut before = rows(source, table, |connection, row| {
            let as_it_is = verbatim(connection, row.clone());
            if kept.contains_key(&as_it_is) || table == OldTable::Users {
                as_it_is
            } else {
                normal(connection, table, &row)
            }
        });
        let after = rows(joined, table, |connection, row| {
            let as_it_is = verbatim(connection, row.clone());
            if kept.contains_key(&as_it_is) || table == OldTable::Users {
                return as_it_is;
            }
            // What is in normal form is spelt in one way alone.
            for (column, value) in table.spec().columns.iter().zip(&row) {
                if matches!(column.rule, Rule::Instant(_) | Rule::MaybeInstant) && *value != Value::Null {
                    assert_eq!(
                        text_of(value),
                        normal_instant(connection, value),
                        "{table}.{}",
                        column.name
                    );
                }
            }
            normal(connection, table, &row)
        });
        for (row, count) in &after {
            assert_eq!(before.remove(row), Some(*count), "{table}: {row}");
        }
        assert!(before.is_empty(), "{table}: {before:?}");
    }
}

/// What `pragma` says of every table, and the indexes.
fn schema(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut found = Vec::new();
    let tables = OldTable::ALL
        .map(OldTable::name)
        .into_iter()
        .chain(["kysely_migration", "kysely_migration_lock"]);
    for table in tables {
        for sql in [
            "select cid || name || lower(type) || \"notnull\" || coalesce(dflt_value, 'none') || pk from pragma_table_info(?1)",
            "select l.name || l.\"unique\" || l.origin || i.seqno || i.name
               from pragma_index_list(?1) l, pragma_index_info(l.name) i order by 1",
        ] {
            let mut statement = connection.prepare(sql).unwrap();
            let lines = statement
                .query_map([table], |row| row.get::<_, String>(0))
                .unwrap();
            found.extend(lines.map(|line| format!("{table} {}", line.unwrap())));
        }
    }
    found
}

/// The old bot's own checks: pages, tables, indexes, migrations.
fn is_an_old_database(path: &Path) {
    let connection = Connection::open(path).unwrap();
    let check: String = connection
        .query_row("pragma integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
    let source = LegacyDb::open(path, path.parent().unwrap()).unwrap();
    source.check_schema().unwrap();
    let names: Vec<String> = source
        .migrations()
        .unwrap()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, MIGRATIONS);
    let lock: (String, i64) = connection
        .query_row("select id, is_locked from kysely_migration_lock", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(lock, ("migration_lock".to_owned(), 0));
}

#[test]
fn what_was_split_comes_back() {
    let sample = Sample::new(30, 4_000, 3);
    for pods in [1, 3, 7] {
        let out = sample.directory.path().join(format!("out-{pods}"));
        let joined = sample.directory.path().join(format!("joined-{pods}.sqlite3"));
        split(&sample.path(), pods, &out);
        let report = join_split(&out, &joined);
        assert!(report.is_whole(), "{report:?}");
        assert_eq!(
            report.rows.values().sum::<u64>() + sample.truth.dropped[&OldTable::Sessions],
            4_000
        );
        came_back(&sample.path(), &out.join("quarantine.sqlite3"), &joined);
        is_an_old_database(&joined);
        assert_eq!(schema(&joined), schema(&sample.path()));
    }
}

#[test]
fn the_shared_databases_come_back_with_the_schema_they_had() {
    let home = place();
    for (source, _) in shared_databases(home.path()) {
        let first = home.path().join("joined-1.sqlite3");
        for pods in [1, 3, 7] {
            let (out, joined) = (
                home.path().join("out"),
                home.path().join(format!("joined-{pods}.sqlite3")),
            );
            split(&source, pods, &out);
            assert!(join_split(&out, &joined).is_whole());
            is_an_old_database(&joined);
            assert_eq!(schema(&joined), schema(&source));
            if pods == 1 {
                came_back(&source, &out.join("quarantine.sqlite3"), &joined);
            } else {
                have_the_same_rows(&first, &joined);
            }
            std::fs::remove_dir_all(&out).unwrap();
        }
        for pods in [1, 3, 7] {
            std::fs::remove_file(home.path().join(format!("joined-{pods}.sqlite3"))).unwrap();
        }
    }
}

fn have_the_same_rows(one: &Path, other: &Path) {
    let connection = Connection::open(one).unwrap();
    connection
        .execute("attach ?1 as other", [other.to_str().unwrap()])
        .unwrap();
    for table in OldTable::ALL {
        for (a, b) in [("main", "other"), ("other", "main")] {
            let sql =
                format!("select count(*) from (select * from {a}.{table} except select * from {b}.{table})");
            let differing: i64 = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
            assert_eq!(differing, 0, "{table}");
        }
    }
}

#[test]
fn splitting_what_was_joined_changes_nothing_more() {
    let sample = Sample::new(8, 900, 4);
    let home = sample.directory.path();
    let first = split(&sample.path(), 3, &home.join("first"));
    join_split(&home.join("first"), &home.join("joined.sqlite3"));
    let second = split(&home.join("joined.sqlite3"), 3, &home.join("second"));
    assert_eq!(
        first.guilds, second.guilds,
        "rows and digests of every guild are the same"
    );
    assert_eq!(first.quarantine, second.quarantine);
    // What is still counted is what normal forms keep: millisecond numbers cannot come back, literals neither.
    let left: Vec<_> = second.changes.keys().map(String::as_str).collect();
    assert!(
        left.iter()
            .all(|name| ["numeric_keys", "odd_json"].contains(name)),
        "{:?}",
        second.changes
    );
}

/// A sample split over two pods, with a guild of each.
fn two_pods() -> (Sample, [(String, String); 2]) {
    let sample = Sample::new(8, 900, 4);
    let manifest = split(&sample.path(), 2, &sample.directory.path().join("out"));
    let of = |pod: usize| {
        let facts = &manifest.pods[pod];
        let guild = manifest
            .guilds
            .iter()
            .filter(|g| g.pod == facts.pod)
            .max_by_key(|g| g.rows)
            .unwrap();
        (facts.file.clone(), guild.guild.to_string())
    };
    let pods = [of(0), of(1)];
    (sample, pods)
}

fn run(path: &Path, sql: &str) {
    Connection::open(path)
        .unwrap()
        .execute_batch(sql)
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

#[test]
fn what_was_written_since_comes_back_too() {
    let (sample, [(file, guild), _]) = two_pods();
    let (out, joined) = (
        sample.directory.path().join("out"),
        sample.directory.path().join("joined.sqlite3"),
    );
    run(
        &out.join(&file),
        &format!(
            "insert into user_threads values ({guild}, 5, 6, 1767323045678);
             insert into mod_actions (guild_id, id, user_id, action_type, created_at)
               values ({guild}, 'new', 5, 'ban', 1767323045678);
             insert into outbox (guild_id, action_id, position, kind, cause, payload, decided_at, state)
               values ({guild}, 'a', 1, 'ban', 'c', '', 0, 'pending'), ({guild}, 'b', 2, 'ban', 'c', '', 0, 'done');
             insert into timer (guild_id, timer_id, kind, payload, due_at) values ({guild}, 't', 'k', '', 0);
             update guilds set quorum = 7, mod_log = 8 where guild_id = {guild};"
        ),
    );
    let report = join_split(&out, &joined);
    assert_eq!(
        (report.open_actions, report.timers, report.left_out.len()),
        (1, 1, 0)
    );
    assert!(!report.is_whole(), "an action that the old bot will not take");
    let joined = Connection::open(&joined).unwrap();
    let thread: (String, String) = joined
        .query_row(
            "select thread_id, created_at from user_threads where user_id = '5' and guild_id = ?1",
            [&guild],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert_eq!(thread, ("6".to_owned(), "2026-01-02T03:04:05.678Z".to_owned()));
    let settings: String = joined
        .query_row(
            "select (settings ->> 'modLog') || (settings ->> 'quorum') from guilds where id = ?1",
            [&guild],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(settings, "87");
}

#[test]
fn rows_that_the_old_schema_cannot_hold_stand_beside_it() {
    let (sample, [(file, guild), _]) = two_pods();
    let (out, joined) = (
        sample.directory.path().join("out"),
        sample.directory.path().join("joined.sqlite3"),
    );
    let report_row = |id: &str, deleted: &str| {
        format!(
            "insert into reported_messages (guild_id, id, reported_message_id, reported_channel_id, reported_user_id,
               log_message_id, log_channel_id, reason, created_at, deleted_at)
             values ({guild}, '{id}', 1, 2, 3, 4, 5, 'spam', 0, {deleted});"
        )
    };
    run(
        &out.join(&file),
        &(report_row("a", "7") + &report_row("z", "null") + &report_row("b", "8")),
    );
    run(
        &out.join(&file),
        &format!(
            "insert into escalations (guild_id, id, thread_id, reported_user_id, initiator_id, created_at)
               values ({guild}, 'unposted', 1, 2, 3, 0)"
        ),
    );
    let report = join_split(&out, &joined);
    let left_out: Vec<_> = report
        .left_out
        .iter()
        .map(|((table, why), count)| (table.name(), *why, *count))
        .collect();
    assert_eq!(
        left_out,
        [
            ("reported_messages", "key_is_taken", 2),
            ("escalations", "discord_has_not_answered", 1)
        ]
    );
    let kept: String = Connection::open(&joined)
        .unwrap()
        .query_row(
            "select id from reported_messages where reported_message_id = '1'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(
        kept, "z",
        "the report that was not deleted is the one that counts"
    );
    let beside = std::fs::read_to_string(report.left_out_file.unwrap()).unwrap();
    assert_eq!(beside.lines().count(), 3);
    assert!(beside.contains("unposted"));
    is_an_old_database(&joined);
}

#[test]
fn a_guild_comes_from_the_file_that_may_write_it() {
    let (sample, [(from, guild), (to, _)]) = two_pods();
    let out = sample.directory.path().join("out");
    let join_now = || {
        let joined = sample.directory.path().join("joined.sqlite3");
        let _ = std::fs::remove_file(&joined);
        join(&Sources::of_split(&out).unwrap(), &joined, &out, &Silent)
            .map(|_| Connection::open(&joined).unwrap())
    };
    let threads = |joined: &Connection| -> i64 {
        joined
            .query_row(
                "select count(*) from user_threads where guild_id = ?1",
                [&guild],
                |row| row.get(0),
            )
            .unwrap()
    };
    let before = threads(&join_now().unwrap());
    assert!(before > 0);

    // Moved: rows are still in the old file, which may not write them.
    run(
        &out.join(&to),
        &format!(
            "insert into guild_fence (guild_id, epoch, mode) values ({guild}, 2, 'serving');
        insert into user_threads values ({guild}, 5, 6, 7);"
        ),
    );
    run(
        &out.join(&from),
        &format!("update guild_fence set mode = 'tombstone', epoch = 2 where guild_id = {guild}"),
    );
    assert_eq!(threads(&join_now().unwrap()), 1);

    run(
        &out.join(&from),
        &format!("update guild_fence set mode = 'serving' where guild_id = {guild}"),
    );
    assert!(matches!(join_now(), Err(JoinError::Holder { .. })), "two owners");
    run(
        &out.join(&from),
        &format!("update guild_fence set mode = 'tombstone', epoch = 3 where guild_id = {guild}"),
    );
    assert!(
        matches!(join_now(), Err(JoinError::Holder { .. })),
        "moved to a file that is not here"
    );
    run(
        &out.join(&from),
        &format!("delete from guild_fence where guild_id = {guild}"),
    );
    run(
        &out.join(&to),
        &format!("delete from guild_fence where guild_id = {guild}"),
    );
    assert!(matches!(join_now(), Err(JoinError::NoFence { .. })));
}
