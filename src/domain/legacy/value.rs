//! Values as SQLite stores them, whatever their column was declared to hold.
//!
//! The old bot declared columns by names that SQLite does not know (`uuid`, `jsonb`, `datetime`), so what a column
//! holds is decided by the value, never by the declaration.

use std::borrow::Cow;

pub use crate::domain::digest::Value as OldValue;

/// A value as a pod's database holds it: one type per column, text always UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewValue<'a> {
    /// NULL.
    Null,
    /// A 64-bit integer: a number, a snowflake or an instant in Unix milliseconds.
    Integer(i64),
    /// Text.
    Text(Cow<'a, str>),
}

/// One value for the old database, owned.
#[derive(Debug, Clone, PartialEq)]
pub enum OwnedValue {
    /// NULL.
    Null,
    /// A 64-bit integer.
    Integer(i64),
    /// A double.
    Real(f64),
    /// Text; not always UTF-8.
    Text(Vec<u8>),
    /// Bytes.
    Blob(Vec<u8>),
}

impl OwnedValue {
    /// The value, borrowed.
    pub fn borrowed(&self) -> OldValue<'_> {
        match self {
            Self::Null => OldValue::Null,
            Self::Integer(number) => OldValue::Integer(*number),
            Self::Real(number) => OldValue::Real(*number),
            Self::Text(bytes) => OldValue::Text(bytes),
            Self::Blob(bytes) => OldValue::Blob(bytes),
        }
    }
}

impl From<&OldValue<'_>> for OwnedValue {
    fn from(value: &OldValue<'_>) -> Self {
        match value {
            OldValue::Null => Self::Null,
            OldValue::Integer(number) => Self::Integer(*number),
            OldValue::Real(number) => Self::Real(*number),
            OldValue::Text(bytes) => Self::Text(bytes.to_vec()),
            OldValue::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }
}

impl From<&str> for OwnedValue {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for OwnedValue {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<i64> for OwnedValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

/// Bytes of payload, as SQLite counts them for text and blobs; eight for a number.
pub const fn payload_bytes(value: &OldValue<'_>) -> usize {
    match value {
        OldValue::Null => 0,
        OldValue::Integer(_) | OldValue::Real(_) => 8,
        OldValue::Text(bytes) | OldValue::Blob(bytes) => bytes.len(),
    }
}

/// The value for a person: text as it is, numbers as digits, blobs and texts that are none as hex; at most `max`
/// characters.
pub fn show(value: &OldValue<'_>, max: usize) -> String {
    let whole = match value {
        OldValue::Null => "NULL".to_owned(),
        OldValue::Integer(number) => number.to_string(),
        OldValue::Real(number) => format!("{number:e} (a double)"),
        OldValue::Text([]) => "''".to_owned(),
        OldValue::Text(bytes) if std::str::from_utf8(bytes).is_err() => {
            format!("{} (no UTF-8)", hex(bytes, max.saturating_sub(14)))
        }
        OldValue::Text(bytes) => {
            let head = &bytes[..bytes.len().min(max.saturating_mul(4).saturating_add(4))];
            // Control characters would reach the operator's terminal.
            String::from_utf8_lossy(head)
                .chars()
                .map(|c| if c.is_control() { '\u{fffd}' } else { c })
                .collect()
        }
        OldValue::Blob(bytes) => hex(bytes, max),
    };
    if whole.chars().count() <= max {
        return whole;
    }
    whole.chars().take(max.saturating_sub(1)).chain(['…']).collect()
}

fn hex(bytes: &[u8], max: usize) -> String {
    let head = bytes.iter().take(max / 2);
    head.fold("x'".to_owned(), |text, byte| format!("{text}{byte:02x}")) + "'"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_values_without_reaching_the_terminal() {
        for (value, shown) in [
            (OldValue::Null, "NULL"),
            (OldValue::Integer(-5), "-5"),
            (
                OldValue::Real(1.234_567_890_123_456_7e19),
                "1.2345678901234567e19 (a double)",
            ),
            (OldValue::Text(b"a\0b\x1b[31m"), "a\u{fffd}b\u{fffd}[31m"),
            (OldValue::Text("ユーザー".as_bytes()), "ユーザー"),
            (OldValue::Text(b"\xff\xfe"), "x'fffe' (no UTF-8)"),
            (OldValue::Text(b""), "''"),
            (OldValue::Blob(b"\x00\xff"), "x'00ff'"),
        ] {
            assert_eq!(show(&value, 40), shown);
        }
        assert_eq!(show(&OldValue::Text("é".repeat(50).as_bytes()), 5), "éééé…");
    }
}
