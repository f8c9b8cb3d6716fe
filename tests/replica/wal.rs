//! The write-ahead log of the bundled SQLite, read by the checker.

use modbot::domain::wal::{WAL_FRAME_HEADER_BYTES, WalChecker, WalError, WalFrame};

/// What the bundled SQLite leaves behind as its WAL after two commits.
fn real_wal() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch(
        "pragma page_size=1024; pragma journal_mode=wal; create table t(x); insert into t values(1)",
    )
    .unwrap();
    // Read before the connection closes: the last one to close removes the file.
    std::fs::read(dir.path().join("a.db-wal")).unwrap()
}

fn check(wal: &[u8]) -> Result<Vec<WalFrame>, WalError> {
    let (header, frames) = wal.split_first_chunk().unwrap();
    let mut checker = WalChecker::new(header)?;
    let length = WAL_FRAME_HEADER_BYTES + checker.page_size().bytes();
    let frame = |frame: &[u8]| {
        let (header, page) = frame.split_first_chunk().unwrap();
        checker.check(header, page)
    };
    frames.chunks_exact(length).map(frame).collect()
}

#[test]
fn what_sqlite_writes_is_valid() {
    let frames = check(&real_wal()).unwrap();
    let commits: Vec<_> = frames.iter().filter_map(|f| f.commit).collect();
    assert_eq!(commits, [2, 2]);
    assert_eq!(frames.last().unwrap().pgno, 2);
}

#[test]
fn every_flipped_bit_is_found() {
    let wal = real_wal();
    for at in (0..wal.len()).step_by(37).chain(0..64) {
        let mut flipped = wal.clone();
        flipped[at] ^= 1 << (at % 8);
        assert!(check(&flipped).is_err(), "byte {at}");
    }
}
