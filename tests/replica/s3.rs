//! The same replicas out of S3.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use modbot::client::replica::{Bucket, BucketErrorKind, BucketOptions, ReplicaUrl, StaticKeys};
use modbot::local::s3::S3Server;
use modbot::operations::restore::{ReadLimits, RestoreError, Wanted, points, status};

use super::support::*;

pub(super) fn options(secret: &str) -> BucketOptions {
    BucketOptions {
        keys: Some(StaticKeys {
            access_key_id: S3Server::ACCESS_KEY_ID.to_owned(),
            secret_access_key: secret.to_owned().into(),
        }),
        attempts: 2,
        first_delay: Duration::from_millis(1),
        ..BucketOptions::default()
    }
}

pub(super) async fn s3_bucket(server: &S3Server, below: &str) -> Arc<Bucket> {
    let url: ReplicaUrl = format!("s3://replicas/{below}?endpoint={}", server.endpoint())
        .parse()
        .unwrap();
    Arc::new(Bucket::open(url, options(S3Server::SECRET_ACCESS_KEY)).await)
}

/// Puts a directory replica where Litestream would have put it in S3: no `ltx/`, levels with four digits.
fn put(root: &Path, below: &str, replica: &Path) {
    for level in ["0", "1", "2", "9"] {
        let from = replica.join("ltx").join(level);
        let to = root.join("replicas").join(below).join(format!("000{level}"));
        std::fs::create_dir_all(&to).unwrap();
        for file in std::fs::read_dir(from).unwrap().map(|f| f.unwrap()) {
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restores_status_and_points_are_those_of_the_directory() {
    let (root, archive) = (tempfile::tempdir().unwrap(), unpack("v05.tar.xz"));
    let replica = archive.path().join("replica");
    let server = S3Server::start(root.path()).await.unwrap();
    put(root.path(), "modbot/pod-3/lineage-1", &replica);
    let expected = json("v05.expected.json");

    let bucket = s3_bucket(&server, "modbot/pod-3").await;
    let (latest, sha256) = restored(&bucket, Wanted::Latest).await.unwrap();
    assert_eq!(expected["latest"]["sha256"], *sha256);
    assert_eq!(latest.place.to_string(), "lineage-1");
    // Uploaded just now, all at once: only the headers know the times.
    for entry in expected["by_timestamp"].as_array().unwrap().iter().step_by(5) {
        let result = restored(&bucket, as_of(entry["timestamp"].as_str().unwrap())).await;
        let sha256 = result.ok().map(|(_, sha256)| sha256);
        assert_eq!(
            sha256.as_deref(),
            entry["sha256"].as_str(),
            "{}",
            entry["timestamp"]
        );
    }

    let fleet = s3_bucket(&server, "modbot").await;
    let replicas = status(&fleet).await.unwrap();
    assert_eq!(fleet.requests(), 1, "one listing for the whole fleet");
    let ltx = replicas[0].ltx.as_ref().unwrap();
    assert_eq!(replicas[0].place.to_string(), "pod-3/lineage-1");
    assert_eq!(
        (
            ltx.newest.unwrap().txid.get(),
            ltx.broken.as_ref(),
            ltx.gaps.len()
        ),
        (0x32, None, 0)
    );
    assert_eq!(ltx.image.unwrap().txid.get(), 0x27);

    let held = points(&bucket, &ReadLimits::default()).await.unwrap();
    let found: Vec<_> = held[0]
        .points
        .iter()
        .map(|point| point.txid.to_string())
        .collect();
    let by_txid = expected["by_txid"].as_array().unwrap().iter();
    let whole = by_txid
        .filter(|e| e["exit"] == 0)
        .map(|e| e["txid"].as_str().unwrap().to_owned());
    assert_eq!(found, whole.collect::<Vec<_>>());
    assert_eq!(held[0].points[1].at.to_string(), "2026-11-21T19:08:14.377Z");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_s3_refuses_is_told_apart() {
    let root = tempfile::tempdir().unwrap();
    let server = S3Server::start(root.path()).await.unwrap();
    server.make_bucket("replicas").unwrap();
    let nothing = restored(&s3_bucket(&server, "modbot/pod-3").await, Wanted::Latest)
        .await
        .unwrap_err();
    assert!(
        matches!(nothing, RestoreError::NoReplica { .. }),
        "{}",
        told(&nothing)
    );

    let url = format!("s3://replicas/x?endpoint={}", server.endpoint());
    let denied = Bucket::open(url.parse().unwrap(), options("wrong"))
        .await
        .list()
        .await
        .unwrap_err();
    assert_eq!(denied.kind, BucketErrorKind::Denied, "{}", denied.source);

    let url = format!("s3://elsewhere/x?endpoint={}", server.endpoint());
    let bucket = Bucket::open(url.parse().unwrap(), options(S3Server::SECRET_ACCESS_KEY)).await;
    let missing = bucket.list().await.unwrap_err();
    assert_eq!(missing.kind, BucketErrorKind::Missing, "{}", missing.source);

    let port = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("s3://replicas/x?endpoint=http://127.0.0.1:{port}");
    let bucket = Bucket::open(url.parse().unwrap(), options("any")).await;
    let unreached = bucket.list().await.unwrap_err();
    assert_eq!(unreached.kind, BucketErrorKind::Transient, "{}", unreached.source);
    assert_eq!(bucket.requests(), 2, "tried again once");
}
