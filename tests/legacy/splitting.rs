//! Splitting: every row is where it belongs, or in quarantine with the right reason.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use modbot::domain::ids::{GuildId, NumShards};
use modbot::domain::legacy::tables::OldTable;
use modbot::operations::legacy::manifest::Manifest;
use modbot::operations::legacy::progress::Silent;
use modbot::operations::legacy::split::{self, Options, Placement};
use modbot::runtime::clock::SystemClock;
use rusqlite::Connection;

use super::place;
use super::samples::Sample;

pub(crate) fn options(pods: u32) -> Options {
    Options {
        placement: Placement::Even(NonZeroU32::new(pods).unwrap()),
        num_shards: NumShards::DEFAULT,
        writers: 2,
        leave: Vec::new(),
    }
}

/// Splits into `out` beside the source.
pub(crate) fn split(source: &Path, pods: u32, out: &Path) -> Manifest {
    let scratch = place();
    split::split(source, out, scratch.path(), options(pods), &SystemClock, &Silent)
        .unwrap()
        .1
}

/// The old databases that come with the project's shared data; none where that is absent.
pub(crate) fn shared_databases(into: &Path) -> Vec<(PathBuf, Option<serde_json::Value>)> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/legacy");
    if !shared.is_dir() {
        eprintln!("skipped: {} is absent", shared.display());
        return Vec::new();
    }
    let fixture = into.join("fixture.sqlite3");
    std::fs::copy(shared.join("real-fixture.sqlite3"), &fixture).unwrap();
    let large = into.join("large.sqlite3");
    let unpacked = std::process::Command::new("xz")
        .args(["-dc"])
        .arg(shared.join("legacy-120g-60k.sqlite3.xz"))
        .stdout(std::fs::File::create(&large).unwrap())
        .status();
    let manifest = std::fs::read_to_string(shared.join("legacy-120g-60k.manifest.json")).unwrap();
    let mut databases = vec![(fixture, None)];
    match unpacked {
        Ok(status) if status.success() => {
            databases.push((large, Some(serde_json::from_str(&manifest).unwrap())));
        }
        other => eprintln!("skipped the larger database: xz says {other:?}"),
    }
    databases
}

type Counts = BTreeMap<String, BTreeMap<String, u64>>;

/// Rows per guild and table over all pods' files.
fn counts_in(out: &Path, manifest: &Manifest) -> Counts {
    let mut counts = Counts::new();
    for pod in &manifest.pods {
        let connection = Connection::open(out.join(&pod.file)).unwrap();
        for table in OldTable::ALL
            .into_iter()
            .filter(|table| table.spec().goes_to_a_pod())
        {
            let mut statement = connection
                .prepare(&format!(
                    "select guild_id, count(*) from {table} group by guild_id"
                ))
                .unwrap();
            let rows = statement
                .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
                .unwrap();
            for (guild, rows) in rows.map(Result::unwrap) {
                let counted = counts.entry(guild.to_string()).or_default();
                let before = counted.insert(table.to_string(), rows.cast_unsigned());
                assert_eq!(before, None, "guild {guild} is in two files");
            }
        }
    }
    counts
}

/// Rows in quarantine per table and reason.
fn quarantine_in(out: &Path) -> BTreeMap<(String, String, Option<String>), u64> {
    let connection = Connection::open(out.join("quarantine.sqlite3")).unwrap();
    let mut statement = connection
        .prepare("select table_name, reason, column_name, count(*) from quarantine group by 1, 2, 3")
        .unwrap();
    let rows = statement
        .query_map([], |row| {
            Ok((
                (row.get(0)?, row.get(1)?, row.get(2)?),
                row.get::<_, i64>(3)?.cast_unsigned(),
            ))
        })
        .unwrap();
    let reasons: BTreeMap<_, _> = rows.map(Result::unwrap).collect();
    for table in OldTable::ALL {
        let kept: i64 = connection
            .query_row(&format!("select count(*) from {table}"), [], |row| row.get(0))
            .unwrap();
        let with_reason: u64 = reasons
            .iter()
            .filter(|((name, ..), _)| name == table.name())
            .map(|(_, rows)| rows)
            .sum();
        assert_eq!(kept.cast_unsigned(), with_reason, "{table}");
    }
    reasons
}

#[test]
fn a_sample_is_split_as_its_truth_says() {
    let sample = Sample::new(30, 4_000, 3);
    let truth: Counts = sample
        .truth
        .per_guild
        .iter()
        .map(|(guild, tables)| {
            (
                guild.to_string(),
                tables
                    .iter()
                    .map(|(table, rows)| (table.to_string(), *rows))
                    .collect(),
            )
        })
        .collect();
    let refused: BTreeMap<_, _> = sample
        .truth
        .quarantined
        .iter()
        .map(|((table, refusal), rows)| {
            (
                (
                    table.to_string(),
                    refusal.name().to_owned(),
                    refusal.column().map(str::to_owned),
                ),
                *rows,
            )
        })
        .fold(BTreeMap::new(), |mut sums, (key, rows)| {
            *sums.entry(key).or_insert(0) += rows;
            sums
        });
    for pods in [1, 3, 7] {
        let out = sample.directory.path().join(format!("out-{pods}"));
        let manifest = split(&sample.path(), pods, &out);
        assert_eq!(counts_in(&out, &manifest), truth);
        assert_eq!(quarantine_in(&out), refused);
        let dropped: u64 = sample.truth.dropped.values().sum();
        let global: u64 = sample.truth.global.values().sum();
        assert_eq!(
            manifest.not_carried,
            BTreeMap::from([("sessions".to_owned(), dropped)])
        );
        assert_eq!(manifest.global, BTreeMap::from([("users".to_owned(), global)]));
        assert_eq!(
            manifest.carried() + manifest.quarantined() + dropped + global,
            4_000
        );
        assert_eq!(Manifest::read(&out).unwrap(), manifest);
        fences_and_pods_fit(&out, &manifest);
    }
}

/// Every guild is served by the one pod that has its Discord shard, at the old bot's epoch.
fn fences_and_pods_fit(out: &Path, manifest: &Manifest) {
    for pod in &manifest.pods {
        let connection = Connection::open(out.join(&pod.file)).unwrap();
        let mut statement = connection
            .prepare("select guild_id, epoch, mode, shard_id from guild_fence order by 1")
            .unwrap();
        let fences: Vec<(i64, i64, String, i64)> = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let expected: Vec<_> = manifest
            .guilds
            .iter()
            .filter(|guild| guild.pod == pod.pod)
            .map(|guild| {
                let shard = guild.guild.discord_shard(manifest.num_shards);
                assert!(pod.discord_shards.contains(&shard));
                (
                    guild.guild.as_i64(),
                    0,
                    "serving".to_owned(),
                    i64::from(shard.get()),
                )
            })
            .collect();
        assert_eq!(fences, expected);
    }
}

#[test]
fn the_shared_databases_are_split_as_their_manifest_says() {
    let home = place();
    for (source, truth) in shared_databases(home.path()) {
        for pods in [1, 3, 7] {
            let out = home.path().join("out");
            let before = std::fs::read(&source).unwrap();
            let manifest = split(&source, pods, &out);
            assert!(
                std::fs::read(&source).unwrap() == before,
                "the source has changed"
            );
            let counts = counts_in(&out, &manifest);
            let reasons = quarantine_in(&out);
            match &truth {
                None => assert_eq!(reasons, BTreeMap::new()),
                Some(truth) => counts_are_those_of(truth, &counts, &reasons, &out),
            }
            std::fs::remove_dir_all(&out).unwrap();
        }
    }
}

/// Compares with a manifest of true counts: guilds that a pod can own in the files, the others in quarantine.
fn counts_are_those_of(
    truth: &serde_json::Value,
    counts: &Counts,
    reasons: &BTreeMap<(String, String, Option<String>), u64>,
    out: &Path,
) {
    let per_guild: Counts = serde_json::from_value(truth["per_guild"].clone()).unwrap();
    let strip = |tables: BTreeMap<String, u64>| tables.into_iter().filter(|(_, rows)| *rows > 0).collect();
    let (ownable, not): (Counts, Counts) = per_guild
        .into_iter()
        .map(|(guild, tables)| (guild, strip(tables)))
        .partition(|(guild, _)| guild.parse::<GuildId>().is_ok());
    assert_eq!(*counts, ownable);
    let mut in_quarantine: BTreeMap<String, u64> = BTreeMap::new();
    for ((table, ..), rows) in reasons {
        *in_quarantine.entry(table.clone()).or_default() += rows;
    }
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for (table, rows) in not.into_values().flatten() {
        *expected.entry(table).or_default() += rows;
    }
    let ids = |case: &str, key: &str| -> Vec<String> {
        let cases = truth["edge_cases"].as_array().unwrap();
        let found = cases
            .iter()
            .find(|c| c["case"].as_str().unwrap().starts_with(case))
            .unwrap();
        serde_json::from_value(found[key].clone()).unwrap()
    };
    let quarantine = Connection::open(out.join("quarantine.sqlite3")).unwrap();
    let holds = |table: &str, key: &str, id: &String| -> bool {
        let sql = format!("select exists (select 1 from {table} where {key} = ?1)");
        quarantine.query_row(&sql, [id], |row| row.get(0)).unwrap()
    };
    let tickets = ids("tickets_config rows whose guild", "message_ids");
    let votes = ids("escalation_records whose escalation", "ids");
    *expected.entry("tickets_config".into()).or_default() += tickets.len() as u64;
    *expected.entry("escalation_records".into()).or_default() += votes.len() as u64;
    assert_eq!(in_quarantine, expected);
    assert!(tickets.iter().all(|id| holds("tickets_config", "message_id", id)));
    assert!(votes.iter().all(|id| holds("escalation_records", "id", id)));
}
