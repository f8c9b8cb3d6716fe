//! A guild's id: a Discord snowflake.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{DiscordShardId, NumShards};

/// The first millisecond of 2015, from which Discord counts, in Unix milliseconds.
/// Source: Discord developer documentation, "Snowflakes".
const DISCORD_EPOCH_MS: i64 = 1_420_070_400_000;

/// A Discord server, the tenant: a snowflake in `1..=2^63-1`.
///
/// A decimal string in JSON and on the command line, since a snowflake does not fit the 53 bits that
/// many JSON readers keep.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GuildId(u64);

/// Why a text or number is no guild id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuildIdError {
    /// Something other than digits.
    #[error("guild id {0:?} is not a decimal number")]
    NotDecimal(String),
    /// Zero, which Discord never gives out.
    #[error("guild id 0 is not a snowflake")]
    Zero,
    /// Over 2^63-1.
    #[error("guild id {0} is too large: a snowflake has at most 63 bits")]
    TooLarge(String),
}

impl GuildId {
    /// The id for `raw`; refuses zero and anything over `2^63-1`.
    pub fn new(raw: u64) -> Result<Self, GuildIdError> {
        match raw {
            0 => Err(GuildIdError::Zero),
            raw if i64::try_from(raw).is_err() => Err(GuildIdError::TooLarge(raw.to_string())),
            raw => Ok(Self(raw)),
        }
    }

    /// The id held by a signed database column.
    pub fn from_i64(raw: i64) -> Result<Self, GuildIdError> {
        u64::try_from(raw)
            .map_err(|_| GuildIdError::NotDecimal(raw.to_string()))
            .and_then(Self::new)
    }

    /// The id as a number in `1..=2^63-1`.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The id as signed database columns hold it: always positive.
    pub const fn as_i64(self) -> i64 {
        self.0.cast_signed()
    }

    /// When Discord made the guild, in Unix milliseconds.
    pub const fn created_at_ms(self) -> i64 {
        (self.0 >> 22).cast_signed() + DISCORD_EPOCH_MS
    }

    /// The Discord shard whose session carries this guild's events: `(id >> 22) % num_shards`.
    pub fn discord_shard(self, num_shards: NumShards) -> DiscordShardId {
        DiscordShardId::of_snowflake(self.0, num_shards)
    }
}

impl FromStr for GuildId {
    type Err = GuildIdError;

    /// Digits only: no sign, no blanks, no leading zero (an id has one spelling).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "0" {
            return Err(GuildIdError::Zero);
        }
        if text.is_empty() || text.starts_with('0') || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(GuildIdError::NotDecimal(text.chars().take(40).collect()));
        }
        // Digits that do not parse are too many of them.
        let raw = text
            .parse()
            .map_err(|_| GuildIdError::TooLarge(text.chars().take(40).collect()))?;
        Self::new(raw)
    }
}

impl fmt::Display for GuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for GuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "guild/{}", self.0)
    }
}

impl Serialize for GuildId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GuildId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_discord_gives_and_refuses_the_rest() {
        assert_eq!(
            "614601782152265748".parse::<GuildId>().unwrap().get(),
            614_601_782_152_265_748
        );
        assert_eq!(
            "9223372036854775807".parse::<GuildId>().unwrap().as_i64(),
            i64::MAX
        );
        for (text, error) in [
            ("0", GuildIdError::Zero),
            ("", GuildIdError::NotDecimal(String::new())),
            ("-5", GuildIdError::NotDecimal("-5".into())),
            ("+5", GuildIdError::NotDecimal("+5".into())),
            (" 5", GuildIdError::NotDecimal(" 5".into())),
            ("05", GuildIdError::NotDecimal("05".into())),
            ("abc", GuildIdError::NotDecimal("abc".into())),
            (
                "9223372036854775808",
                GuildIdError::TooLarge("9223372036854775808".into()),
            ),
            (
                "10000000000000000000",
                GuildIdError::TooLarge("10000000000000000000".into()),
            ),
            (
                "99999999999999999999",
                GuildIdError::TooLarge("99999999999999999999".into()),
            ),
        ] {
            assert_eq!(text.parse::<GuildId>(), Err(error), "{text}");
        }
        assert!(GuildId::from_i64(-1).is_err());
        assert!(GuildId::from_i64(0).is_err());
    }

    #[test]
    fn is_a_string_in_json() {
        let id: GuildId = serde_json::from_str("\"614601782152265748\"").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"614601782152265748\"");
        assert!(serde_json::from_str::<GuildId>("614601782152265748").is_err());
    }

    #[test]
    fn knows_its_birth_and_its_discord_shard() {
        // Discord's own example: 175928847299117063 was made at 2016-04-30 11:18:25.796 UTC.
        let id = GuildId::new(175_928_847_299_117_063).unwrap();
        assert_eq!(id.created_at_ms(), 1_462_015_105_796);
        let shards = NumShards::new(64).unwrap();
        assert_eq!(
            u64::from(id.discord_shard(shards).get()),
            (175_928_847_299_117_063 >> 22) % 64
        );
    }
}
