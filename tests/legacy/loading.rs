//! A split goes into a fleet: once, whatever happens in between.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use modbot::domain::fence::FenceMode;
use modbot::domain::ids::{GuildId, PodId};
use modbot::operations::legacy::manifest::Manifest;
use modbot::runtime::clock::SystemClock;
use modbot::store::shard_db::{self, Settings, ShardDb, ShardReader};

use super::place;
use super::samples::Sample;
use super::splitting::split;
use crate::config_store::start;
use crate::support::postgres::{TestDb, contents, open, psql};
use crate::support::process::{Outcome, modbotctl, outcome};

/// A split of a sample, and a place for the files of its three pods.
struct Stage {
    sample: Sample,
    manifest: Manifest,
    volumes: tempfile::TempDir,
}

impl Stage {
    fn new(guilds: usize, rows: u64) -> Self {
        let sample = Sample::new(guilds, rows, 11);
        let manifest = split(&sample.path(), 3, &sample.directory.path().join("split"));
        Self {
            sample,
            manifest,
            volumes: place(),
        }
    }

    fn split(&self) -> PathBuf {
        self.sample.directory.path().join("split")
    }

    fn file(&self, pod: u32) -> PathBuf {
        self.volumes.path().join(format!("pod-{pod}.sqlite3"))
    }

    /// `legacy load` of pods into the fleet at `url`.
    fn command(&self, url: &str, pods: &[u32], more: &[&str]) -> Command {
        let mut command = modbotctl();
        command.args(["legacy", "load"]).arg(self.split());
        for pod in pods {
            command
                .arg("--pod")
                .arg(format!("pod-{pod}={}", self.file(*pod).display()));
        }
        command.args(["--yes", "--actor", "ada", "--reason", "cutover", "--store", url]);
        command.args(more);
        command
    }

    fn load(&self, url: &str, more: &[&str]) -> Outcome {
        outcome(&mut self.command(url, &[0, 1, 2], more))
    }

    /// Takes every volume's content away.
    fn clear(&self) {
        for name in names(self.volumes.path()) {
            std::fs::remove_file(self.volumes.path().join(name)).unwrap();
        }
    }

    /// Every guild is in its pod's file with the rows it had, served at the store's epoch, and nowhere else.
    async fn is_in_place(&self, url: &str) {
        let owners: BTreeMap<GuildId, (i32, i64, bool)> =
            sqlx::query_as::<_, (i64, i32, i64, bool)>(sqlx::AssertSqlSafe(format!(
                "select guild_id, pod_id, epoch, born_at is not null and split_id = '{}' from guild",
                self.manifest.split_id
            )))
            .fetch_all(&mut psql(url).await)
            .await
            .unwrap()
            .into_iter()
            .map(|(guild, pod, epoch, ours)| (GuildId::from_i64(guild).unwrap(), (pod, epoch, ours)))
            .collect();
        assert_eq!(owners.len(), self.manifest.guilds.len());
        let scratch = place();
        for facts in &self.manifest.pods {
            let pod = facts.pod;
            let file = self.file(pod.get());
            let fences = ShardReader::open(&file, scratch.path())
                .unwrap()
                .fences()
                .unwrap();
            assert_eq!(fences.len() as u64, facts.guilds, "{pod}");
            let db = ShardDb::open(&file, Settings::default(), Arc::new(SystemClock)).unwrap();
            for fence in fences {
                let guild = fence.guild_id;
                let promised = self
                    .manifest
                    .guilds
                    .iter()
                    .find(|facts| facts.guild == guild)
                    .unwrap();
                assert_eq!(promised.pod, pod);
                assert_eq!(
                    owners[&guild],
                    (pod.as_i32(), fence.state.epoch.as_i64(), true),
                    "guild {guild}"
                );
                assert_eq!(
                    (fence.state.mode, fence.state.epoch.get()),
                    (FenceMode::Serving, 1)
                );
                assert_eq!(
                    db.digests(guild).unwrap().total(),
                    promised.digest,
                    "guild {guild}"
                );
            }
        }
        let left = names(self.volumes.path());
        let strange = left.iter().find(|name| {
            !["sqlite3", "sqlite3.lock", "sqlite3-wal", "sqlite3-shm"]
                .iter()
                .any(|end| name.ends_with(end))
        });
        assert_eq!(strange, None, "left over");
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

async fn column(url: &str, sql: &str) -> Vec<String> {
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned()))
        .fetch_all(&mut psql(url).await)
        .await
        .unwrap()
}

/// The rows of the store that a load makes, without times and revisions.
async fn loaded(url: &str) -> BTreeMap<&'static str, Vec<String>> {
    let mut all = BTreeMap::new();
    for (what, sql) in [
        (
            "guilds",
            "select concat_ws(' ', guild_id, pod_id, epoch, split_id) from guild order by guild_id",
        ),
        (
            "users",
            "select portal_user::text from (select user_id, auth_provider, external_id, email from portal_user) portal_user order by 1",
        ),
        ("pods", "select pod_id || ' ' || state from pod order by 1"),
        (
            "audit",
            "select concat_ws(' ', actor, reason, action, subject) from audit where action <> 'users.load' order by 1",
        ),
    ] {
        all.insert(what, column(url, sql).await);
    }
    all
}

fn json(outcome: &Outcome) -> serde_json::Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome:?}"))
}

#[tokio::test]
async fn a_split_goes_into_a_fleet_once() {
    let stage = Stage::new(30, 4_000);
    let db = TestDb::migrated();
    let url = db.url();

    // First what it would do.
    let empty = contents(&url).await;
    let would = stage.load(&url, &["--dry-run", "-o", "json"]);
    assert_eq!(would.code, Some(0), "{}", would.stderr);
    assert_eq!(json(&would)["item"]["newGuilds"], stage.manifest.guilds.len());
    assert_eq!(contents(&url).await, empty, "a dry run changed the store");
    assert_eq!(names(stage.volumes.path()), [""; 0], "a dry run made a file");

    // The sample has one account that PostgreSQL cannot hold: it is named, and everything else is there.
    let done = stage.load(&url, &["-o", "json"]);
    assert_eq!(done.code, Some(6), "{}", done.stderr);
    let view = &json(&done)["item"];
    let users = stage.manifest.global["users"];
    assert_eq!(view["users"], users);
    assert_eq!(view["newUsers"], users - 1);
    assert_eq!(view["leftOutUsers"][0]["column"], "id");
    stage.is_in_place(&url).await;
    let after = loaded(&url).await;
    assert_eq!(after["users"].len() as u64, users - 1);
    assert_eq!(after["pods"], ["0 offline", "1 offline", "2 offline"]);
    let placed = format!("ada cutover guild.place guild/{}", stage.manifest.guilds[0].guild);
    assert!(after["audit"].contains(&placed), "{:?}", after["audit"]);

    // Then nothing more, even while the pods serve.
    let store = open(&url);
    for pod in 0..3 {
        start(&store, pod, Duration::from_mins(1)).await;
    }
    store.close().await;
    let before = contents(&url).await;
    let again = stage.load(&url, &["-o", "json"]);
    assert_eq!(again.code, Some(6), "{}", again.stderr);
    assert_eq!(json(&again)["item"]["changed"], false);
    assert_eq!(contents(&url).await, before, "loading again changed the store");
    stage.is_in_place(&url).await;
}

#[tokio::test]
async fn a_pod_with_a_file_gets_its_guilds_one_by_one() {
    let stage = Stage::new(12, 1_500);
    let db = TestDb::migrated();
    let url = db.url();
    shard_db::create(&stage.file(1), &SystemClock).unwrap();
    let partly = outcome(&mut stage.command(&url, &[1], &["--partly", "-o", "json"]));
    assert_eq!(partly.code, Some(6), "{}", partly.stderr);
    assert_eq!(json(&partly)["item"]["pods"][0]["how"], "guild by guild");
    assert_eq!(json(&partly)["item"]["left"], serde_json::json!([0, 2]));
    let of_one = stage.manifest.pods[1].guilds;
    assert_eq!(loaded(&url).await["guilds"].len() as u64, of_one);
    let rest = stage.load(&url, &["-o", "json"]);
    assert_eq!(rest.code, Some(6), "{}", rest.stderr);
    assert_eq!(json(&rest)["item"]["pods"][1]["already"], of_one);
    stage.is_in_place(&url).await;
}

/// Loads with three kinds of pods: one has an empty file already.
fn begin(stage: &Stage) {
    stage.clear();
    shard_db::create(&stage.file(2), &SystemClock).unwrap();
}

#[tokio::test]
async fn a_load_that_is_killed_goes_on() {
    let stage = Stage::new(25, 5_000);
    let whole = TestDb::migrated();
    begin(&stage);
    let since = Instant::now();
    assert_eq!(stage.load(&whole.url(), &[]).code, Some(6));
    let took = since.elapsed();
    stage.is_in_place(&whole.url()).await;
    let expected = loaded(&whole.url()).await;

    let (mut untouched, mut half, mut finished) = (0, 0, 0);
    for nth in 0..18_u32 {
        let db = TestDb::migrated();
        let url = db.url();
        begin(&stage);
        // Twice in a row, for what an interrupted run leaves to the next.
        for part in [f64::from(nth) / 17.0, (f64::from(nth) * 0.618).fract()] {
            let mut child = stage
                .command(&url, &[0, 1, 2], &[])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(took.mul_f64(part * 1.05));
            let _ = child.kill();
            child.wait().unwrap();
        }
        let claimed = !column(&url, "select guild_id::text from guild").await.is_empty();
        let users = !column(&url, "select user_id from portal_user").await.is_empty();
        match (claimed, users) {
            (false, _) => untouched += 1,
            (true, false) => half += 1,
            (true, true) => finished += 1,
        }
        let done = stage.load(&url, &[]);
        assert_eq!(done.code, Some(6), "kill {nth}: {}", done.stderr);
        stage.is_in_place(&url).await;
        assert_eq!(loaded(&url).await, expected, "kill {nth}");
    }
    eprintln!("killed before the claim {untouched}, after it {half}, at the end {finished}");
    assert!(half > 0, "no kill came between the claim and the end");
}

#[tokio::test]
async fn guilds_of_the_fleet_stop_a_load_before_it_begins() {
    let stage = Stage::new(12, 1_500);
    let db = TestDb::migrated();
    let url = db.url();
    let store = open(&url);
    let by = crate::config_store::by("test");
    for pod in 0..3 {
        store
            .declare_pod(PodId::new(pod).unwrap(), 100, &by)
            .await
            .unwrap();
    }
    let (mine, other) = (&stage.manifest.guilds[0], &stage.manifest.guilds[1]);
    // Assigned where its rows go: no hindrance. Assigned elsewhere: one.
    store.assign(mine.guild, mine.pod, &by).await.unwrap();
    let elsewhere = PodId::new((other.pod.get() + 1) % 3).unwrap();
    store.assign(other.guild, elsewhere, &by).await.unwrap();
    let before = contents(&url).await;
    let refused = stage.load(&url, &[]);
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    let named = format!(
        "1 guild of the split is in the fleet already: {} (assigned, {elsewhere})",
        other.guild
    );
    assert!(refused.stderr.contains(&named), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("hint: nothing was changed"),
        "{}",
        refused.stderr
    );
    assert_eq!(contents(&url).await, before);
    assert_eq!(names(stage.volumes.path()), [""; 0]);
    store.close().await;

    let db = TestDb::migrated();
    let url = db.url();
    let store = open(&url);
    store.declare_pod(mine.pod, 100, &by).await.unwrap();
    store.assign(mine.guild, mine.pod, &by).await.unwrap();
    assert_eq!(stage.load(&url, &[]).code, Some(6));
    stage.is_in_place(&url).await;
    // Another split of the same guilds comes too late.
    let late = Stage::new(12, 1_500);
    let refused = late.load(&url, &[]);
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(refused.stderr.contains("came with split"), "{}", refused.stderr);
    store.close().await;
}

#[tokio::test]
async fn what_cannot_be_loaded_is_told_before_anything_is_touched() {
    let stage = Stage::new(6, 600);
    let db = TestDb::migrated();
    let url = db.url();
    let before = contents(&url).await;
    let told = async |done: Outcome, code: i32, line: &str| {
        assert_eq!(done.code, Some(code), "{}", done.stderr);
        assert!(done.stderr.contains(line), "{line}\n{}", done.stderr);
        assert_eq!(contents(&url).await, before, "{line}");
        assert!(
            names(stage.volumes.path()).iter().all(|name| name == "other"),
            "{line}"
        );
    };
    let run = |pods: &[u32], more: &[&str]| outcome(&mut stage.command(&url, pods, more));

    told(run(&[0, 1], &[]), 2, "nothing says where the file of pod-2 is").await;
    told(run(&[0, 1, 2, 3], &[]), 2, "the split has no file for pod-3").await;
    told(run(&[0, 1, 2, 2], &[]), 2, "pod-2 is named twice").await;
    let same = format!("pod-1={}", stage.file(0).display());
    told(
        run(&[0, 2], &["--pod", &same]),
        2,
        "is named for pod-1, but it is pod-0's file",
    )
    .await;
    let inside = format!("pod-1={}", stage.split().join("shard-1.sqlite3").display());
    told(run(&[0, 2], &["--pod", &inside]), 2, "pod-1's file in the split").await;
    let nowhere = format!("pod-1={}", stage.volumes.path().join("none/x.sqlite3").display());
    told(run(&[0, 2], &["--pod", &nowhere]), 1, "none").await;

    std::fs::write(stage.volumes.path().join("other"), "no database").unwrap();
    let other = format!("pod-1={}", stage.volumes.path().join("other").display());
    told(
        run(&[0, 2], &["--pod", &other]),
        3,
        "other is not a SQLite database",
    )
    .await;

    // The log of a file that somebody has removed would be played into the new one.
    let log = stage.volumes.path().join("pod-2.sqlite3-wal");
    std::fs::write(&log, "frames").unwrap();
    let refused = run(&[0, 1, 2], &[]);
    std::fs::remove_file(&log).unwrap();
    told(refused, 3, "pod-2.sqlite3-wal exists already").await;

    // A row that was changed in the split after it was verified.
    let shard = stage.split().join("shard-0.sqlite3");
    let whole = std::fs::read(&shard).unwrap();
    let damage = rusqlite::Connection::open(&shard).unwrap();
    damage
        .execute_batch(
            "update message_stats set char_count = char_count + 1; pragma wal_checkpoint(truncate)",
        )
        .unwrap();
    damage.close().unwrap();
    told(run(&[0, 1, 2], &[]), 7, "is another").await;
    std::fs::write(&shard, whole).unwrap();

    let database = TestDb::empty();
    let unmigrated = outcome(&mut stage.command(&database.url(), &[0, 1, 2], &[]));
    assert_eq!(unmigrated.code, Some(3), "{}", unmigrated.stderr);
}

#[tokio::test]
async fn a_running_pod_and_a_file_of_another_fleet_are_left_alone() {
    let stage = Stage::new(6, 600);
    let db = TestDb::migrated();
    let url = db.url();
    let store = open(&url);
    start(&store, 1, Duration::from_mins(1)).await;
    store.close().await;
    let before = contents(&url).await;
    let refused = stage.load(&url, &[]);
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(refused.stderr.contains("pod-1 is running"), "{}", refused.stderr);
    assert_eq!(contents(&url).await, before);
    assert_eq!(names(stage.volumes.path()), [""; 0]);

    let (one, other) = (TestDb::migrated(), TestDb::migrated());
    // Copies of one template are one store, as far as its id says.
    sqlx::query("update store_meta set store_id = gen_random_uuid()")
        .execute(&mut psql(&other.url()).await)
        .await
        .unwrap();
    assert_eq!(stage.load(&one.url(), &[]).code, Some(6));
    let refused = stage.load(&other.url(), &[]);
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("belongs to the fleet of store"),
        "{}",
        refused.stderr
    );
    assert_eq!(loaded(&other.url()).await["guilds"].len(), 0);
}

#[tokio::test]
async fn a_failure_after_the_claim_says_what_to_do() {
    let stage = Stage::new(6, 600);
    let db = TestDb::migrated();
    let url = db.url();
    shard_db::create(&stage.file(1), &SystemClock).unwrap();
    // Somebody has pod-1's file open: seen only when it is to be written.
    let held = ShardDb::open(&stage.file(1), Settings::default(), Arc::new(SystemClock)).unwrap();
    let failed = stage.load(&url, &[]);
    assert_eq!(failed.code, Some(6), "{}", failed.stderr);
    assert!(failed.stderr.contains("hint: run it again"), "{}", failed.stderr);
    // No pod begins a recorded guild anew.
    let unborn = column(&url, "select guild_id::text from guild where born_at is null").await;
    assert_eq!(unborn, [""; 0]);
    drop(held);
    assert_eq!(stage.load(&url, &[]).code, Some(6));
    stage.is_in_place(&url).await;
}

#[tokio::test]
async fn a_split_can_follow_the_fleet() {
    let sample = Sample::new(20, 2_000, 11);
    let volumes = place();
    let db = TestDb::migrated();
    let url = db.url();
    let store = open(&url);
    let by = crate::config_store::by("test");
    for pod in [2, 5] {
        store
            .declare_pod(PodId::new(pod).unwrap(), 100, &by)
            .await
            .unwrap();
    }
    let guilds: Vec<GuildId> = sample.truth.per_guild.keys().copied().collect();
    let assigned = [(guilds[0], 2), (guilds[1], 5), (guilds[2], 5)];
    for (guild, pod) in assigned {
        store.assign(guild, PodId::new(pod).unwrap(), &by).await.unwrap();
    }
    store.close().await;
    let out = sample.directory.path().join("split");
    let mut split = modbotctl();
    split
        .args(["legacy", "split"])
        .arg(sample.path())
        .args(["--assign", "--store", &url, "--out"])
        .arg(&out);
    let done = outcome(&mut split);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let manifest = Manifest::read(&out).unwrap();
    let pods: Vec<u32> = manifest.pods.iter().map(|facts| facts.pod.get()).collect();
    assert_eq!(pods, [2, 5]);
    for (guild, pod) in assigned {
        let facts = manifest.guilds.iter().find(|facts| facts.guild == guild).unwrap();
        assert_eq!(facts.pod.get(), pod);
    }
    assert!(super::verifying::check(&sample.path(), &out).is_whole());
    let mut load = modbotctl();
    load.args(["legacy", "load", "--yes", "--store", &url]).arg(&out);
    for pod in pods {
        let file = volumes.path().join(format!("{pod}.sqlite3"));
        load.arg("--pod").arg(format!("{pod}={}", file.display()));
    }
    let loaded = outcome(&mut load);
    assert_eq!(loaded.code, Some(6), "{}", loaded.stderr);
    // From now on a split is only good for looking at.
    split.arg("--dry-run");
    let late = outcome(&mut split);
    let warning = format!(
        "the fleet serves {} of these guilds already",
        manifest.guilds.len()
    );
    assert!(late.stderr.contains(&warning), "{}", late.stderr);
}
