//! Value parsers that clap lacks.

use std::time::Duration;

/// A span of time such as `500ms`, `10s`, `1m 30s` or `2h`; zero is allowed, negative is not.
pub fn duration(text: &str) -> Result<Duration, String> {
    let parsed: jiff::SignedDuration = text
        .parse()
        .map_err(|_| "not a span of time: write it like 500ms, 10s or 2m".to_owned())?;
    Duration::try_from(parsed).map_err(|_| "a span of time cannot be negative here".to_owned())
}

/// A [`duration`] longer than zero.
pub fn time_limit(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("must be longer than zero".to_owned()),
        time => Ok(time),
    }
}

/// A number of bytes such as `65536`, `64KiB` or `2MiB`.
pub fn bytes(text: &str) -> Result<usize, String> {
    let size: bytesize::ByteSize = text
        .parse()
        .map_err(|_| "not a size: write it like 65536, 64KiB or 2MiB".to_owned())?;
    usize::try_from(size.as_u64()).map_err(|_| "too large for this machine".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_sizes_are_read_as_people_write_them() {
        assert_eq!(duration("500ms").unwrap(), Duration::from_millis(500));
        assert_eq!(duration("1m 30s").unwrap(), Duration::from_secs(90));
        assert_eq!(duration("0s").unwrap(), Duration::ZERO);
        assert!(duration("10").is_err());
        assert!(duration("-1s").unwrap_err().contains("negative"));
        assert_eq!(bytes("64KiB").unwrap(), 65_536);
        assert_eq!(bytes("100").unwrap(), 100);
        assert!(bytes("many").is_err());
    }
}
