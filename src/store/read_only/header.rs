//! The first 100 bytes of a `SQLite` file, read before `SQLite` is asked to open it.

/// The bytes that say what a file is.
pub(super) const HEADER_BYTES: usize = 100;

/// What a `SQLite` file says about itself.
/// Source: "Database File Format", section 1.3, on sqlite.org.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Bytes of a page, 512 to 65536.
    pub(super) page_size: u64,
    /// Pages of the file at its last checkpoint; `None` where an ancient writer left the count stale.
    pub(super) pages: Option<u64>,
    /// Whether the file is in WAL mode.
    pub(super) wal: bool,
}

impl Header {
    /// Reads the header; `None` where this is no `SQLite` file.
    pub(super) fn parse(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        if !bytes.starts_with(b"SQLite format 3\0") {
            return None;
        }
        let page_size = match u16::from_be_bytes([bytes[16], bytes[17]]) {
            1 => 65_536,
            size if size >= 512 && size.is_power_of_two() => u64::from(size),
            _ => return None,
        };
        let be32 = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let (changes, pages, counted_at) = (be32(24), be32(28), be32(92));
        Some(Self {
            page_size,
            pages: (counted_at == changes && pages > 0).then_some(u64::from(pages)),
            wal: bytes[18] == 2 || bytes[19] == 2,
        })
    }

    /// How long the file must be at least, where the header knows.
    pub(super) fn expected_bytes(&self) -> Option<u64> {
        self.pages.map(|pages| pages * self.page_size)
    }
}

/// What a file that is not `SQLite` looks like, for the message.
pub(super) fn guess(head: &[u8]) -> &'static str {
    if head.is_empty() {
        "the file is empty"
    } else if head.starts_with(b"\xfd7zXZ\0") {
        "it is xz-compressed: unpack it first"
    } else if head.starts_with(b"\x1f\x8b") {
        "it is gzip-compressed: unpack it first"
    } else if head.starts_with(b"\x28\xb5\x2f\xfd") {
        "it is zstd-compressed: unpack it first"
    } else if head.starts_with(b"LTX1") {
        "it is a Litestream LTX file: restore the database from its replica first"
    } else if head.starts_with(&[0x37, 0x7f, 0x06, 0x82]) || head.starts_with(&[0x37, 0x7f, 0x06, 0x83]) {
        "it is a write-ahead log: name the database beside it, without -wal"
    } else if std::str::from_utf8(head).is_ok_and(|text| text.trim_start().starts_with(['{', '['])) {
        "it looks like JSON"
    } else if std::str::from_utf8(head).is_ok() {
        "it looks like text"
    } else {
        "its first bytes are not those of a SQLite database (an encrypted one looks like this too)"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(change: impl FnOnce(&mut [u8; HEADER_BYTES])) -> Option<Header> {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..16].copy_from_slice(b"SQLite format 3\0");
        bytes[16..18].copy_from_slice(&4096_u16.to_be_bytes());
        bytes[27] = 7;
        bytes[31] = 3;
        bytes[95] = 7;
        change(&mut bytes);
        Header::parse(&bytes)
    }

    #[test]
    fn reads_page_size_length_and_journal_mode() {
        let plain = header(|_| ()).unwrap();
        assert_eq!(
            (plain.page_size, plain.wal, plain.expected_bytes()),
            (4096, false, Some(12_288))
        );
        assert!(header(|b| b[18] = 2).unwrap().wal);
        assert_eq!(
            header(|b| b[16..18].copy_from_slice(&[0, 1])).unwrap().page_size,
            65_536
        );
        assert_eq!(header(|b| b[95] = 6).unwrap().expected_bytes(), None);
        assert_eq!(header(|b| b[16..18].copy_from_slice(&[0, 3])), None);
        assert_eq!(header(|b| b[0] = b'X'), None);
    }

    #[test]
    fn guesses_what_else_it_may_be() {
        for (head, part) in [
            (&b""[..], "empty"),
            (b"\xfd7zXZ\0rest", "xz"),
            (b"\x1f\x8brest", "gzip"),
            (b"{\"a\": 1}", "JSON"),
            (b"hello", "text"),
            (b"LTX1\0\0", "LTX"),
            (&[0x37, 0x7f, 0x06, 0x82, 0, 0], "write-ahead log"),
            (&[0xff, 0xfe, 0xfd], "encrypted"),
        ] {
            assert!(guess(head).contains(part), "{part}");
        }
    }
}
