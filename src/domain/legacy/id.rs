//! Snowflakes as the old database holds them: decimal text, an integer, or a double that lost digits.

use super::value::OldValue;
use crate::domain::ids::GuildId;

/// The first millisecond of 2015, from which Discord counts, in Unix milliseconds.
/// Source: Discord developer documentation, "Snowflakes".
pub const DISCORD_EPOCH_MS: i64 = 1_420_070_400_000;

/// A snowflake as a signed column holds it: `1..=2^63-1`.
pub type Snowflake = i64;

/// Why a value is no snowflake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum IdError {
    /// NULL.
    #[error("NULL")]
    Null,
    /// Stored as a double: `SQLite` makes one of a number above 2^63-1 in a column of numeric affinity, and the
    /// last digits are gone.
    #[error("a lossy double")]
    Double,
    /// Digits, but more than 63 bits.
    #[error("above 2^63-1")]
    TooLarge,
    /// Something other than the one decimal spelling of a positive number.
    #[error("not a decimal number")]
    NotDecimal,
}

/// Reads a snowflake.
///
/// Text has one spelling (digits, no sign, no blanks, no leading zero), so that it can be given back exactly.
pub fn read(value: OldValue<'_>) -> Result<Snowflake, IdError> {
    match value {
        OldValue::Null => Err(IdError::Null),
        OldValue::Integer(id) if id > 0 => Ok(id),
        OldValue::Integer(_) | OldValue::Blob(_) => Err(IdError::NotDecimal),
        OldValue::Real(_) => Err(IdError::Double),
        OldValue::Text(digits) => read_digits(digits),
    }
}

/// Reads a guild's id.
pub fn read_guild(value: OldValue<'_>) -> Result<GuildId, IdError> {
    read(value).and_then(|id| GuildId::from_i64(id).map_err(|_| IdError::NotDecimal))
}

fn read_digits(digits: &[u8]) -> Result<Snowflake, IdError> {
    let Some(first) = digits.first() else {
        return Err(IdError::NotDecimal);
    };
    if *first == b'0' || !digits.iter().all(u8::is_ascii_digit) {
        return Err(IdError::NotDecimal);
    }
    digits
        .iter()
        .try_fold(0_i64, |sum, digit| {
            sum.checked_mul(10)?.checked_add(i64::from(digit - b'0'))
        })
        .ok_or(IdError::TooLarge)
}

/// When Discord made the snowflake, in Unix milliseconds.
pub const fn born_ms(id: Snowflake) -> i64 {
    (id >> 22) + DISCORD_EPOCH_MS
}

/// Whether two ids are one number to a reader that keeps ids as doubles, as JavaScript does.
#[expect(clippy::cast_precision_loss, reason = "the loss is what is asked about")]
pub fn share_a_double(a: Snowflake, b: Snowflake) -> bool {
    (a as f64).total_cmp(&(b as f64)).is_eq()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_exactly_or_not_at_all() {
        for (value, read_as) in [
            (OldValue::Text(b"614601782152265748"), Ok(614_601_782_152_265_748)),
            (
                OldValue::Integer(614_601_782_152_265_748),
                Ok(614_601_782_152_265_748),
            ),
            (OldValue::Text(b"9223372036854775807"), Ok(i64::MAX)),
            (OldValue::Integer(i64::MAX), Ok(i64::MAX)),
            (OldValue::Text(b"1"), Ok(1)),
            (OldValue::Text(b"9223372036854775808"), Err(IdError::TooLarge)),
            (OldValue::Text(b"12345678901234567890"), Err(IdError::TooLarge)),
            (OldValue::Text(b"99999999999999999999999"), Err(IdError::TooLarge)),
            (OldValue::Real(1.234_567_890_123_456_7e19), Err(IdError::Double)),
            (OldValue::Real(5.0), Err(IdError::Double)),
            (OldValue::Null, Err(IdError::Null)),
            (OldValue::Integer(0), Err(IdError::NotDecimal)),
            (OldValue::Integer(-5), Err(IdError::NotDecimal)),
            (OldValue::Blob(b"5"), Err(IdError::NotDecimal)),
        ] {
            assert_eq!(read(value), read_as, "{value:?}");
        }
        for text in [
            "",
            "0",
            "05",
            "-5",
            "+5",
            " 5",
            "5 ",
            "5\0",
            "5.0",
            "6.14601782152266e+17",
            "５",
            "abc",
        ] {
            assert_eq!(
                read(OldValue::Text(text.as_bytes())),
                Err(IdError::NotDecimal),
                "{text:?}"
            );
        }
    }

    #[test]
    fn knows_ids_that_javascript_cannot_tell_apart() {
        assert!(share_a_double(614_601_782_152_265_748, 614_601_782_152_265_700));
        assert!(!share_a_double(614_601_782_152_265_748, 614_601_782_152_266_000));
        assert!(!share_a_double(5, 6));
    }
}
