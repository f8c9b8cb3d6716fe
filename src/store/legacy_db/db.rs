//! The old database, open for reading.

use std::path::Path;

use rusqlite::Connection;

use super::error::SourceError;
use crate::store::read_only::{Method, ReadOnlyFile};

/// The old database, open for reading at one moment of its life; also the files beside the pods' that a split
/// makes, which hold rows of the same form.
#[derive(Debug)]
pub struct LegacyDb(ReadOnlyFile);

impl LegacyDb {
    /// Opens the file without leaving a trace; `scratch` is where a copy may go.
    ///
    /// Checks the file, not what is in it: see [`LegacyDb::check_schema`] and [`LegacyDb::check_pages`].
    pub fn open(path: &Path, scratch: &Path) -> Result<Self, SourceError> {
        Ok(Self(ReadOnlyFile::open(path, scratch)?))
    }

    /// The file's path, as it was given.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// How it is being read.
    pub const fn method(&self) -> Method {
        self.0.method()
    }

    /// Bytes of the file itself.
    pub const fn bytes(&self) -> u64 {
        self.0.bytes()
    }

    /// Bytes of its write-ahead log.
    pub const fn wal_bytes(&self) -> u64 {
        self.0.wal_bytes()
    }

    /// The connection, inside its read transaction.
    pub(super) const fn connection(&self) -> &Connection {
        self.0.connection()
    }

    /// Names an error of `SQLite` that came up while reading.
    pub(super) fn failed(&self, doing: &'static str) -> impl Fn(rusqlite::Error) -> SourceError {
        SourceError::sqlite(self.path(), doing)
    }

    /// Fails where `SQLite` finds the pages damaged: every page is read.
    pub fn check_pages(&self) -> Result<(), SourceError> {
        Ok(self.0.check_pages()?)
    }

    /// Fails where somebody wrote to the file since it was opened, in a way that a read transaction does not
    /// shield from. To be called when reading is over, before its result is believed.
    pub fn check_unchanged(&self) -> Result<(), SourceError> {
        Ok(self.0.check_unchanged()?)
    }
}
