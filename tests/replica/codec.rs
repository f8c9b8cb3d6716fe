//! Files that Litestream wrote otherwise, never wrote, or that came to harm.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use modbot::operations::restore::{ReadLimits, Wanted, verify};

use super::ltx_writer::{Encoding, Ltx};
use super::support::*;

const LEVEL_0: &str = "ltx/0/0000000000000031-0000000000000031.ltx";
const IMAGE: &str = "ltx/9/0000000000000001-0000000000000027.ltx";

fn ltx_files(root: &Path) -> Vec<PathBuf> {
    let levels = std::fs::read_dir(root.join("ltx")).unwrap();
    let files = levels.flat_map(|level| std::fs::read_dir(level.unwrap().path()).unwrap());
    files.map(|file| file.unwrap().path()).collect()
}

/// Verifies a replica of one file and gives what is said of it; `None` if it is whole.
async fn said_of(bytes: &[u8], key: &str) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(key);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    let lineages = verify(&bucket(dir.path()).await, ReadLimits::default(), |_| {})
        .await
        .unwrap();
    lineages[0].damaged.first().map(|damaged| damaged.what.clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_writer_of_these_tests_writes_what_the_reader_takes() {
    let dir = unpack("v05.tar.xz");
    let real = std::fs::read(dir.path().join("replica").join(LEVEL_0)).unwrap();
    for encoding in [Encoding::Block, Encoding::Frame] {
        assert_eq!(said_of(&Ltx::read(&real).write(encoding), LEVEL_0).await, None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_older_page_encoding_and_tracked_checksums_restore_to_the_same_bytes() {
    let dir = unpack("v05.tar.xz");
    let root = dir.path().join("replica");
    for path in ltx_files(&root) {
        let mut ltx = Ltx::read(&std::fs::read(&path).unwrap());
        ltx.flags = 0;
        std::fs::write(&path, ltx.write(Encoding::Frame)).unwrap();
    }
    let (restored, sha256) = restored(&bucket(&root).await, Wanted::Latest).await.unwrap();
    assert_eq!(json("v05.expected.json")["latest"]["sha256"], *sha256);
    assert_eq!(restored.notes, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_files_with_a_right_checksum_are_refused_by_name() {
    let dir = unpack("v05.tar.xz");
    let root = dir.path().join("replica");
    let real = |key: &str| Ltx::read(&std::fs::read(root.join(key)).unwrap());
    let said = |key: &'static str, change: &dyn Fn(&mut Ltx)| {
        let mut ltx = real(key);
        change(&mut ltx);
        let bytes = ltx.write(Encoding::Block);
        async move { said_of(&bytes, key).await.unwrap_or_default() }
    };
    let unknown = said(LEVEL_0, &|ltx| ltx.flags = 6).await;
    assert!(unknown.contains("unknown header flags 0x00000006"), "{unknown}");
    let size = said(LEVEL_0, &|ltx| ltx.page_size = 12_288).await;
    assert!(size.contains("page size 12288"), "{size}");
    let short = said(LEVEL_0, &|ltx| ltx.pages[1].1.truncate(4095)).await;
    assert!(short.contains("damaged page"), "{short}");
    let twice = said(LEVEL_0, &|ltx| ltx.pages[1].0 = ltx.pages[0].0).await;
    assert!(twice.contains("out of order"), "{twice}");
    let beyond = said(LEVEL_0, &|ltx| ltx.commit = 3).await;
    assert!(beyond.contains("beyond the end"), "{beyond}");
    let partial = said(IMAGE, &|ltx| drop(ltx.pages.remove(7))).await;
    assert!(
        partial.contains("is an image of") && partial.contains("and holds"),
        "{partial}"
    );
    let mut tracked = real(IMAGE);
    tracked.flags = 0;
    assert_eq!(said_of(&tracked.write(Encoding::Block), IMAGE).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_no_file_can_hold_is_refused_before_anything_is_allocated() {
    let dir = unpack("v05.tar.xz");
    let root = dir.path().join("replica");
    // The newest file of the plan claims a database of 16 TiB.
    let last = root.join("ltx/1/0000000000000030-0000000000000032.ltx");
    let mut ltx = Ltx::read(&std::fs::read(&last).unwrap());
    ltx.commit = u32::MAX;
    std::fs::write(&last, ltx.write(Encoding::Block)).unwrap();
    std::fs::remove_file(root.join(LEVEL_0)).unwrap();
    let error = restored(&bucket(&root).await, Wanted::Latest).await.unwrap_err();
    assert!(
        told(&error).contains("gives the database 4294967295 pages"),
        "{}",
        told(&error)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_that_no_file_has_are_an_error() {
    let dir = unpack("v05.tar.xz");
    let root = dir.path().join("replica");
    // A compaction that lacks two of its pages and is whole in itself, and nothing else with them.
    let last = root.join("ltx/1/0000000000000030-0000000000000032.ltx");
    let mut ltx = Ltx::read(&std::fs::read(&last).unwrap());
    ltx.pages.retain(|(pgno, _)| *pgno < 30);
    std::fs::write(&last, ltx.write(Encoding::Block)).unwrap();
    std::fs::remove_dir_all(root.join("ltx/0")).unwrap();
    let error = restored(&bucket(&root).await, Wanted::Latest).await.unwrap_err();
    assert!(
        error.is_verification() && told(&error).contains("2 pages of 31"),
        "{}",
        told(&error)
    );
}

/// Mutated real files: never a panic, and never taken for whole unless they still are. `LTX_MUTATIONS` sets how many.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mutated_files_are_refused() {
    let mutations: usize = std::env::var("LTX_MUTATIONS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(2_000);
    let archive = unpack("v05.tar.xz");
    let root = archive.path().join("replica");
    let originals: Vec<_> = ltx_files(&root)
        .into_iter()
        .map(|path| {
            (
                path.strip_prefix(&root).unwrap().display().to_string(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect();
    // xorshift64*: the same mutations in every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |limit: usize| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    };
    // Many mutated files to a replica: one listing reads them all.
    let per_round = originals.len();
    for round in 0..mutations.div_ceil(per_round) {
        let mut mutated = BTreeMap::new();
        for (key, original) in &originals {
            let bytes = mutate(original, &mut below);
            std::fs::write(root.join(key), &bytes).unwrap();
            if &bytes != original {
                mutated.insert(key.clone(), (bytes, original));
            }
        }
        let lineages = verify(&bucket(&root).await, ReadLimits::default(), |_| {})
            .await
            .unwrap();
        for damaged in &lineages[0].damaged {
            assert!(
                mutated.remove(&damaged.key).is_some(),
                "round {round}: {damaged:?} was not changed"
            );
        }
        // What a checksum over decompressed pages lets pass: other LZ4 bytes for the very same pages.
        for (key, (bytes, original)) in mutated {
            assert_eq!(bytes.len(), original.len(), "round {round}: {key}");
            assert!(
                Ltx::read(&bytes).pages == Ltx::read(original).pages,
                "round {round}: {key}"
            );
        }
    }
}

fn mutate(original: &[u8], below: &mut impl FnMut(usize) -> usize) -> Vec<u8> {
    let mut bytes = original.to_vec();
    // Half of the changes go where the structure is: the header, and the index with what follows it.
    let at = match below(4) {
        0 => below(100),
        1 => bytes.len() - 1 - below(160),
        _ => below(bytes.len()),
    };
    match below(6) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..(at + 1 + below(40)).min(original.len()))),
        2 => drop(bytes.splice(at..at, vec![below(256).to_le_bytes()[0]; 1 + below(12)])),
        3 => bytes[at] = if below(2) == 0 { 0 } else { 0xff },
        4 => {
            let end = (at + 8).min(original.len());
            bytes[at..end].fill(if below(2) == 0 { 0x7f } else { 0xff });
        }
        _ => bytes[at] ^= 1 << below(8),
    }
    bytes
}
