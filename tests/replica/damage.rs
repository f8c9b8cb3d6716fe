//! Replicas with something missing or damaged: the right bytes with a warning, or an error that names it.

use std::path::{Path, PathBuf};

use modbot::domain::ltx::TxidRange;
use modbot::operations::restore::{Note, Phase, ReadLimits, RestoreError, Verified, Wanted, restore, verify};

use super::support::*;

/// Of the damaged copies' newest state, by the real tool from the undamaged original.
const NEWEST: &str = "76c516c6d31c677463a136e68e60eac30eba6235afb5f77ec80cd53944eca74b";
/// Of the state before the one that is missing.
const BEFORE_GAP: &str = "6377988c8c8ac98352400782880309f6c44d440299e8e49efc4934bbb3b23e4b";

fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

async fn verified(path: &Path) -> Verified {
    let mut lineages = verify(&bucket(path).await, ReadLimits::default(), |_| {})
        .await
        .unwrap();
    assert_eq!(lineages.len(), 1);
    lineages.remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_transaction_is_named_for_the_newest_and_for_a_time() {
    let dir = unpack("v05-damaged.tar.xz");
    let replica = bucket(&dir.path().join("missing-middle")).await;
    // Litestream answers the times with the state of 1d, and exit code 0.
    for wanted in [
        Wanted::Latest,
        txid("1f"),
        txid("1e"),
        as_of("2026-11-21T19:10:02Z"),
        as_of("2026-11-21T19:10:00.598Z"),
        as_of("2026-11-21T19:10:02.858Z"),
    ] {
        let error = restored(&replica, wanted).await.unwrap_err();
        assert!(error.is_verification(), "{wanted:?}");
        let told = told(&error);
        assert!(
            told.contains("the transactions 000000000000001e are missing"),
            "{wanted:?}: {told}"
        );
        assert!(
            told.contains("TXID 000000000000001d of 2026-11-21T19:10:00.597Z"),
            "{wanted:?}: {told}"
        );
    }
    let (_, before) = restored(&replica, txid("1d")).await.unwrap();
    assert_eq!(before, BEFORE_GAP);
    assert!(
        restored(&replica, as_of("2026-11-21T19:10:00.597Z"))
            .await
            .is_ok()
    );

    let verified = verified(&dir.path().join("missing-middle")).await;
    let gaps: Vec<_> = verified.gaps.iter().map(|gap| gap.missing.to_string()).collect();
    assert_eq!(
        (gaps, verified.damaged),
        (vec!["000000000000001e".to_owned()], vec![])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_snapshot_is_replaced_by_what_else_holds_its_pages() {
    let dir = unpack("v05-damaged.tar.xz");
    let key = "ltx/9/0000000000000001-000000000000001c.ltx";
    // Litestream gives up.
    let (restored, sha256) = restored(
        &bucket(&dir.path().join("snapshot-bitflip")).await,
        Wanted::Latest,
    )
    .await
    .unwrap();
    assert_eq!(sha256, NEWEST);
    let [Note::Damaged(damaged)] = restored.notes.as_slice() else {
        panic!("{:?}", restored.notes)
    };
    assert_eq!(damaged.key, key);
    assert!(
        damaged.what.contains("damaged page") || damaged.what.contains("checksum"),
        "{damaged}"
    );

    let verified = verified(&dir.path().join("snapshot-bitflip")).await;
    let named: Vec<_> = verified.damaged.iter().map(|d| d.key.as_str()).collect();
    assert_eq!((named, verified.gaps.len()), (vec![key], 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_replica_verifies_and_its_snapshots_are_not_needed() {
    let dir = unpack("v05.tar.xz");
    let root = dir.path().join("replica");
    let whole = verified(&root).await;
    assert!(
        whole.is_whole() && whole.objects == files(&root).len() as u64,
        "{whole:?}"
    );
    std::fs::remove_dir_all(root.join("ltx/9")).unwrap();
    let (restored, sha256) = restored(&bucket(&root).await, Wanted::Latest).await.unwrap();
    assert_eq!(json("v05.expected.json")["latest"]["sha256"], *sha256);
    assert_eq!(restored.notes, []);
}

/// Every object in turn is removed, cut, and has a bit flipped in several places: the newest state, one
/// transaction and one time are each right to the byte or refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_damage_to_any_single_object_gives_another_state() {
    let dir = unpack("v05.tar.xz");
    let root = dir.path().join("replica");
    let replica = bucket(&root).await;
    let wishes = [Wanted::Latest, txid("20"), as_of("2026-11-21T19:09:16.475Z")];
    let mut right = Vec::new();
    for wanted in wishes {
        right.push(restored(&replica, wanted).await.unwrap().1);
    }
    let (mut replaced, mut refused) = (0, 0);
    for (number, path) in files(&root).into_iter().enumerate() {
        let original = std::fs::read(&path).unwrap();
        let length = original.len();
        let places = [
            4,
            15,
            31,
            39,
            100 + number * 97 % 500,
            length * 2 / 3,
            length - 40,
            length - 20,
            length - 3,
        ];
        let flips = places.into_iter().map(|at| Some((at, 1u8 << (at % 7))));
        // Two of the mutations of each file, others for each: all of them over all files.
        for mutation in flips.chain([None]).skip(number % 5).step_by(5) {
            let mut bytes = original.clone();
            match mutation {
                Some((at, bit)) => bytes[at] ^= bit,
                None => bytes.truncate(length - 1 - number * 31 % length),
            }
            std::fs::write(&path, &bytes).unwrap();
            for (wanted, right) in wishes.iter().zip(&right) {
                match restored(&replica, *wanted).await {
                    Ok((restored, sha256)) => {
                        assert_eq!(&sha256, right, "{} {mutation:?} {wanted:?}", path.display());
                        replaced += usize::from(!restored.notes.is_empty());
                    }
                    Err(error) => {
                        refused += 1;
                        let told = told(&error);
                        let key = path.strip_prefix(&root).unwrap().display().to_string();
                        assert!(
                            error.is_verification() && told.contains(&key),
                            "{mutation:?}: {told}"
                        );
                    }
                }
            }
        }
        std::fs::write(&path, &original).unwrap();
    }
    assert!(
        replaced > 10 && refused > 3,
        "{replaced} replaced, {refused} refused"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_missing_object_gives_another_newest_state() {
    let dir = unpack("v05.tar.xz");
    let root = dir.path().join("replica");
    let replica = bucket(&root).await;
    let (_, right) = restored(&replica, Wanted::Latest).await.unwrap();
    for path in files(&root) {
        let aside = dir.path().join("aside");
        std::fs::rename(&path, &aside).unwrap();
        match restored(&replica, Wanted::Latest).await {
            Ok((_, sha256)) => assert_eq!(sha256, right, "{}", path.display()),
            Err(error) => assert!(matches!(error, RestoreError::NoPlan { .. }), "{}", told(&error)),
        }
        std::fs::rename(&aside, &path).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_date_that_damage_moved_does_not_hide_a_transaction() {
    let dir = unpack("v05.tar.xz");
    let root = dir.path().join("replica");
    // The sync of 2d, of 19:09:16.376, claims a time 16 seconds later: it seems to be after the time asked.
    let path = root.join("ltx/0/000000000000002d-000000000000002d.ltx");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[38] ^= 0x40;
    std::fs::write(&path, bytes).unwrap();
    let error = restored(&bucket(&root).await, as_of("2026-11-21T19:09:16.475Z"))
        .await
        .unwrap_err();
    assert!(error.is_verification());
    let told = told(&error);
    assert!(
        told.contains("ltx/0/000000000000002d-000000000000002d.ltx"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_under_another_name_is_found_out() {
    let dir = unpack("v05.tar.xz");
    let root = dir.path().join("replica");
    let level = root.join("ltx/0");
    std::fs::copy(
        level.join("0000000000000031-0000000000000031.ltx"),
        level.join("0000000000000032-0000000000000032.ltx"),
    )
    .unwrap();
    let (restored, sha256) = restored(&bucket(&root).await, txid("32")).await.unwrap();
    assert_eq!(json("v05.expected.json")["latest"]["sha256"], *sha256);
    assert!(TxidRange::from_file_name("0000000000000032-0000000000000032.ltx").is_some());
    let verified = verified(&root).await;
    assert_eq!(verified.damaged.len(), 1);
    assert!(
        verified.damaged[0].what.contains("its name says"),
        "{:?}",
        verified.damaged
    );
    drop(restored);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_0_3_replica_with_a_missing_segment_is_refused() {
    let dir = unpack("v03.tar.xz");
    let root = dir.path().join("replica");
    let wal = root.join("generations/f269bde218d72605/wal");
    std::fs::remove_file(wal.join("00000001_00004080.wal.lz4")).unwrap();
    let error = restored(&bucket(&root).await, Wanted::Latest).await.unwrap_err();
    assert!(error.is_verification());
    assert!(
        told(&error).contains("lacks a usable WAL segment at 00000001_00004080"),
        "{}",
        told(&error)
    );
    let verified = verified(&root).await;
    assert!(
        verified
            .holes
            .iter()
            .any(|hole| hole.contains("00000001_00004080")),
        "{verified:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_to_a_0_3_replica_is_named() {
    let dir = unpack("v03.tar.xz");
    let root = dir.path().join("replica");
    assert!(verified(&root).await.is_whole());
    let snapshot = root.join("generations/5d8299662a9be6da/snapshots/00000004.snapshot.lz4");
    let segment = root.join("generations/f269bde218d72605/wal/00000002_00001038.wal.lz4");
    for path in [&snapshot, &segment] {
        let times = std::fs::metadata(path).unwrap().modified().unwrap();
        let mut bytes = std::fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        std::fs::write(path, bytes).unwrap();
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(times).unwrap();
    }
    let named: Vec<_> = verified(&root).await.damaged.into_iter().map(|d| d.key).collect();
    assert_eq!(named.len(), 2, "{named:?}");
    let error = restored(&bucket(&root).await, Wanted::Latest).await.unwrap_err();
    assert!(told(&error).contains("00000002_00001038"), "{}", told(&error));
    // The older snapshot and more of the WAL give the same bytes.
    let entry = &json("v03.expected.json")["by_timestamp"][8];
    let at = as_of(entry["timestamp"].as_str().unwrap());
    let (restored, sha256) = restored(&bucket(&root).await, at).await.unwrap();
    assert_eq!(entry["sha256"], *sha256);
    assert!(matches!(&restored.notes[..], [Note::Damaged(d)] if d.key.ends_with("00000004.snapshot.lz4")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_retention_deletes_underneath_is_planned_around() {
    let dir = unpack("v05.tar.xz");
    let root = dir.path().join("replica");
    let mut asked = request(Wanted::Latest, &dir.path().join("out.db"));
    // One thing at a time: the image is opened last, after the first progress has been told.
    (asked.limits.prefetch, asked.limits.parallel) = (1, 1);
    let image = "ltx/9/0000000000000001-0000000000000027.ltx";
    let deleted = root.join(image);
    let replica = bucket(&root).await;
    let restored = restore(&replica, &asked, |progress| {
        if progress.phase == Phase::Reading {
            let _ = std::fs::remove_file(&deleted);
        }
    });
    let restored = restored.await.unwrap();
    assert_eq!(
        restored.notes,
        [Note::Vanished {
            key: image.to_owned()
        }]
    );
    assert_eq!(
        json("v05.expected.json")["latest"]["sha256"],
        *sha256(&asked.output)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_is_given_up_leaves_nothing() {
    let dir = unpack("v05.tar.xz");
    let root = dir.path().join("replica");
    let place = tempfile::tempdir().unwrap();
    let asked = request(Wanted::Latest, &place.path().join("out.db"));
    let replica = bucket(&root).await;
    let (told, begun) = tokio::sync::oneshot::channel();
    let told = std::sync::Mutex::new(Some(told));
    let restoring = restore(&replica, &asked, |progress| {
        if progress.phase == Phase::Reading
            && let Some(told) = told.lock().unwrap().take()
        {
            told.send(()).unwrap();
        }
    });
    tokio::select! {
        biased;
        _ = begun => {}
        restored = restoring => panic!("too fast to be given up: {restored:?}"),
    }
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}
