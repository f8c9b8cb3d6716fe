//! The instants of the old database: five spellings in, Unix milliseconds out, one spelling back.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::value::OldValue;

/// How an instant was spelt. [`Spelling::Iso`] is the normal form, which [`write`] gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spelling {
    /// `2026-01-02T03:04:05.678Z`: what the application writes, and the only spelling that `join` writes.
    Iso,
    /// ISO 8601 with another number of fraction digits, or with an offset from UTC.
    IsoOther,
    /// `2026-01-02 03:04:05`: what SQL's `CURRENT_TIMESTAMP` gives, in UTC.
    Sql,
    /// A day alone: its midnight in UTC.
    Date,
    /// Unix milliseconds as a number, or as digits in a text column.
    Millis,
    /// What JavaScript's `Date.toString()` gives.
    JsDate,
}

impl Spelling {
    /// Every spelling, the normal form first.
    pub const ALL: [Self; 6] = [
        Self::Iso,
        Self::IsoOther,
        Self::Sql,
        Self::Date,
        Self::Millis,
        Self::JsDate,
    ];

    /// A short name, stable in machine output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Iso => "iso",
            Self::IsoOther => "iso_other",
            Self::Sql => "sql",
            Self::Date => "date",
            Self::Millis => "millis",
            Self::JsDate => "js_date",
        }
    }

    /// An example, for people.
    pub const fn example(self) -> &'static str {
        match self {
            Self::Iso => "2026-01-02T03:04:05.678Z",
            Self::IsoOther => "2026-01-02T03:04:05+02:00",
            Self::Sql => "2026-01-02 03:04:05",
            Self::Date => "2026-01-02",
            Self::Millis => "1767323045678",
            Self::JsDate => "Fri Jan 02 2026 03:04:05 GMT+0000 (…)",
        }
    }
}

/// What one column of type instant was found to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// NULL.
    Null,
    /// An instant.
    At {
        /// Unix milliseconds.
        ms: i64,
        /// How it was spelt.
        spelling: Spelling,
    },
    /// The text `CURRENT_TIMESTAMP`: the old schema quoted its default, so no time was ever stored.
    Literal,
}

/// The value is no instant in any of the spellings, or one outside the years 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an instant")]
pub struct NotAnInstant;

/// The text that the old schema's quoted default stored.
pub const LITERAL: &str = "CURRENT_TIMESTAMP";

/// From the first millisecond of year 1 to the end of year 9999 less the widest offset: what four digits can
/// spell and `jiff` can hold.
const SPELLABLE: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_207_200_000;

/// Reads an instant.
///
/// A fraction finer than a millisecond is refused unless the rest is zeros, since it could not be given back.
pub fn read(value: OldValue<'_>) -> Result<Reading, NotAnInstant> {
    match value {
        OldValue::Null => Ok(Reading::Null),
        OldValue::Integer(ms) => at(ms, Spelling::Millis),
        OldValue::Text(bytes) => read_text(std::str::from_utf8(bytes).map_err(|_| NotAnInstant)?),
        OldValue::Real(_) | OldValue::Blob(_) => Err(NotAnInstant),
    }
}

/// The normal form of an instant; `None` outside the years 1 to 9999.
pub fn write(ms: i64) -> Option<String> {
    if !SPELLABLE.contains(&ms) {
        return None;
    }
    let timestamp = Timestamp::from_millisecond(ms).ok()?;
    Some(timestamp.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
}

fn at(ms: i64, spelling: Spelling) -> Result<Reading, NotAnInstant> {
    if SPELLABLE.contains(&ms) {
        Ok(Reading::At { ms, spelling })
    } else {
        Err(NotAnInstant)
    }
}

fn read_text(text: &str) -> Result<Reading, NotAnInstant> {
    if text == LITERAL {
        return Ok(Reading::Literal);
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return at(text.parse().map_err(|_| NotAnInstant)?, Spelling::Millis);
    }
    if text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) {
        return read_js_date(text);
    }
    read_dated(text)
}

/// `YYYY-MM-DD`, then nothing, or `T` or a blank, a time, and for `T` a zone.
fn read_dated(text: &str) -> Result<Reading, NotAnInstant> {
    let bytes = text.as_bytes();
    let has_day = bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-';
    if !has_day || !text.is_ascii() {
        return Err(NotAnInstant);
    }
    if bytes.len() == 10 {
        let date: Date = text.parse().map_err(|_| NotAnInstant)?;
        return in_utc(date.at(0, 0, 0, 0), Spelling::Date);
    }
    let clock_and_zone = &text[11..];
    let zone_at = clock_and_zone.find(['Z', '+', '-']);
    let clock = &clock_and_zone[..zone_at.unwrap_or(clock_and_zone.len())];
    let fraction = clock.split_once('.').map(|(_, digits)| digits);
    if clock.len() < 8 || fraction.is_some_and(|f| f.is_empty() || finer_than_ms(f)) {
        return Err(NotAnInstant);
    }
    match (bytes[10], zone_at) {
        (b'T', Some(_)) => {
            let timestamp: Timestamp = text.parse().map_err(|_| NotAnInstant)?;
            let is_normal = bytes.len() == 24 && bytes[23] == b'Z';
            let spelling = if is_normal {
                Spelling::Iso
            } else {
                Spelling::IsoOther
            };
            at(timestamp.as_millisecond(), spelling)
        }
        (b' ', None) => {
            let local: DateTime = text.parse().map_err(|_| NotAnInstant)?;
            in_utc(local, Spelling::Sql)
        }
        _ => Err(NotAnInstant),
    }
}

fn finer_than_ms(fraction: &str) -> bool {
    fraction.bytes().skip(3).any(|digit| digit != b'0')
}

fn in_utc(local: DateTime, spelling: Spelling) -> Result<Reading, NotAnInstant> {
    let zoned = local.to_zoned(TimeZone::UTC).map_err(|_| NotAnInstant)?;
    at(zoned.timestamp().as_millisecond(), spelling)
}

/// `Wed Sep 09 2026 08:05:03 GMT+0000 (Coordinated Universal Time)`: the name in brackets says nothing new.
fn read_js_date(text: &str) -> Result<Reading, NotAnInstant> {
    let fields = text.split(" (").next().unwrap_or(text);
    let parsed = jiff::fmt::strtime::parse("%a %b %d %Y %H:%M:%S GMT%z", fields)
        .and_then(|broken_down| broken_down.to_timestamp())
        .map_err(|_| NotAnInstant)?;
    at(parsed.as_millisecond(), Spelling::JsDate)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-02T03:04:05.678Z.
    const MS: i64 = 1_767_323_045_678;
    const S: i64 = 1_767_323_045_000;

    #[test]
    fn reads_every_spelling() {
        for (text, ms, spelling) in [
            ("2026-01-02T03:04:05.678Z", MS, Spelling::Iso),
            ("2026-01-02T03:04:05Z", S, Spelling::IsoOther),
            ("2026-01-02T03:04:05.6Z", S + 600, Spelling::IsoOther),
            ("2026-01-02T03:04:05.678000Z", MS, Spelling::IsoOther),
            ("2026-01-02T05:04:05.678+02:00", MS, Spelling::IsoOther),
            ("2026-01-02T01:04:05.678-02:00", MS, Spelling::IsoOther),
            ("2026-01-02 03:04:05", S, Spelling::Sql),
            ("2026-01-02 03:04:05.678", MS, Spelling::Sql),
            ("2026-01-02", 1_767_312_000_000, Spelling::Date),
            ("1767323045678", MS, Spelling::Millis),
            ("-1", -1, Spelling::Millis),
            (
                "Fri Jan 02 2026 03:04:05 GMT+0000 (Coordinated Universal Time)",
                S,
                Spelling::JsDate,
            ),
            (
                "Fri Jan 02 2026 05:04:05 GMT+0200 (Eastern European Standard Time)",
                S,
                Spelling::JsDate,
            ),
            ("Fri Jan 02 2026 03:04:05 GMT+0000", S, Spelling::JsDate),
            ("0001-01-01T00:00:00.000Z", -62_135_596_800_000, Spelling::Iso),
            ("1970-01-01T00:00:00.000Z", 0, Spelling::Iso),
            ("2024-02-29T23:59:59.999Z", 1_709_251_199_999, Spelling::Iso),
        ] {
            assert_eq!(
                read(OldValue::Text(text.as_bytes())),
                Ok(Reading::At { ms, spelling }),
                "{text}"
            );
        }
        assert_eq!(
            read(OldValue::Integer(MS)),
            Ok(Reading::At {
                ms: MS,
                spelling: Spelling::Millis
            })
        );
        assert_eq!(read(OldValue::Null), Ok(Reading::Null));
        assert_eq!(read(OldValue::Text(b"CURRENT_TIMESTAMP")), Ok(Reading::Literal));
    }

    #[test]
    fn refuses_what_it_could_not_give_back() {
        for text in [
            "",
            "-",
            "yesterday",
            "current_timestamp",
            "2026-01-02T03:04:05.6789Z",
            "2026-01-02 03:04:05.678901",
            "2026-01-02T03:04:05.678",
            "2026-01-02T03:04:05.Z",
            "2026-01-02 03:04:05Z",
            "2026-01-02 03:04",
            "2026-13-02T03:04:05.678Z",
            "2026-02-30",
            "2026-01-02T25:04:05.678Z",
            " 2026-01-02T03:04:05.678Z",
            "2026-01-02T03:04:05.678Z ",
            "2026-01-02T03:04:05.678Z\0",
            "20260102T030405Z",
            "99999999999999999999",
            "9223372036854775807",
            "２０２６-01-02",
        ] {
            assert_eq!(read(OldValue::Text(text.as_bytes())), Err(NotAnInstant), "{text}");
        }
        assert_eq!(read(OldValue::Text(b"\xff")), Err(NotAnInstant));
        assert_eq!(read(OldValue::Real(1.0)), Err(NotAnInstant));
        assert_eq!(read(OldValue::Blob(b"2026-01-02")), Err(NotAnInstant));
        assert_eq!(read(OldValue::Integer(i64::MAX)), Err(NotAnInstant));
    }

    #[test]
    fn writes_one_spelling_that_reads_back() {
        for ms in [MS, 0, -1, *SPELLABLE.start(), *SPELLABLE.end(), 1_709_251_199_999] {
            let text = write(ms).unwrap();
            assert_eq!(text.len(), 24, "{text}");
            assert_eq!(
                read(OldValue::Text(text.as_bytes())),
                Ok(Reading::At {
                    ms,
                    spelling: Spelling::Iso
                }),
                "{text}"
            );
        }
        assert_eq!(write(MS).unwrap(), "2026-01-02T03:04:05.678Z");
        assert_eq!(write(i64::MAX), None);
        assert_eq!(write(SPELLABLE.start() - 1), None);
    }
}
