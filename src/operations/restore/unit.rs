//! A stretch of pages of one file: read, decompressed, summed, and the wanted ones written.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use super::error::Fault;
use super::open_file::OpenFile;
use crate::client::replica::Bucket;
use crate::domain::ltx::{Checksum, Entry, LtxError, decode_frame, page_checksum};
use crate::runtime::files::FileError;

/// Pages that touch are written together, up to this many bytes.
const RUN_BYTES: usize = 1 << 20;

/// Where wanted pages go.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) file: Arc<File>,
    pub(super) path: Arc<PathBuf>,
}

/// Entries of one file that touch, each with whether its page is wanted.
pub(super) struct Unit {
    pub(super) file: Arc<OpenFile>,
    pub(super) entries: Vec<(Entry, bool)>,
}

/// What a unit adds to its file's checksums.
pub(super) struct Summed {
    pub(super) sum: Checksum,
    /// Exclusive or of the pages' own checksums; 0 where they are not tracked.
    pub(super) database: u64,
    pub(super) bytes: u64,
}

impl Unit {
    pub(super) fn bytes(&self) -> u64 {
        self.entries.iter().map(|(entry, _)| u64::from(entry.size)).sum()
    }

    /// Reads and processes the unit; decompression and writing happen on a thread for blocking work.
    pub(super) async fn process(self, bucket: Arc<Bucket>, target: Option<Target>) -> Result<Summed, Fault> {
        let offset = self.entries.first().map_or(0, |(entry, _)| entry.offset);
        let bytes = self.bytes();
        let frames = self.file.pages(&bucket, offset, bytes).await?;
        tokio::task::spawn_blocking(move || self.decode(&frames, offset, target.as_ref()))
            .await
            .map_err(Fault::fatal)?
    }

    fn decode(&self, frames: &Bytes, offset: u64, target: Option<&Target>) -> Result<Summed, Fault> {
        let header = &self.file.header;
        let page_bytes = header.page_size.bytes();
        let tracked = header.tracks_checksum && header.txids.is_full_image();
        let (mut sum, mut database) = (Checksum::new(), 0);
        let mut scratch = vec![0; page_bytes];
        let mut run = Run::new(page_bytes);
        for (entry, wanted) in &self.entries {
            let start = usize::try_from(entry.offset - offset).unwrap_or(usize::MAX);
            let frame = start
                .checked_add(entry.size as usize)
                .and_then(|end| frames.get(start..end));
            let frame = frame.ok_or(LtxError::Index("frames that do not touch"))?;
            let page = match target {
                Some(target) if *wanted => run.page(entry.pgno, target)?,
                _ => &mut scratch,
            };
            decode_frame(frame, *entry, page, &mut sum)?;
            if tracked {
                database ^= page_checksum(entry.pgno, page);
            }
        }
        if let Some(target) = target {
            run.flush(target)?;
        }
        Ok(Summed {
            sum,
            database,
            bytes: self.bytes(),
        })
    }
}

/// Pages that follow one another in the database, to be written at once.
struct Run {
    page_bytes: usize,
    first: u32,
    pages: Vec<u8>,
}

impl Run {
    fn new(page_bytes: usize) -> Self {
        Self {
            page_bytes,
            first: 0,
            pages: Vec::new(),
        }
    }

    /// The place for the page: behind the run if it follows on it, else in a new run.
    fn page(&mut self, pgno: u32, target: &Target) -> Result<&mut [u8], Fault> {
        let held = self.pages.len() / self.page_bytes;
        let follows = u64::from(self.first) + held as u64 == u64::from(pgno);
        if !follows || self.pages.len() + self.page_bytes > RUN_BYTES {
            self.flush(target)?;
            self.first = pgno;
        }
        let start = self.pages.len();
        self.pages.resize(start + self.page_bytes, 0);
        Ok(&mut self.pages[start..])
    }

    fn flush(&mut self, target: &Target) -> Result<(), Fault> {
        if self.pages.is_empty() {
            return Ok(());
        }
        let offset = u64::from(self.first - 1) * self.page_bytes as u64;
        target.write(&self.pages, offset)?;
        self.pages.clear();
        Ok(())
    }
}

impl Target {
    pub(super) fn write(&self, bytes: &[u8], offset: u64) -> Result<(), Fault> {
        self.file.write_all_at(bytes, offset).map_err(|source| {
            Fault::fatal(FileError {
                action: "write",
                path: self.path.to_path_buf(),
                source,
            })
        })
    }
}
