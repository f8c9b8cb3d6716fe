//! Everything the real tool was asked of two replicas, and what it answered.

use modbot::operations::restore::{Integrity, Wanted};

use super::support::*;

/// Holds every recorded restore against ours: the same bytes, or an error where the tool had one.
async fn every_entry(archive: &str, expected: &str) -> usize {
    let dir = unpack(archive);
    let replica = bucket(&dir.path().join("replica")).await;
    let expected = json(expected);
    let by_txid = expected["by_txid"].as_array().unwrap().iter();
    let by_txid = by_txid.map(|entry| (txid(entry["txid"].as_str().unwrap()), entry));
    let by_time = expected["by_timestamp"].as_array().unwrap().iter();
    let by_time = by_time.map(|entry| (as_of(entry["timestamp"].as_str().unwrap()), entry));
    let latest = [(Wanted::Latest, &expected["latest"])];
    let mut entries = 0;
    for (wanted, entry) in latest.into_iter().chain(by_txid).chain(by_time) {
        entries += 1;
        let result = restored(&replica, wanted).await;
        let Some(sha256) = entry["sha256"].as_str() else {
            let error = result.expect_err(entry["error"].as_str().unwrap());
            assert!(!error.is_verification(), "nothing is damaged: {}", told(&error));
            continue;
        };
        let (restored, found) = result.unwrap_or_else(|e| panic!("{wanted:?}: {}", told(&e)));
        assert_eq!(found, sha256, "{wanted:?}");
        assert_eq!(restored.notes, [], "{wanted:?}");
        if let (Wanted::AsOf(at), Some(_)) = (wanted, restored.txid) {
            assert!(restored.at < at && restored.next.is_some_and(|next| next.at >= at));
        }
    }
    entries
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recorded_restore_of_0_5_is_equal_to_the_byte() {
    assert_eq!(every_entry("v05.tar.xz", "v05.expected.json").await, 83);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recorded_restore_of_0_3_is_equal_to_the_byte() {
    assert_eq!(every_entry("v03.tar.xz", "v03.expected.json").await, 16);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_stretches_give_the_same_bytes() {
    let dir = unpack("v05.tar.xz");
    let replica = bucket(&dir.path().join("replica")).await;
    let (_, whole) = restored(&replica, Wanted::Latest).await.unwrap();
    // Files in pieces: ends first, then a few pages at a time, and no more than two at once.
    let mut limits = request(Wanted::Latest, dir.path()).limits;
    (
        limits.whole_bytes,
        limits.unit_bytes,
        limits.parallel,
        limits.prefetch,
    ) = (0, 5_000, 2, 1);
    let (_, pieces) = restored_within(&replica, Wanted::Latest, limits).await.unwrap();
    assert_eq!(whole, pieces);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_point_that_is_no_more_is_refused_with_the_points_beside_it() {
    let dir = unpack("v05.tar.xz");
    let replica = bucket(&dir.path().join("replica")).await;
    let error = told(&restored(&replica, txid("5")).await.unwrap_err());
    for part in [
        "transaction 0000000000000005 can no longer be told apart",
        "TXID 0000000000000003 of 2026-11-21T19:08:14.377Z, and 0000000000000006 of 2026-11-21T19:08:18.881Z",
    ] {
        assert!(error.contains(part), "{error}");
    }
    let error = told(
        &restored(&replica, as_of("2099-01-01T00:00:00Z"))
            .await
            .unwrap_err(),
    );
    assert!(
        error.contains("the newest transaction is 0000000000000032"),
        "{error}"
    );
    let error = told(
        &restored(&replica, as_of("2000-01-01T00:00:00Z"))
            .await
            .unwrap_err(),
    );
    assert!(
        error.contains("the oldest state that can be restored is TXID 0000000000000001"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_is_never_written_over() {
    let dir = unpack("v05.tar.xz");
    let replica = bucket(&dir.path().join("replica")).await;
    let output = dir.path().join("out.db");
    let mut asked = request(Wanted::Latest, &output);
    asked.integrity = Integrity::None;
    std::fs::write(dir.path().join("out.db-wal"), "another database's").unwrap();
    let error = modbot::operations::restore::restore(&replica, &asked, |_| {})
        .await
        .unwrap_err();
    assert!(told(&error).contains("out.db-wal is there"), "{}", told(&error));
    std::fs::remove_file(dir.path().join("out.db-wal")).unwrap();
    std::fs::write(&output, "precious").unwrap();
    let error = modbot::operations::restore::restore(&replica, &asked, |_| {})
        .await
        .unwrap_err();
    assert!(
        told(&error).contains("out.db is there already"),
        "{}",
        told(&error)
    );
    assert_eq!(std::fs::read(&output).unwrap(), b"precious");
}
