//! `SQLite`'s write-ahead log, as far as replaying one needs: salts and checksums that chain through it.
//!
//! Source: <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>

use super::ltx::PageSize;

/// Bytes before the first frame.
pub const WAL_HEADER_BYTES: usize = 32;
/// Bytes before the page in each frame.
pub const WAL_FRAME_HEADER_BYTES: usize = 24;
const FORMAT: u32 = 3_007_000;

/// Why bytes are no part of a whole WAL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WalError {
    /// The magic number is neither of the two.
    #[error("is not a WAL: it starts with {0:08x}")]
    Magic(u32),
    /// Another format version.
    #[error("is a WAL of the unknown format {0}")]
    Format(u32),
    /// The page size is none that SQLite has, or not the database's.
    #[error("has pages of {0} bytes, which the database does not have")]
    PageSize(u32),
    /// A frame belongs to another WAL.
    #[error("holds a frame of another WAL at byte {0}: its salts differ")]
    Salt(u64),
    /// A checksum is wrong.
    #[error("has a wrong checksum at byte {0}")]
    Checksum(u64),
    /// A frame for page 0.
    #[error("holds page 0 at byte {0}")]
    PageZero(u64),
    /// The bytes end within a frame.
    #[error("ends within a frame, at byte {0}")]
    Torn(u64),
}

/// A valid frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalFrame {
    /// The page, from 1.
    pub pgno: u32,
    /// Size of the database in pages, if the frame ends a transaction.
    pub commit: Option<u32>,
}

/// Checks the frames of one WAL, in order.
#[derive(Debug, Clone)]
pub struct WalChecker {
    page_size: PageSize,
    big_endian: bool,
    salts: [u8; 8],
    sums: (u32, u32),
    offset: u64,
}

impl WalChecker {
    /// Reads the header of a WAL.
    pub fn new(header: &[u8; WAL_HEADER_BYTES]) -> Result<Self, WalError> {
        let field = |at: usize| word(header, at, true);
        let big_endian = match field(0) {
            0x377f_0682 => false,
            0x377f_0683 => true,
            magic => return Err(WalError::Magic(magic)),
        };
        if field(4) != FORMAT {
            return Err(WalError::Format(field(4)));
        }
        let page_size = PageSize::new(field(8)).ok_or(WalError::PageSize(field(8)))?;
        let mut salts = [0; 8];
        salts.copy_from_slice(&header[16..24]);
        let sums = summed((0, 0), &header[..24], big_endian);
        if sums != (field(24), field(28)) {
            return Err(WalError::Checksum(0));
        }
        Ok(Self {
            page_size,
            big_endian,
            salts,
            sums,
            offset: WAL_HEADER_BYTES as u64,
        })
    }

    /// Size of the pages.
    pub fn page_size(&self) -> PageSize {
        self.page_size
    }

    /// Where the next frame begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Checks the next frame.
    pub fn check(
        &mut self,
        header: &[u8; WAL_FRAME_HEADER_BYTES],
        page: &[u8],
    ) -> Result<WalFrame, WalError> {
        if header[8..16] != self.salts {
            return Err(WalError::Salt(self.offset));
        }
        let sums = summed(self.sums, &header[..8], self.big_endian);
        let sums = summed(sums, page, self.big_endian);
        if sums != (word(header, 16, true), word(header, 20, true)) {
            return Err(WalError::Checksum(self.offset));
        }
        let (pgno, commit) = (word(header, 0, true), word(header, 4, true));
        if pgno == 0 {
            return Err(WalError::PageZero(self.offset));
        }
        self.sums = sums;
        self.offset += (header.len() + page.len()) as u64;
        Ok(WalFrame {
            pgno,
            commit: (commit != 0).then_some(commit),
        })
    }
}

fn word(bytes: &[u8], at: usize, big_endian: bool) -> u32 {
    let mut field = [0; 4];
    field.copy_from_slice(&bytes[at..at + 4]);
    if big_endian {
        u32::from_be_bytes(field)
    } else {
        u32::from_le_bytes(field)
    }
}

/// The running checksum over pairs of words; `bytes` is a multiple of 8 long.
fn summed(sums: (u32, u32), bytes: &[u8], big_endian: bool) -> (u32, u32) {
    bytes.chunks_exact(8).fold(sums, |(s0, s1), pair| {
        let s0 = s0.wrapping_add(word(pair, 0, big_endian)).wrapping_add(s1);
        let s1 = s1.wrapping_add(word(pair, 4, big_endian)).wrapping_add(s0);
        (s0, s1)
    })
}
