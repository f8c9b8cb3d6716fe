//! Times: exact for programs, relative for people.

use jiff::Timestamp;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// A span of milliseconds in at most two units, as `kubectl` writes ages: `45s`, `3m20s`, `5h`, `2d3h`.
pub(in crate::ctl) fn age(ms: i64) -> String {
    let ms = ms.max(0);
    let two = |unit: i64, name: &str, lesser: i64, lesser_name: &str| {
        let rest = ms % unit / lesser;
        if rest == 0 {
            format!("{}{name}", ms / unit)
        } else {
            format!("{}{name}{rest}{lesser_name}", ms / unit)
        }
    };
    match ms {
        _ if ms < 2 * MINUTE => format!("{}s", ms / SECOND),
        _ if ms < 10 * MINUTE => two(MINUTE, "m", SECOND, "s"),
        _ if ms < 3 * HOUR => format!("{}m", ms / MINUTE),
        _ if ms < 8 * HOUR => two(HOUR, "h", MINUTE, "m"),
        _ if ms < 2 * DAY => format!("{}h", ms / HOUR),
        _ if ms < 8 * DAY => two(DAY, "d", HOUR, "h"),
        _ if ms < 2 * YEAR => format!("{}d", ms / DAY),
        _ => two(YEAR, "y", DAY, "d"),
    }
}

/// Unix milliseconds as RFC 3339 in UTC with milliseconds, as in `2026-11-21T21:44:50.123Z`.
pub(in crate::ctl) fn rfc3339(unix_ms: i64) -> String {
    // Out of range only for years that no row of ours holds.
    Timestamp::from_millisecond(unix_ms).map_or_else(|_| unix_ms.to_string(), |time| format!("{time:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_at_most_two_units() {
        for (ms, text) in [
            (-5, "0s"),
            (119_999, "119s"),
            (120_000, "2m"),
            (200_000, "3m20s"),
            (11 * MINUTE, "11m"),
            (3 * HOUR, "3h"),
            (3 * HOUR + 20 * MINUTE, "3h20m"),
            (30 * HOUR, "30h"),
            (2 * DAY + 3 * HOUR, "2d3h"),
            (8 * DAY, "8d"),
            (3 * YEAR + 2 * DAY, "3y2d"),
        ] {
            assert_eq!(age(ms), text);
        }
    }

    #[test]
    fn exact_times_are_utc() {
        assert_eq!(rfc3339(1_795_300_000_007), "2026-11-21T22:26:40.007Z");
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(i64::MAX), i64::MAX.to_string());
    }
}
