//! A pod's replicas over several lives.

use std::path::{Path, PathBuf};

use modbot::domain::replica::LineageNo;
use modbot::operations::restore::{Note, RestoreError, Wanted, restore};

use super::support::*;

/// The recorded replica as lineage 1 of a pod, up to transaction 27; what `then` is given becomes lineage 2.
fn two_lives(then: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let archive = unpack("v05.tar.xz");
    let pod = archive.path().join("pod-3");
    std::fs::create_dir(&pod).unwrap();
    let replica = archive.path().join("replica");
    let second = pod.join("lineage-2");
    for key in then {
        let to = second.join(key);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(replica.join(key), to).unwrap();
    }
    std::fs::remove_dir_all(replica.join("ltx/0")).unwrap();
    remove_after(&replica.join("ltx/1"), "0000000000000028");
    std::fs::rename(&replica, pod.join("lineage-1")).unwrap();
    (archive, pod)
}

fn remove_after(level: &Path, first: &str) {
    for file in std::fs::read_dir(level).unwrap().map(|file| file.unwrap()) {
        if file.file_name().to_str().unwrap() >= first {
            std::fs::remove_file(file.path()).unwrap();
        }
    }
}

const IMAGE_27: &str = "ltx/9/0000000000000001-0000000000000027.ltx";
const DELTA_2C: &str = "ltx/1/0000000000000028-000000000000002c.ltx";

fn entry(list: &str, at: usize) -> serde_json::Value {
    json("v05.expected.json")[list][at].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_lineage_counts_from_its_first_image() {
    let (_dir, pod) = two_lives(&[DELTA_2C]);
    let (restored_, sha256) = restored(&bucket(&pod).await, Wanted::Latest).await.unwrap();
    assert_eq!(
        (restored_.place.to_string(), restored_.txid.unwrap().get()),
        ("lineage-1".to_owned(), 0x27)
    );
    assert_eq!(entry("by_txid", 0x26)["sha256"], *sha256);
    assert!(
        matches!(&restored_.notes[..], [Note::NoImageYet { lineage }] if lineage.to_string() == "lineage-2")
    );

    let (_dir, pod) = two_lives(&[IMAGE_27, DELTA_2C]);
    let (restored_, sha256) = restored(&bucket(&pod).await, Wanted::Latest).await.unwrap();
    assert_eq!(
        (restored_.place.to_string(), restored_.txid.unwrap().get()),
        ("lineage-2".to_owned(), 0x2c)
    );
    assert_eq!(entry("by_txid", 0x2b)["sha256"], *sha256);
    assert_eq!(restored_.notes, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_finds_its_lineage_and_a_transaction_must_be_told_which() {
    let (dir, pod) = two_lives(&[IMAGE_27, DELTA_2C]);
    let replica = bucket(&pod).await;
    for at in [2, 9, 16] {
        let expected = entry("by_timestamp", at);
        let wanted = as_of(expected["timestamp"].as_str().unwrap());
        let (found, sha256) = restored(&replica, wanted).await.unwrap();
        assert_eq!(
            (found.place.to_string(), expected["sha256"].as_str()),
            ("lineage-1".to_owned(), Some(&*sha256))
        );
    }
    // Between the end of the first and the image of the second: the second says what came next.
    let (found, _) = restored(&replica, as_of("2026-11-21T19:09:09.078Z"))
        .await
        .unwrap();
    assert_eq!(
        (found.place.to_string(), found.txid.unwrap().get()),
        ("lineage-1".to_owned(), 0x27)
    );
    let next = found.next.unwrap();
    assert!(next.txid.get() == 0x27 && next.at > found.at, "{next:?}");

    let error = restored(&replica, txid("27")).await.unwrap_err();
    assert!(
        matches!(error, RestoreError::ManyLineages { .. }),
        "{}",
        told(&error)
    );
    assert!(told(&error).contains("lineage-1, lineage-2"), "{}", told(&error));
    let mut asked = request(txid("9"), &dir.path().join("out.db"));
    asked.lineage = Some(LineageNo::new(1));
    let found = restore(&replica, &asked, |_| {}).await.unwrap();
    assert_eq!(entry("by_txid", 8)["sha256"], *sha256(&asked.output));
    assert_eq!(found.place.to_string(), "lineage-1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_replicas_of_several_pods_are_not_one() {
    let (dir, pod) = two_lives(&[IMAGE_27]);
    let other = dir.path().join("pod-4/lineage-1/ltx/9");
    std::fs::create_dir_all(&other).unwrap();
    std::fs::copy(
        pod.join("lineage-2").join(IMAGE_27),
        other.join("0000000000000001-0000000000000027.ltx"),
    )
    .unwrap();
    let error = restored(&bucket(dir.path()).await, Wanted::Latest)
        .await
        .unwrap_err();
    assert!(
        told(&error).contains("holds the replicas of 2 pods"),
        "{}",
        told(&error)
    );
}
