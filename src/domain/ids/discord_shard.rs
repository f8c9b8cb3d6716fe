//! Discord shards: how Discord splits a bot's events over gateway sessions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How many Discord shards the bot has, `1..=16384`: our choice, the same for the whole fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct NumShards(u32);

/// A count of Discord shards that is out of range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} Discord shards: choose from 1 to 16384")]
pub struct NumShardsError(String);

/// One Discord shard, `0..num_shards`: one gateway session.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DiscordShardId(u32);

impl NumShards {
    /// What a new fleet starts with: enough for 160,000 guilds at Discord's 2,500 a session.
    pub const DEFAULT: Self = Self(64);
    const MAX: u32 = 16_384;

    /// A count in `1..=16384`.
    pub fn new(count: u32) -> Result<Self, NumShardsError> {
        if (1..=Self::MAX).contains(&count) {
            Ok(Self(count))
        } else {
            Err(NumShardsError(count.to_string()))
        }
    }

    /// The count.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Every Discord shard, in order.
    pub fn ids(self) -> impl Iterator<Item = DiscordShardId> {
        (0..self.0).map(DiscordShardId)
    }

    /// The Discord shard with this number, where there is one.
    pub fn shard(self, number: u32) -> Option<DiscordShardId> {
        (number < self.0).then_some(DiscordShardId(number))
    }
}

impl TryFrom<u32> for NumShards {
    type Error = NumShardsError;

    fn try_from(count: u32) -> Result<Self, Self::Error> {
        Self::new(count)
    }
}

impl From<NumShards> for u32 {
    fn from(count: NumShards) -> Self {
        count.0
    }
}

impl FromStr for NumShards {
    type Err = NumShardsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse()
            .map_err(|_| NumShardsError(text.to_owned()))
            .and_then(Self::new)
    }
}

impl DiscordShardId {
    /// The Discord shard of a snowflake: `(snowflake >> 22) % num_shards`.
    pub fn of_snowflake(snowflake: u64, num_shards: NumShards) -> Self {
        // The remainder is below a u32.
        Self(u32::try_from((snowflake >> 22) % u64::from(num_shards.0)).unwrap_or_default())
    }

    /// The number, `0..num_shards`.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The number as signed database columns hold it.
    pub const fn as_i32(self) -> i32 {
        self.0.cast_signed()
    }

    /// Which IDENTIFY bucket this shard is in: `shard_id % max_concurrency`.
    pub const fn identify_bucket(self, max_concurrency: std::num::NonZeroU32) -> u32 {
        self.0 % max_concurrency.get()
    }
}

impl fmt::Display for DiscordShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for DiscordShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "discord-shard/{}", self.0)
    }
}
