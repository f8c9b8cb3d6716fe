//! A guild: roles, channels, members, bans, audit log.

use std::collections::{BTreeMap, VecDeque};

use super::audit::AuditEntry;
use super::channel::Channel;
use crate::simulator::snowflake::Snowflake;

/// A Discord server.
#[derive(Debug, Clone)]
pub(in crate::simulator) struct Guild {
    pub(in crate::simulator) id: Snowflake,
    pub(in crate::simulator) name: String,
    pub(in crate::simulator) owner: Snowflake,
    pub(in crate::simulator) roles: BTreeMap<Snowflake, Role>,
    /// Channels and threads.
    pub(in crate::simulator) channels: BTreeMap<Snowflake, Channel>,
    pub(in crate::simulator) members: BTreeMap<Snowflake, Member>,
    /// Banned users, each with the reason given.
    pub(in crate::simulator) bans: BTreeMap<Snowflake, Option<String>>,
    /// Newest last.
    pub(in crate::simulator) audit: VecDeque<AuditEntry>,
    pub(in crate::simulator) emoji: Snowflake,
    /// False during an outage that a test asked for.
    pub(in crate::simulator) available: bool,
}

/// A role.
#[derive(Debug, Clone)]
pub(in crate::simulator) struct Role {
    pub(in crate::simulator) id: Snowflake,
    pub(in crate::simulator) name: String,
    pub(in crate::simulator) permissions: u64,
    pub(in crate::simulator) position: u32,
    /// The bot that the role was made for.
    pub(in crate::simulator) bot: Option<Snowflake>,
}

/// A user in a guild.
#[derive(Debug, Clone)]
pub(in crate::simulator) struct Member {
    pub(in crate::simulator) joined_ms: u64,
    pub(in crate::simulator) nick: Option<String>,
    pub(in crate::simulator) roles: Vec<Snowflake>,
    /// The member may not speak until then.
    pub(in crate::simulator) timeout_until_ms: Option<u64>,
}

impl Member {
    /// A member who joined at `joined_ms` and has no roles.
    pub(in crate::simulator) fn joined(joined_ms: u64) -> Self {
        Self {
            joined_ms,
            nick: None,
            roles: Vec::new(),
            timeout_until_ms: None,
        }
    }
}

impl Guild {
    /// The text channels that are no threads, in order of id.
    pub(in crate::simulator) fn text_channels(&self) -> impl Iterator<Item = &Channel> {
        self.channels
            .values()
            .filter(|channel| channel.kind == super::channel::TEXT)
    }

    /// The members' ids without `bot`.
    pub(in crate::simulator) fn humans(&self, bot: Snowflake) -> impl Iterator<Item = Snowflake> {
        self.members.keys().copied().filter(move |user| *user != bot)
    }
}
