//! The first hundred bytes of a SQLite file, read before SQLite opens it: what kind of file is this?
//!
//! Source: "Database File Format", section 1.3, <https://www.sqlite.org/fileformat2.html>.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// `application_id` of a pod's database: `MBsh`.
pub(super) const SHARD_APPLICATION_ID: i32 = i32::from_be_bytes(*b"MBsh");
/// `application_id` of a guild's bundle: `MBgb`.
pub(super) const BUNDLE_APPLICATION_ID: i32 = i32::from_be_bytes(*b"MBgb");

const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const LENGTH: usize = 100;

/// What the header and the file's length say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) application_id: i32,
    pub(super) user_version: u32,
    /// The length that the header promises, in bytes; `None` where an old SQLite did not keep it.
    pub(super) promised_len: Option<u64>,
    /// The file's length, in bytes.
    pub(super) len: u64,
}

/// Why the header was not understood.
#[derive(Debug)]
pub(super) enum HeaderProblem {
    Io(io::Error),
    NotSqlite,
}

impl Header {
    /// Reads the header of a file that no connection of this process has open: closing any descriptor of a file
    /// gives up the process's POSIX locks on it.
    pub(super) fn read(path: &Path) -> Result<Self, HeaderProblem> {
        let mut file = File::open(path).map_err(HeaderProblem::Io)?;
        let len = file.metadata().map_err(HeaderProblem::Io)?.len();
        let mut bytes = [0; LENGTH];
        match file.read_exact(&mut bytes) {
            Ok(()) => Self::parse(&bytes, len).ok_or(HeaderProblem::NotSqlite),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(HeaderProblem::NotSqlite),
            Err(error) => Err(HeaderProblem::Io(error)),
        }
    }

    fn parse(bytes: &[u8; LENGTH], len: u64) -> Option<Self> {
        let word = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        if !bytes.starts_with(MAGIC) {
            return None;
        }
        let page_size = match u16::from_be_bytes([bytes[16], bytes[17]]) {
            1 => 65_536,
            size => u64::from(size),
        };
        // The page count counts only when it was written together with the change counter.
        let counted = word(24) == word(92) && word(28) > 0;
        Some(Self {
            application_id: word(68).cast_signed(),
            user_version: word(60),
            promised_len: counted.then(|| u64::from(word(28)) * page_size),
            len,
        })
    }

    /// Whether bytes are missing at the end.
    pub(super) fn is_truncated(&self) -> bool {
        self.promised_len.is_some_and(|promised| self.len < promised)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_sqlite_writes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let db = rusqlite::Connection::open(&path).unwrap();
        db.execute_batch("PRAGMA application_id = -5; PRAGMA user_version = 7; CREATE TABLE t (x);")
            .unwrap();
        drop(db);
        let header = Header::read(&path).unwrap();
        assert_eq!((header.application_id, header.user_version), (-5, 7));
        assert_eq!(header.promised_len, Some(header.len));
        std::fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(5000)
            .unwrap();
        assert!(Header::read(&path).unwrap().is_truncated());
        crate::runtime::files::write_atomic(&path, b"not a database, and not a hundred bytes", 0o600)
            .unwrap();
        assert!(matches!(Header::read(&path), Err(HeaderProblem::NotSqlite)));
    }
}
