//! What can be wrong with an LTX file.

use super::TxidRange;

/// Why bytes are no LTX file of the kind Litestream writes. Each names what was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LtxError {
    /// The file ends too early.
    #[error("ends too early: {what} needs {need} bytes, {have} are left")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Bytes needed.
        need: u64,
        /// Bytes there.
        have: u64,
    },
    /// The magic is not `LTX1`.
    #[error("is not an LTX file of a known version: it starts with {0:02x?}, not \"LTX1\"")]
    Magic([u8; 4]),
    /// The header has flags that nothing known writes.
    #[error("has the unknown header flags 0x{0:08x}: a newer Litestream may have written it")]
    HeaderFlags(u32),
    /// The page size is no power of two from 512 to 65,536.
    #[error("gives the page size {0}, which SQLite does not have")]
    PageSize(u32),
    /// The header's transactions are 0 or the wrong way round.
    #[error("gives the transactions {min:x} to {max:x}")]
    Transactions {
        /// First, as found.
        min: u64,
        /// Last, as found.
        max: u64,
    },
    /// Header and object name disagree.
    #[error("holds the transactions {header}, its name says {name}")]
    Name {
        /// What the header says.
        header: TxidRange,
        /// What the name says.
        name: TxidRange,
    },
    /// A frame has flags that nothing known writes.
    #[error("has the unknown flags 0x{flags:04x} on page {pgno}: a newer Litestream may have written it")]
    FrameFlags {
        /// The page.
        pgno: u32,
        /// Its flags.
        flags: u16,
    },
    /// A frame and the index entry that led to it disagree.
    #[error("has a page frame that does not match its index entry for page {pgno}: {what}")]
    Frame {
        /// The page, as the index has it.
        pgno: u32,
        /// What differs.
        what: &'static str,
    },
    /// A page does not decompress to a page.
    #[error("has a damaged page {pgno}: {what}")]
    Page {
        /// The page.
        pgno: u32,
        /// What the decompression said.
        what: String,
    },
    /// The page index is not one.
    #[error("has a damaged page index: {0}")]
    Index(&'static str),
    /// A complete image does not hold every page.
    #[error("is an image of {commit} pages and holds {pages}")]
    Incomplete {
        /// Pages of the database.
        commit: u32,
        /// Pages in the file.
        pages: u64,
    },
    /// The database is said to be larger than the files can hold.
    #[error("gives the database {commit} pages, which {bytes} bytes of files cannot hold")]
    Commit {
        /// Pages of the database.
        commit: u32,
        /// Bytes of all files that would make it up.
        bytes: u64,
    },
    /// The page size is not that of the files it goes with.
    #[error("has pages of {found} bytes, the files with it have {expected}")]
    OtherPageSize {
        /// Of the newer files.
        expected: u32,
        /// Of this one.
        found: u32,
    },
    /// The file checksum is wrong.
    #[error("has the wrong checksum: stored {stored:016x}, computed {computed:016x}")]
    FileChecksum {
        /// In the trailer.
        stored: u64,
        /// Over what was read.
        computed: u64,
    },
    /// The checksum of the database after an image is wrong.
    #[error("has the wrong database checksum: stored {stored:016x}, computed {computed:016x}")]
    DatabaseChecksum {
        /// In the trailer.
        stored: u64,
        /// Over the pages.
        computed: u64,
    },
}
