//! Discord's ids: a time in milliseconds since 2015, then 22 bits that keep ids of one millisecond apart.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The first millisecond of 2015 in Unix milliseconds.
/// Source: Discord developer documentation, reference, "Snowflakes".
const DISCORD_EPOCH_MS: u64 = 1_420_070_400_000;

/// An id. JSON carries it as a decimal string, as Discord does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Snowflake(pub u64);

impl Snowflake {
    /// The id made at `ms` (Unix milliseconds) with `low` as its last 22 bits.
    pub const fn at(ms: u64, low: u64) -> Self {
        Self((ms.saturating_sub(DISCORD_EPOCH_MS) << 22) | (low & 0x3f_ffff))
    }

    /// When the id was made, in Unix milliseconds.
    pub const fn created_ms(self) -> u64 {
        (self.0 >> 22) + DISCORD_EPOCH_MS
    }
}

impl fmt::Display for Snowflake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Snowflake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Snowflake {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for Snowflake {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Snowflake {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Text(String),
            Number(u64),
        }
        match Form::deserialize(deserializer)? {
            Form::Text(text) => text.parse().map_err(serde::de::Error::custom),
            Form::Number(number) => Ok(Self(number)),
        }
    }
}

/// Gives out ids: each greater than the one before, none twice.
#[derive(Debug, Default)]
pub(super) struct Mint {
    ms: u64,
    low: u64,
}

impl Mint {
    /// The next id, made at `now_ms`, or just after the last one where that is later.
    pub(super) fn next(&mut self, now_ms: u64) -> Snowflake {
        if now_ms > self.ms {
            (self.ms, self.low) = (now_ms, 0);
        } else if self.low == 0x3f_ffff {
            (self.ms, self.low) = (self.ms + 1, 0);
        } else {
            self.low += 1;
        }
        Snowflake::at(self.ms, self.low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_its_time_and_is_text_in_json() {
        let id = Snowflake::at(1_700_000_000_000, 7);
        assert_eq!(id.created_ms(), 1_700_000_000_000);
        let text = serde_json::to_string(&id).unwrap();
        assert_eq!(text, format!("\"{}\"", id.0));
        assert_eq!(serde_json::from_str::<Snowflake>(&text).unwrap(), id);
    }

    #[test]
    fn ids_grow_even_when_the_clock_stands_or_goes_back() {
        let mut mint = Mint::default();
        let ids: Vec<_> = [5, 5, 4, 6, 6]
            .map(|ms| mint.next(1_700_000_000_000 + ms))
            .to_vec();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    }
}
