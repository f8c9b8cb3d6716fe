//! CRC-64/GO-ISO as LTX uses it: with the top bit always set, and over decompressed pages.

use crc_fast::{CrcAlgorithm, Digest};

const TOP_BIT: u64 = 1 << 63;

/// The running checksum of a stretch of an LTX file.
///
/// Stretches can be summed apart, on other threads, and joined in order with [`Checksum::join`].
#[derive(Debug, Clone)]
pub struct Checksum(Digest);

impl Checksum {
    /// The checksum of nothing.
    pub fn new() -> Self {
        Self(Digest::new(CrcAlgorithm::Crc64GoIso))
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Takes in a stretch that was summed apart.
    pub fn join(&mut self, next: &Self) {
        self.0.combine(&next.0);
    }

    /// The value as it stands in a file.
    pub fn value(&self) -> u64 {
        self.0.finalize() | TOP_BIT
    }
}

impl Default for Checksum {
    fn default() -> Self {
        Self::new()
    }
}

/// The checksum of one page of the database; the exclusive or of all of them is the database's checksum
/// (files with checksum tracking only: Litestream writes none).
pub fn page_checksum(pgno: u32, page: &[u8]) -> u64 {
    let mut sum = Checksum::new();
    sum.update(&pgno.to_be_bytes());
    sum.update(page);
    sum.value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_crc64_go_iso_and_joins_in_order() {
        let mut whole = Checksum::new();
        whole.update(b"123456789");
        // The check value of CRC-64/GO-ISO; its top bit is set already.
        assert_eq!(whole.value(), 0xb909_56c7_75a4_1001);
        let (mut left, mut right) = (Checksum::new(), Checksum::new());
        left.update(b"1234");
        right.update(b"56789");
        left.join(&right);
        assert_eq!(left.value(), whole.value());
        left.join(&Checksum::new());
        assert_eq!(left.value(), whole.value());
    }
}
