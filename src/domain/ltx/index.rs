//! The page index at the end of an LTX file, and the checksums behind it.

use bytes::{Buf, Bytes};

use super::frame::max_frame_bytes;
use super::{HEADER_BYTES, Header, LtxError, MIN_FILE_BYTES};

/// The length of the index and the trailer.
const TAIL_BYTES: usize = 8 + 16;
/// A 32-bit page number, a 64-bit offset and a size below 2^21, as LEB128.
const MAX_ENTRY_BYTES: u64 = 5 + 10 + 3;

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
    pub const BYTES: u64 = TAIL_BYTES as u64;

    /// Reads the last [`Tail::BYTES`] bytes of a file with this header that is `file_bytes` long.
    pub fn parse(last: &[u8], header: &Header, file_bytes: u64) -> Result<Self, LtxError> {
        let have = file_bytes.min(last.len() as u64);
        let chunk = last.last_chunk::<TAIL_BYTES>();
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
        let most = most.min(u64::from(header.commit) * MAX_ENTRY_BYTES + 1);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ltx::{PageSize, Txid, TxidRange};

    fn header(commit: u32, min: u64) -> Header {
        Header {
            tracks_checksum: false,
            page_size: PageSize::new(512).unwrap(),
            commit,
            txids: TxidRange::new(Txid::new(min).unwrap(), Txid::new(9).unwrap()).unwrap(),
            timestamp_ms: 0,
        }
    }

    fn varints(numbers: &[u64]) -> Bytes {
        let mut bytes = Vec::new();
        for number in numbers {
            let mut rest = *number;
            while rest >= 0x80 {
                bytes.push(rest.to_le_bytes()[0] | 0x80);
                rest >>= 7;
            }
            bytes.push(rest.to_le_bytes()[0]);
        }
        bytes.into()
    }

    /// Reads an index over frames that end at `frames_end`.
    fn read(header: &Header, numbers: &[u64], frames_end: u64) -> Result<Vec<Entry>, LtxError> {
        let bytes = varints(numbers);
        let tail = Tail {
            index_offset: frames_end + 6,
            index_bytes: bytes.len() as u64,
            post_apply: 0,
            file_checksum: 0,
        };
        PageIndex::new(bytes, header, &tail).collect()
    }

    #[test]
    fn entries_come_in_order_and_end() {
        let entries = read(&header(7, 2), &[3, 100, 50, 7, 150, 300, 0], 450).unwrap();
        let pages: Vec<_> = entries.iter().map(|e| (e.pgno, e.offset, e.size)).collect();
        assert_eq!(pages, [(3, 100, 50), (7, 150, 300)]);
        assert_eq!(read(&header(7, 2), &[0], 100), Ok(Vec::new()));
    }

    #[test]
    fn hostile_indexes_are_refused_at_the_first_wrong_number() {
        let wrong: [(&str, &[u64], u64); 9] = [
            ("beyond the end", &[8, 100, 50, 0], 150),
            ("beyond the end", &[1 << 40, 100, 50, 0], 150),
            ("out of order", &[3, 100, 50, 3, 150, 50, 0], 200),
            ("do not touch", &[3, 101, 49, 0], 150),
            ("do not touch", &[3, u64::MAX, 49, 0], 150),
            ("longer than", &[3, 100, 51, 0], 150),
            ("longer than", &[3, 100, u64::MAX >> 1, 0], 150),
            ("does not name", &[3, 100, 50, 0], 160),
            ("something follows", &[3, 100, 50, 0, 0], 150),
        ];
        for (what, numbers, end) in wrong {
            let error = read(&header(7, 2), numbers, end).unwrap_err().to_string();
            assert!(
                error.contains(what) || error.contains("does not name"),
                "{numbers:?}: {error}"
            );
        }
        assert!(matches!(
            read(&header(7, 2), &[3, 100], 150),
            Err(LtxError::Index(_))
        ));
        let endless = Bytes::from(vec![0xff; 20]);
        let tail = Tail {
            index_offset: 106,
            index_bytes: 20,
            post_apply: 0,
            file_checksum: 0,
        };
        assert_eq!(PageIndex::new(endless, &header(7, 2), &tail).count(), 1);
    }

    #[test]
    fn an_image_holds_every_page_but_the_lock_page() {
        assert!(read(&header(2, 1), &[1, 100, 50, 2, 150, 50, 0], 200).is_ok());
        assert_eq!(
            read(&header(3, 1), &[1, 100, 50, 2, 150, 50, 0], 200),
            Err(LtxError::Incomplete { commit: 3, pages: 2 })
        );
        let lock = PageSize::new(512).unwrap().lock_page();
        let error = read(&header(lock + 1, 2), &[u64::from(lock), 100, 50, 0], 150);
        assert_eq!(error, Err(LtxError::Index("it holds the lock page")));
    }

    #[test]
    fn a_length_that_does_not_fit_is_found_before_anything_is_read() {
        let tail = |index_bytes: u64, file_bytes: u64| {
            let mut last = index_bytes.to_be_bytes().to_vec();
            last.extend([0; 16]);
            Tail::parse(&last, &header(1000, 2), file_bytes)
        };
        assert_eq!(tail(1, MIN_FILE_BYTES).unwrap().index_offset, 106);
        assert!(tail(0, 10_000).is_err());
        assert!(tail(2, MIN_FILE_BYTES).is_err());
        assert!(tail(u64::MAX, 10_000).is_err());
        assert!(
            tail(1000 * MAX_ENTRY_BYTES + 2, 1 << 40).is_err(),
            "more than 1,000 pages can need"
        );
        assert!(matches!(
            tail(1, MIN_FILE_BYTES - 1),
            Err(LtxError::Truncated { .. })
        ));
        assert!(matches!(
            Tail::parse(&[], &header(1, 2), 1000),
            Err(LtxError::Truncated { .. })
        ));
    }
}
