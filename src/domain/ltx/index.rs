//! The page index at the end of an LTX file, and the checksums behind it.

use bytes::{Buf, Bytes};

use super::frame::max_frame_bytes;
use super::{HEADER_BYTES, Header, LtxError, MIN_FILE_BYTES, TRAILER_BYTES};

const LENGTH_BYTES: u64 = 8;

/// Where an LTX file keeps its index, and its two checksums: what its last 24 bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    /// Offset of the index, right behind the end of the pages.
    pub index_offset: u64,
    /// Bytes of the index, its closing zero included.
    pub index_bytes: u64,
    /// Checksum of the database after the file; 0 where it is not tracked.
    pub post_apply: u64,
    /// Checksum of the file.
    pub file_checksum: u64,
}

impl Tail {
    /// Bytes at the end of a file that are needed to find the index.
    pub const BYTES: u64 = LENGTH_BYTES + TRAILER_BYTES;

    /// Reads the last [`Tail::BYTES`] bytes of a file that is `file_bytes` long.
    pub fn parse(last: &[u8], file_bytes: u64) -> Result<Self, LtxError> {
        let have = file_bytes.min(last.len() as u64);
        let chunk = last.last_chunk::<{ Self::BYTES as usize }>();
        let (Some(chunk), true) = (chunk, file_bytes >= MIN_FILE_BYTES) else {
            return Err(LtxError::Truncated {
                what: "an LTX file",
                need: MIN_FILE_BYTES,
                have,
            });
        };
        let number = |at: usize| {
            let mut field = [0; 8];
            field.copy_from_slice(&chunk[at..at + 8]);
            u64::from_be_bytes(field)
        };
        let index_bytes = number(0);
        let most = file_bytes - (MIN_FILE_BYTES - 1);
        if index_bytes == 0 || index_bytes > most {
            return Err(LtxError::Index("its length does not fit the file"));
        }
        Ok(Self {
            index_offset: file_bytes - Self::BYTES - index_bytes,
            index_bytes,
            post_apply: number(8),
            file_checksum: number(16),
        })
    }
}

/// Where one page is in an LTX file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The page, from 1.
    pub pgno: u32,
    /// Offset of its frame.
    pub offset: u64,
    /// Bytes of its frame, frame header included.
    pub size: u32,
}

/// The entries of an index, read one at a time out of its bytes and checked against the file's shape: pages
/// ascend and are of the database, frames touch, none is longer than a page can be.
///
/// Yields errors once and then ends. Allocates nothing.
#[derive(Debug, Clone)]
pub struct PageIndex {
    bytes: Bytes,
    header: Header,
    frames_end: u64,
    previous: Entry,
    pages: u64,
    done: bool,
}

impl PageIndex {
    /// The index in `bytes`, which must be the [`Tail::index_bytes`] at [`Tail::index_offset`].
    pub fn new(bytes: Bytes, header: &Header, tail: &Tail) -> Self {
        Self {
            bytes,
            header: *header,
            // Six zero bytes stand between the last frame and the index.
            frames_end: tail.index_offset.saturating_sub(6),
            previous: Entry {
                pgno: 0,
                offset: HEADER_BYTES as u64,
                size: 0,
            },
            pages: 0,
            done: false,
        }
    }

    fn read(&mut self) -> Result<Option<Entry>, LtxError> {
        let pgno = self.varint()?;
        let next_offset = self.previous.offset + u64::from(self.previous.size);
        if pgno == 0 {
            self.check_end(next_offset)?;
            return Ok(None);
        }
        let (offset, size) = (self.varint()?, self.varint()?);
        let pgno = u32::try_from(pgno)
            .ok()
            .filter(|pgno| *pgno <= self.header.commit)
            .ok_or(LtxError::Index("a page beyond the end of the database"))?;
        if pgno <= self.previous.pgno {
            return Err(LtxError::Index("pages out of order"));
        }
        if pgno == self.header.page_size.lock_page() {
            return Err(LtxError::Index("it holds the lock page"));
        }
        if offset != next_offset {
            return Err(LtxError::Index("frames that do not touch"));
        }
        let longest = max_frame_bytes(self.header.page_size) as u64;
        if size > longest || offset + size > self.frames_end {
            return Err(LtxError::Index("a frame longer than a page can be"));
        }
        let size = u32::try_from(size).map_err(|_| LtxError::Index("a frame longer than a page can be"))?;
        self.previous = Entry { pgno, offset, size };
        self.pages += 1;
        Ok(Some(self.previous))
    }

    fn check_end(&self, frames_end: u64) -> Result<(), LtxError> {
        if !self.bytes.is_empty() {
            return Err(LtxError::Index("something follows its end"));
        }
        if frames_end != self.frames_end {
            return Err(LtxError::Index("pages that it does not name"));
        }
        let stored = self.header.page_size.stored_pages(self.header.commit);
        if self.header.txids.is_full_image() && self.pages != u64::from(stored) {
            return Err(LtxError::Incomplete {
                commit: self.header.commit,
                pages: self.pages,
            });
        }
        Ok(())
    }

    fn varint(&mut self) -> Result<u64, LtxError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self
                .bytes
                .try_get_u8()
                .map_err(|_| LtxError::Index("it ends too early"))?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(LtxError::Index("a number that is too long"))
    }
}

impl Iterator for PageIndex {
    type Item = Result<Entry, LtxError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let read = self.read();
        self.done = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}
