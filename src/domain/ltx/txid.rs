//! Transaction numbers as Litestream counts and writes them.

use std::fmt;
use std::str::FromStr;

/// One sync of Litestream's, counted from 1; several commits of the application may share it.
///
/// Written as 16 lower-case hexadecimal digits, as Litestream does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Txid(u64);

/// A text or number that is no transaction number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a TXID: write up to 16 hexadecimal digits, as Litestream does (000000000000002d, or 2d)"
)]
pub struct TxidError(String);

impl Txid {
    /// The first transaction: a file that starts here is a complete image.
    pub const FIRST: Self = Self(1);

    /// The transaction with this number; there is none numbered 0.
    pub const fn new(number: u64) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The transaction after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The transaction before this one, if it is not the first.
    pub const fn previous(self) -> Option<Self> {
        Self::new(self.0 - 1)
    }

    /// Reads exactly 16 lower-case hexadecimal digits, as they stand in object names.
    pub fn from_digits(digits: &str) -> Option<Self> {
        let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if digits.len() != 16 || !digits.bytes().all(lower_hex) {
            return None;
        }
        u64::from_str_radix(digits, 16).ok().and_then(Self::new)
    }
}

impl FromStr for Txid {
    type Err = TxidError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || TxidError(text.chars().take(40).collect());
        if text.is_empty() || text.len() > 16 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(refused());
        }
        u64::from_str_radix(text, 16)
            .ok()
            .and_then(Self::new)
            .ok_or_else(refused)
    }
}

impl fmt::Display for Txid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:016x}", self.0))
    }
}

impl fmt::Debug for Txid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// The transactions `min..=max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TxidRange {
    /// The first.
    pub min: Txid,
    /// The last, not before the first.
    pub max: Txid,
}

impl TxidRange {
    /// The range, unless it is the wrong way round.
    pub fn new(min: Txid, max: Txid) -> Option<Self> {
        (min <= max).then_some(Self { min, max })
    }

    /// Whether a file over this range is a complete image of the database.
    pub fn is_full_image(self) -> bool {
        self.min == Txid::FIRST
    }

    /// Whether the transaction is in the range.
    pub fn contains(self, txid: Txid) -> bool {
        self.min <= txid && txid <= self.max
    }

    /// Reads `<min>-<max>.ltx`, the only form that object names have.
    pub fn from_file_name(name: &str) -> Option<Self> {
        let (min, max) = name.strip_suffix(".ltx")?.split_once('-')?;
        Self::new(Txid::from_digits(min)?, Txid::from_digits(max)?)
    }
}

impl fmt::Display for TxidRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min == self.max {
            self.min.fmt(f)
        } else {
            write!(f, "{}-{}", self.min, self.max)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_form_and_flags_take_short_ones() {
        let range = TxidRange::from_file_name("0000000000000002-000000000000000b.ltx").unwrap();
        assert_eq!((range.min.get(), range.max.get()), (2, 11));
        for wrong in [
            "2-b.ltx",
            "0000000000000002-000000000000000B.ltx",
            "0000000000000000-0000000000000001.ltx",
            "000000000000000b-0000000000000002.ltx",
            "0000000000000001-0000000000000002.ltx.tmp",
            "+000000000000001-0000000000000002.ltx",
        ] {
            assert_eq!(TxidRange::from_file_name(wrong), None, "{wrong}");
        }
        assert_eq!("2d".parse::<Txid>().unwrap().to_string(), "000000000000002d");
        for wrong in ["", "0", "+1", "xyz", "00000000000000001"] {
            assert!(wrong.parse::<Txid>().is_err(), "{wrong}");
        }
    }
}
