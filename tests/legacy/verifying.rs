//! Verifying: whatever is wrong with a split is named.

use std::path::{Path, PathBuf};

use modbot::domain::legacy::tables::OldTable;
use modbot::operations::legacy::manifest::Manifest;
use modbot::operations::legacy::progress::Silent;
use modbot::operations::legacy::verify::{Report, verify};
use rusqlite::Connection;

use super::place;
use super::samples::Sample;
use super::splitting::{shared_databases, split};

pub(crate) fn check(source: &Path, out: &Path) -> Report {
    let scratch = place();
    verify(source, out, scratch.path(), &Silent).unwrap()
}

/// A sample split over three pods, to be damaged again and again.
struct Whole {
    sample: Sample,
    out: PathBuf,
    manifest: Manifest,
}

impl Whole {
    fn new() -> Self {
        Self::over(3)
    }

    fn over(pods: u32) -> Self {
        let sample = Sample::new(12, 1_000, 5);
        let out = sample.directory.path().join("out");
        let manifest = split(&sample.path(), pods, &out);
        Self {
            sample,
            out,
            manifest,
        }
    }

    /// The findings after `sql` has run on a file of a copy.
    fn damaged(&self, file: &str, sql: &str) -> (Report, Vec<String>) {
        let copy = self.sample.directory.path().join("copy");
        std::fs::create_dir(&copy).unwrap();
        for entry in std::fs::read_dir(&self.out).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
        }
        let connection = Connection::open(copy.join(file)).unwrap();
        connection
            .execute_batch(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        connection.close().unwrap();
        let report = check(&self.sample.path(), &copy);
        std::fs::remove_dir_all(&copy).unwrap();
        let findings = report.findings.iter().map(ToString::to_string).collect();
        (report, findings)
    }

    /// Another guild with some rows in the same file.
    fn another_in(&self, file: &str, guild: &str) -> String {
        let pod = self.manifest.pods.iter().find(|pod| pod.file == file).unwrap();
        let other = self
            .manifest
            .guilds
            .iter()
            .find(|facts| facts.pod == pod.pod && facts.guild.to_string() != guild && facts.rows > 5);
        other.unwrap().guild.to_string()
    }

    /// A guild with rows in every table that goes to pods: the largest, in which the traps are set.
    fn largest(&self) -> (String, String) {
        let facts = self
            .manifest
            .guilds
            .iter()
            .max_by_key(|guild| guild.rows)
            .unwrap();
        let pod = self
            .manifest
            .pods
            .iter()
            .find(|pod| pod.pod == facts.pod)
            .unwrap();
        (facts.guild.to_string(), pod.file.clone())
    }
}

#[test]
fn a_whole_split_has_no_findings() {
    let whole = Whole::new();
    let report = check(&whole.sample.path(), &whole.out);
    assert_eq!(report.findings, []);
    assert!(report.is_whole());
    for table in &report.tables {
        let placed = table.pods + table.global + table.quarantine + table.not_carried;
        assert_eq!(placed, table.source, "{}", table.table);
    }
    assert_eq!(report.tables.iter().map(|table| table.source).sum::<u64>(), 1_000);
}

#[test]
fn the_shared_databases_verify() {
    let home = place();
    for (source, _) in shared_databases(home.path()) {
        let out = home.path().join("out");
        split(&source, 3, &out);
        let report = check(&source, &out);
        assert_eq!(report.findings, []);
        std::fs::remove_dir_all(&out).unwrap();
    }
}

#[test]
fn every_table_is_compared_row_for_row() {
    let whole = Whole::over(1);
    let (guild, file) = whole.largest();
    let other = whole.another_in(&file, &guild);
    for table in OldTable::ALL
        .into_iter()
        .filter(|table| table.spec().goes_to_a_pod())
    {
        let this_row = one_row(&whole.out.join(&file), table, &guild);

        let (report, findings) = whole.damaged(&file, &format!("delete from {table} where {this_row}"));
        assert_eq!(
            report.wrong_rows.get("missing"),
            Some(&1),
            "{table}: {findings:?}"
        );
        assert!(
            findings[0].contains(&format!("{file}: {table} of guild {guild} ")),
            "{findings:?}"
        );

        let changed = changed_column(table);
        let (report, findings) = whole.damaged(
            &file,
            &format!("update {table} set {changed} = 77 where {this_row}"),
        );
        if table == OldTable::HoneypotConfig {
            // All of it is key: another value is another row.
            let wrong: Vec<_> = report.wrong_rows.keys().copied().collect();
            assert_eq!(wrong, ["added", "missing"], "{findings:?}");
        } else {
            assert_eq!(
                report.wrong_rows.get("changed"),
                Some(&1),
                "{table}: {findings:?}"
            );
            assert!(
                findings[0].ends_with(&format!("changed in {changed}")),
                "{findings:?}"
            );
        }

        let (report, findings) = whole.damaged(
            &file,
            &format!("update or replace {table} set guild_id = {other} where {this_row}"),
        );
        let wrong: Vec<_> = report.wrong_rows.keys().copied().collect();
        assert!(
            wrong.contains(&"moved") || (table == OldTable::Guilds || table == OldTable::GuildSubscriptions),
            "{table}: {findings:?}"
        );
        assert!(
            findings
                .iter()
                .any(|f| f.contains(&guild) && f.contains(table.name())),
            "{table}: {findings:?}"
        );
        assert!(!report.is_whole());

        let (report, findings) = whole.damaged(&file, &insert_another(&whole.out.join(&file), table, &guild));
        assert_eq!(report.wrong_rows.get("added"), Some(&1), "{table}: {findings:?}");
    }
}

/// The condition that one row of the guild meets, and no other.
fn one_row(file: &Path, table: OldTable, guild: &str) -> String {
    let one = format!("(select * from {table} where guild_id = {guild} limit 1)");
    let matches: Vec<String> = key_columns(file, table)
        .iter()
        .map(|k| format!("{k} = (select {k} from {one})"))
        .collect();
    matches.join(" and ")
}

/// The columns of a pod's key.
fn key_columns(file: &Path, table: OldTable) -> Vec<String> {
    let connection = Connection::open(file).unwrap();
    let mut statement = connection
        .prepare("select name from pragma_table_info(?1) where pk > 0 order by pk")
        .unwrap();
    statement
        .query_map([table.name()], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

/// A column outside the key.
const fn changed_column(table: OldTable) -> &'static str {
    match table {
        OldTable::Guilds => "quorum",
        OldTable::MessageStats => "react_count",
        OldTable::MessageCache => "last_touched",
        OldTable::ReportedMessages => "deleted_at",
        OldTable::Escalations => "scheduled_for",
        OldTable::EscalationRecords => "voted_at",
        OldTable::GuildSubscriptions
        | OldTable::ModActions
        | OldTable::UserThreads
        | OldTable::DeletionLogThreads
        | OldTable::ReactjiChannelerConfig => "created_at",
        OldTable::HoneypotConfig => "channel_id",
        OldTable::TicketsConfig => "role_id",
        OldTable::ChannelInfo => "category",
        OldTable::Users | OldTable::Sessions => "id",
    }
}

/// A statement that adds a row which no source has, made from one that is there.
fn insert_another(file: &Path, table: OldTable, guild: &str) -> String {
    let connection = Connection::open(file).unwrap();
    let statement = connection
        .prepare(&format!("select * from {table} limit 0"))
        .unwrap();
    let columns: Vec<String> = statement
        .column_names()
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    let key = key_columns(file, table);
    let parts: Vec<String> = columns
        .iter()
        .map(|column| match column.as_str() {
            // The tables with one row a guild get one for a guild that has none.
            "guild_id" if key.len() == 1 => "4194304999".to_owned(),
            "guild_id" => "guild_id".to_owned(),
            column
                if key.iter().any(|k| k == column) || matches!(column, "reported_message_id" | "emoji") =>
            {
                format!("iif(typeof({column}) = 'integer', {column} + 12345671, {column} || '9')")
            }
            column => column.to_owned(),
        })
        .collect();
    format!(
        "insert into {table} ({}) select {} from {table} where guild_id = {guild} limit 1",
        columns.join(", "),
        parts.join(", ")
    )
}

/// Damages the file and finds that said, of that file alone.
fn is_said(whole: &Whole, file: &str, sql: &str, said: &str) {
    let (report, findings) = whole.damaged(file, sql);
    assert!(!report.is_whole(), "{sql}");
    assert!(
        findings.iter().any(|finding| finding.contains(said)),
        "{sql}: {findings:?}"
    );
    assert!(
        findings.iter().all(|finding| finding.starts_with(file)),
        "{sql}: {findings:?}"
    );
}

#[test]
fn fences_are_compared_too() {
    let whole = Whole::new();
    let (guild, file) = whole.largest();
    for (sql, said) in [
        (
            format!("update guild_fence set epoch = 2 where guild_id = {guild}"),
            "epoch 2",
        ),
        (
            format!("update guild_fence set mode = 'tombstone' where guild_id = {guild}"),
            "tombstone",
        ),
        (
            format!("update guild_fence set shard_id = shard_id + 1 where guild_id = {guild}"),
            "Discord shard",
        ),
        (
            format!("delete from guild_fence where guild_id = {guild}"),
            "no fence",
        ),
        (
            "insert into guild_fence (guild_id, epoch, mode) values (5, 1, 'serving')".into(),
            "not its own",
        ),
        (
            format!(
                "insert into timer (guild_id, timer_id, kind, payload, due_at) values ({guild}, 't', 'k', '', 0)"
            ),
            "1 rows of timer",
        ),
        (
            "update meta set value = 'x' where key = 'legacy_split_id'".into(),
            "of another split",
        ),
    ] {
        is_said(&whole, &file, &sql, said);
    }
}

#[test]
fn other_files_are_compared_too() {
    let whole = Whole::new();
    for (file, sql, said) in [
        (
            "global.sqlite3",
            "delete from users where rowid = (select min(rowid) from users)",
            "missing",
        ),
        (
            "global.sqlite3",
            "update users set email = 'x' where rowid = (select max(rowid) from users)",
            "changed",
        ),
        (
            "global.sqlite3",
            "insert into users (id, externalId) values ('new', '1')",
            "added",
        ),
        (
            "quarantine.sqlite3",
            "delete from tickets_config",
            "tickets_config rowid",
        ),
        (
            "quarantine.sqlite3",
            "update message_cache set content = 'x'",
            "changed",
        ),
        (
            "quarantine.sqlite3",
            "update quarantine set reason = 'x' where table_name = 'guilds'",
            "another reason",
        ),
        (
            "quarantine.sqlite3",
            "insert into honeypot_config values ('1', '2')",
            "added",
        ),
    ] {
        is_said(&whole, file, sql, said);
    }
}

#[test]
fn a_file_that_is_missing_or_damaged_is_named() {
    let whole = Whole::new();
    let (_, file) = whole.largest();
    let bytes = std::fs::read(whole.out.join(&file)).unwrap();
    for name in [file.as_str(), "global.sqlite3", "quarantine.sqlite3"] {
        let path = whole.out.join(name);
        let kept = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let report = check(&whole.sample.path(), &whole.out);
        assert!(
            report.findings[0].to_string().starts_with(&format!("{name}: ")),
            "{:?}",
            report.findings
        );
        std::fs::write(&path, &kept[..kept.len() / 2]).unwrap();
        let report = check(&whole.sample.path(), &whole.out);
        assert!(
            report.findings[0].to_string().starts_with(&format!("{name}: ")),
            "{:?}",
            report.findings
        );
        std::fs::write(&path, &kept).unwrap();
    }
    assert!(std::fs::read(whole.out.join(&file)).unwrap() == bytes);
    assert!(check(&whole.sample.path(), &whole.out).is_whole());
}

#[test]
fn a_source_that_has_changed_since_is_told_from_a_damaged_split() {
    let whole = Whole::new();
    let connection = Connection::open(whole.sample.path()).unwrap();
    let (guild, _) = whole.largest();
    connection
        .execute("update message_stats set react_count = 5000 where rowid = (select max(rowid) from message_stats where guild_id = ?1 and typeof(char_count) = 'integer')", [&guild])
        .unwrap();
    drop(connection);
    let report = check(&whole.sample.path(), &whole.out);
    assert!(
        !report.is_whole() && report.source_changed,
        "{:?}",
        report.findings
    );
}
