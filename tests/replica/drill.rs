//! Drills: what a fleet's replicas are worth, and that a drill that must fail does.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use modbot::operations::restore::{ReplicaStatus, status};
use modbot::store::config_db::By;
use modbot::store::shard_db;
use sqlx::Executor as _;

use super::live::{Sidecar, litestream};
use super::support::bucket;
use crate::support::config::pod;
use crate::support::postgres::{TestDb, open, psql};
use crate::support::process::{Outcome, modbotctl, outcome};
use crate::support::wait;

/// Two shards out of an old database, replicated by the real Litestream, and a store that knows their guilds.
struct Fleet {
    dir: tempfile::TempDir,
    store: TestDb,
}

impl Fleet {
    async fn replicated(litestream: &Path) -> Self {
        let fleet = Self {
            dir: tempfile::tempdir().unwrap(),
            store: TestDb::migrated(),
        };
        let old = fleet.path("old.sqlite3");
        let made = outcome(
            modbotctl()
                .args([
                    "legacy", "sample", "--guilds", "12", "--rows", "2000", "--seed", "3", "--out",
                ])
                .arg(&old),
        );
        assert_eq!(made.code, Some(0), "{}", made.stderr);
        let split = outcome(
            modbotctl()
                .args(["legacy", "split", "--pods", "2"])
                .arg(&old)
                .arg("--out")
                .arg(fleet.path("split")),
        );
        assert_eq!(split.code, Some(0), "{}", split.stderr);
        fleet.tell_store().await;
        fleet.replicate(litestream).await;
        fleet
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn shard(&self, number: u32) -> PathBuf {
        self.path(&format!("split/shard-{number}.sqlite3"))
    }

    async fn tell_store(&self) {
        let db = open(&self.store.url());
        let by = By::daemon("test");
        for number in 0..2 {
            // As `legacy load` hands the files to their pods.
            rusqlite::Connection::open(self.shard(number))
                .unwrap()
                .execute("update guild_fence set epoch = 1", [])
                .unwrap();
            db.declare_pod(pod(number), 100, &by).await.unwrap();
            for guild in shard_db::inspect(&self.shard(number), false).unwrap().guilds {
                db.assign(guild.guild_id, pod(number), &by).await.unwrap();
            }
        }
        self.sql(
            "update guild set placed_at = now() - interval '1 hour', born_at = now() - interval '1 hour'",
        )
        .await;
    }

    async fn sql(&self, text: &str) {
        psql(&self.store.url())
            .await
            .execute(sqlx::AssertSqlSafe(text))
            .await
            .unwrap();
    }

    async fn replicate(&self, litestream: &Path) {
        let replicas = self.path("replicas");
        let db = |number| {
            format!(
                "  - path: {}\n    monitor-interval: 50ms\n    replica: {{url: \"file://{}/pod-{number}/lineage-1\", sync-interval: 50ms}}\n",
                self.shard(number).display(),
                replicas.display()
            )
        };
        let config = self.path("litestream.yml");
        std::fs::write(&config, format!("dbs:\n{}{}", db(0), db(1))).unwrap();
        let sidecar = Sidecar(
            Command::new(litestream)
                .arg("replicate")
                .arg("-config")
                .arg(&config)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        );
        let bucket = bucket(&replicas).await;
        let shards = [0, 1].map(|number| rusqlite::Connection::open(self.shard(number)).unwrap());
        // More than an image, so that something is left where the image is lost.
        wait::until_async("both shards to be replicated", async || {
            for shard in &shards {
                shard
                    .execute("update guild_fence set writes = writes + 1", [])
                    .unwrap();
            }
            let held = status(&bucket).await.ok()?;
            let newest = |one: &ReplicaStatus| one.ltx.as_ref().and_then(|ltx| ltx.newest);
            let far = held
                .iter()
                .filter_map(newest)
                .filter(|newest| newest.txid.get() > 2);
            (far.count() == 2).then_some(())
        })
        .await;
        drop(sidecar);
    }

    /// The fleet's replicas once more, to be spoilt.
    fn copied(&self, name: &str) -> PathBuf {
        let to = self.path(name);
        let copied = Command::new("cp")
            .arg("-a")
            .arg(self.path("replicas"))
            .arg(&to)
            .status()
            .unwrap();
        assert!(copied.success());
        to
    }

    fn drill(&self, replicas: &Path, more: &[&str]) -> Outcome {
        let scratch = self.path("scratch");
        let done = outcome(
            modbotctl()
                .args(["drill", "run", "--replicas"])
                .arg(format!("file://{}", replicas.display()))
                .arg("--scratch")
                .arg(&scratch)
                .env("MODBOT_STORE_URL", self.store.url())
                .args(more),
        );
        if scratch.exists() {
            let left = std::fs::read_dir(&scratch).unwrap().count();
            assert_eq!(left, 0, "nothing stays in the scratch directory");
        }
        done
    }

    /// The drill fails with pod-1 alone, for a reason with these words.
    fn fails(&self, replicas: &Path, more: &[&str], words: &str) {
        let done = self.drill(replicas, more);
        assert_eq!(done.code, Some(7), "{}{}", done.stdout, done.stderr);
        assert!(done.stderr.contains("warning: pod-1: "), "{}", done.stderr);
        assert!(!done.stderr.contains("warning: pod-0: "), "{}", done.stderr);
        assert!(done.stderr.contains(words), "{words}: {}", done.stderr);
    }
}

/// The files of a pod's replica that hold its first transaction: nothing can be restored without one of them.
fn images(replicas: &Path, pod: &str) -> Vec<PathBuf> {
    let ltx = replicas.join(pod).join("lineage-1/ltx");
    let levels = std::fs::read_dir(ltx).unwrap().map(|level| level.unwrap().path());
    let files = levels.flat_map(|level| std::fs::read_dir(level).unwrap());
    let files = files.map(|file| file.unwrap().path());
    files
        .filter(|file| {
            file.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("0000000000000001-")
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_passes_where_everything_can_be_had_back_and_names_what_cannot() {
    let Some(litestream) = litestream() else { return };
    let fleet = Fleet::replicated(&litestream).await;
    let replicas = fleet.path("replicas");

    let report = fleet.path("drill.xml");
    let more = [
        "--rto",
        "5m",
        "--rpo",
        "1h",
        "--integrity",
        "full",
        "-o",
        "json",
        "--junit",
    ];
    let passed = fleet.drill(&replicas, &[&more[..], &[report.to_str().unwrap()]].concat());
    assert_eq!((passed.code, passed.stderr.as_str()), (Some(0), ""));
    let document: serde_json::Value = serde_json::from_str(&passed.stdout).unwrap();
    let rows: u64 = document["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["rows"].as_u64().unwrap())
        .sum();
    let in_files: u64 = (0..2)
        .flat_map(|number| shard_db::inspect(&fleet.shard(number), false).unwrap().guilds)
        .map(|guild| guild.rows)
        .sum();
    assert_eq!((rows, document["kind"].as_str()), (in_files, Some("DrillList")));
    let report = std::fs::read_to_string(report).unwrap();
    assert!(report.contains("tests=\"2\" failures=\"0\""), "{report}");

    let late = fleet.drill(&replicas, &["pod-1", "--rpo", "1ms", "--rto", "1us"]);
    assert_eq!(late.code, Some(7));
    assert!(late.stderr.contains("old, the limit is 0.0 s"), "{}", late.stderr);
    assert!(late.stderr.contains("the restore took"), "{}", late.stderr);

    let nobody = fleet.drill(&replicas, &["pod-7"]);
    assert_eq!(nobody.code, Some(5), "{}", nobody.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_of_a_spoilt_replica_fails_and_says_which() {
    let Some(litestream) = litestream() else { return };
    let fleet = Fleet::replicated(&litestream).await;
    let removed = fleet.copied("removed");
    for file in images(&removed, "pod-1") {
        std::fs::remove_file(file).unwrap();
    }
    fleet.fails(&removed, &[], "cannot be restored");

    let flipped = fleet.copied("flipped");
    for file in images(&flipped, "pod-1") {
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, bytes).unwrap();
    }
    fleet.fails(&flipped, &[], "lineage-1/ltx/");

    let gone = fleet.copied("gone");
    std::fs::remove_dir_all(gone.join("pod-1")).unwrap();
    fleet.fails(&gone, &[], "there is no replica");

    let swapped = fleet.copied("swapped");
    std::fs::remove_dir_all(swapped.join("pod-1")).unwrap();
    std::fs::rename(swapped.join("pod-0"), swapped.join("pod-1")).unwrap();
    let done = fleet.drill(&swapped, &["pod-1"]);
    assert_eq!(done.code, Some(7));
    assert!(
        done.stderr.contains("is this shard's at epoch 1, and not in it"),
        "{}",
        done.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_holds_fences_against_what_the_store_says_of_the_time() {
    let Some(litestream) = litestream() else { return };
    let fleet = Fleet::replicated(&litestream).await;
    let replicas = fleet.path("replicas");
    let raised = "set modbot.recovering = 'yes'; update guild set epoch = epoch + 1
                   where guild_id = (select min(guild_id) from guild where pod_id = 1)";
    fleet.sql(raised).await;
    fleet.fails(
        &replicas,
        &[],
        "is serving at epoch 1 here, and pod-1's at epoch 2 for the store",
    );
    // The same said after the state was written is no contradiction.
    fleet
        .sql("update guild set born_at = now() + interval '1 hour' where epoch = 2")
        .await;
    let passed = fleet.drill(&replicas, &[]);
    assert_eq!((passed.code, passed.stderr.as_str()), (Some(0), ""));
    let alone = fleet.drill(&replicas, &["--without-store"]);
    assert_eq!(alone.code, Some(0), "{}", alone.stderr);
}
