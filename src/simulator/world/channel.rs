//! Channels and threads.

use serde::{Deserialize, Serialize};

use crate::simulator::snowflake::Snowflake;

/// `GUILD_TEXT`.
pub(in crate::simulator) const TEXT: u8 = 0;
/// `GUILD_VOICE`.
pub(in crate::simulator) const VOICE: u8 = 2;
/// `GUILD_CATEGORY`.
pub(in crate::simulator) const CATEGORY: u8 = 4;
/// `PUBLIC_THREAD`.
pub(in crate::simulator) const PUBLIC_THREAD: u8 = 11;
/// `PRIVATE_THREAD`.
pub(in crate::simulator) const PRIVATE_THREAD: u8 = 12;

/// A channel of a guild, or a thread in one.
#[derive(Debug, Clone)]
pub(in crate::simulator) struct Channel {
    pub(in crate::simulator) id: Snowflake,
    pub(in crate::simulator) kind: u8,
    pub(in crate::simulator) name: String,
    pub(in crate::simulator) topic: Option<String>,
    pub(in crate::simulator) position: u32,
    /// The category, or the channel that a thread hangs in.
    pub(in crate::simulator) parent: Option<Snowflake>,
    pub(in crate::simulator) overwrites: Vec<Overwrite>,
    pub(in crate::simulator) last_message: Option<Snowflake>,
    pub(in crate::simulator) rate_limit_per_user: u64,
    /// What only threads have.
    pub(in crate::simulator) thread: Option<Thread>,
}

/// What a thread has beside a channel.
#[derive(Debug, Clone)]
pub(in crate::simulator) struct Thread {
    pub(in crate::simulator) owner: Snowflake,
    pub(in crate::simulator) created_ms: u64,
    pub(in crate::simulator) archived: bool,
    pub(in crate::simulator) locked: bool,
    pub(in crate::simulator) auto_archive_minutes: u64,
    pub(in crate::simulator) messages: u64,
    pub(in crate::simulator) members: Vec<Snowflake>,
}

/// What a channel gives to or takes from one role or member.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::simulator) struct Overwrite {
    pub(in crate::simulator) id: Snowflake,
    /// 0 a role, 1 a member.
    #[serde(rename = "type")]
    pub(in crate::simulator) kind: u8,
    #[serde(with = "bits", default)]
    pub(in crate::simulator) allow: u64,
    #[serde(with = "bits", default)]
    pub(in crate::simulator) deny: u64,
}

impl Channel {
    /// An empty channel.
    pub(in crate::simulator) fn new(id: Snowflake, kind: u8, name: String) -> Self {
        Self {
            id,
            kind,
            name,
            topic: None,
            position: 0,
            parent: None,
            overwrites: Vec::new(),
            last_message: None,
            rate_limit_per_user: 0,
            thread: None,
        }
    }

    /// Whether messages can stand in it.
    pub(in crate::simulator) fn holds_messages(&self) -> bool {
        self.kind != CATEGORY
    }
}

/// Permission bits as the decimal text that Discord uses.
mod bits {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
    pub(super) fn serialize<S: Serializer>(bits: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(bits)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
