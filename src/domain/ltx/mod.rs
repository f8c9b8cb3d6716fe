//! LTX: the file format in which Litestream 0.5 keeps a replica.
//!
//! A file carries the pages that changed over a range of transactions: a [`Header`] of 100 bytes, page
//! frames in ascending order, six zero bytes, a page [`Index`](PageIndex), its length, and a trailer with
//! two checksums. All integers are big endian, the index excepted, which is unsigned LEB128.
//!
//! A file that starts at transaction 1 is a complete image of the database.
//!
//! Source: the encoder and decoder of `github.com/superfly/ltx` and files written by Litestream 0.5.17. The
//! prose in Litestream's own repository describes an older format.

mod checksum;
mod error;
mod frame;
mod header;
mod index;
mod txid;

pub use checksum::{Checksum, page_checksum};
pub use error::LtxError;
pub use frame::{FRAME_HEADER_BYTES, decode_frame, max_frame_bytes};
pub use header::{HEADER_BYTES, Header, PageSize};
pub use index::{Entry, PageIndex, Tail};
pub use txid::{Txid, TxidError, TxidRange};

/// The zero page header that ends the page block.
pub const END_OF_PAGES: [u8; 6] = [0; 6];
/// Post-apply checksum and file checksum.
pub const TRAILER_BYTES: u64 = 16;
/// Header, end of pages, an empty index with its length, trailer: no file is shorter.
pub const MIN_FILE_BYTES: u64 = HEADER_BYTES as u64 + 6 + 1 + 8 + TRAILER_BYTES;
