//! The first 100 bytes of an LTX file.

use jiff::Timestamp;

use super::{LtxError, Txid, TxidRange};

/// Bytes of a header.
pub const HEADER_BYTES: usize = 100;
const NO_CHECKSUM: u32 = 1 << 1;

/// A page size that SQLite has: a power of two, 512 to 65,536.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PageSize(u32);

impl PageSize {
    /// The page size, if it is one.
    pub fn new(bytes: u32) -> Option<Self> {
        (bytes.is_power_of_two() && (512..=65_536).contains(&bytes)).then_some(Self(bytes))
    }

    /// Bytes of a page.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Bytes of a page.
    pub const fn bytes(self) -> usize {
        self.0 as usize
    }

    /// The page that holds `SQLite`'s lock bytes at 1 GiB: never stored, zeros in a database file.
    pub const fn lock_page(self) -> u32 {
        0x4000_0000 / self.0 + 1
    }

    /// How many of the pages `1..=commit` a complete image stores: all but the lock page.
    pub const fn stored_pages(self, commit: u32) -> u32 {
        if commit >= self.lock_page() {
            commit - 1
        } else {
            commit
        }
    }
}

/// What an LTX file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Whether pre- and post-apply checksums of the database are tracked (Litestream never does).
    pub tracks_checksum: bool,
    /// Size of the database's pages.
    pub page_size: PageSize,
    /// Size of the database after this file, in pages.
    pub commit: u32,
    /// The transactions inside.
    pub txids: TxidRange,
    /// When the last of them was synced (level 9: when the image was taken), in milliseconds since 1970.
    pub timestamp_ms: i64,
}

impl Header {
    /// Reads a header. Unknown versions and flags are refused by name.
    pub fn parse(bytes: &[u8]) -> Result<Self, LtxError> {
        let Some((header, _)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
            return Err(LtxError::Truncated {
                what: "the header",
                need: HEADER_BYTES as u64,
                have: bytes.len() as u64,
            });
        };
        let u32_at = |at: usize| u32::from_be_bytes(take(header, at));
        let u64_at = |at: usize| u64::from_be_bytes(take(header, at));
        let magic: [u8; 4] = take(header, 0);
        if &magic != b"LTX1" {
            return Err(LtxError::Magic(magic));
        }
        let flags = u32_at(4);
        if flags & !NO_CHECKSUM != 0 {
            return Err(LtxError::HeaderFlags(flags));
        }
        let page_size = PageSize::new(u32_at(8)).ok_or(LtxError::PageSize(u32_at(8)))?;
        let (min, max) = (u64_at(16), u64_at(24));
        let txids = Txid::new(min)
            .zip(Txid::new(max))
            .and_then(|(min, max)| TxidRange::new(min, max))
            .ok_or(LtxError::Transactions { min, max })?;
        Ok(Self {
            tracks_checksum: flags & NO_CHECKSUM == 0,
            page_size,
            commit: u32_at(12),
            txids,
            timestamp_ms: u64_at(32).cast_signed(),
        })
    }

    /// Reads a header and holds it against the name of the object it came from.
    pub fn parse_named(bytes: &[u8], name: TxidRange) -> Result<Self, LtxError> {
        let header = Self::parse(bytes)?;
        if header.txids == name {
            Ok(header)
        } else {
            Err(LtxError::Name {
                header: header.txids,
                name,
            })
        }
    }

    /// The timestamp; `None` if it is outside of what a calendar has, which only damage brings about.
    pub fn timestamp(&self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.timestamp_ms).ok()
    }
}

fn take<const N: usize>(header: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&header[at..at + N]);
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut bytes = b"LTX1".to_vec();
        bytes.extend(2u32.to_be_bytes());
        bytes.extend(4096u32.to_be_bytes());
        bytes.extend(19u32.to_be_bytes());
        bytes.extend(1u64.to_be_bytes());
        bytes.extend(6u64.to_be_bytes());
        bytes.extend(1_795_288_091_106u64.to_be_bytes());
        bytes.resize(HEADER_BYTES, 0);
        bytes
    }

    #[test]
    fn reads_what_litestream_writes() {
        let header = Header::parse(&sample()).unwrap();
        assert_eq!((header.page_size.get(), header.commit), (4096, 19));
        assert!(header.txids.is_full_image() && !header.tracks_checksum);
        assert_eq!(
            header.timestamp().unwrap().to_string(),
            "2026-11-21T19:08:11.106Z"
        );
    }

    #[test]
    fn names_what_it_does_not_know() {
        let with = |at: usize, byte: u8| {
            let mut bytes = sample();
            bytes[at] = byte;
            Header::parse(&bytes).unwrap_err()
        };
        assert_eq!(with(3, b'2'), LtxError::Magic(*b"LTX2"));
        assert_eq!(with(7, 3), LtxError::HeaderFlags(3));
        assert_eq!(with(11, 1), LtxError::PageSize(4097));
        assert!(matches!(with(23, 0), LtxError::Transactions { min: 0, max: 6 }));
        assert!(matches!(with(23, 7), LtxError::Transactions { min: 7, max: 6 }));
        assert!(matches!(
            Header::parse(&sample()[..99]),
            Err(LtxError::Truncated { have: 99, .. })
        ));
        let other = TxidRange::from_file_name("0000000000000002-0000000000000006.ltx").unwrap();
        assert!(matches!(
            Header::parse_named(&sample(), other),
            Err(LtxError::Name { .. })
        ));
    }

    #[test]
    fn the_lock_page_is_never_stored() {
        let size = PageSize::new(4096).unwrap();
        assert_eq!(size.lock_page(), 262_145);
        assert_eq!(size.stored_pages(262_144), 262_144);
        assert_eq!(size.stored_pages(262_145), 262_144);
        assert_eq!(PageSize::new(4095), None);
        assert_eq!(PageSize::new(131_072), None);
    }
}
