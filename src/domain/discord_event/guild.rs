//! Guilds and their channels.

use std::borrow::Cow;

use serde::Deserialize;

use super::{ChannelId, RoleId, UserId};
use crate::domain::ids::GuildId;

/// A guild became available, or the bot joined one.
#[derive(Debug, Deserialize)]
pub struct GuildCreate<'a> {
    /// The guild.
    pub id: GuildId,
    /// During an outage only the id is there.
    #[serde(default)]
    pub unavailable: bool,
    /// Its channels.
    #[serde(borrow, default)]
    pub channels: Vec<Channel<'a>>,
    /// Its active threads that the bot may see.
    #[serde(borrow, default)]
    pub threads: Vec<Channel<'a>>,
    /// Whose it is.
    #[serde(default)]
    pub owner_id: Option<UserId>,
    /// Its roles.
    #[serde(borrow, default)]
    pub roles: Vec<Role<'a>>,
}

/// A guild is something else now.
#[derive(Debug, Deserialize)]
pub struct GuildUpdate<'a> {
    /// The guild.
    pub id: GuildId,
    /// Whose it is.
    #[serde(default)]
    pub owner_id: Option<UserId>,
    /// Its roles.
    #[serde(borrow, default)]
    pub roles: Vec<Role<'a>>,
}

/// A role.
#[derive(Debug, Deserialize)]
pub struct Role<'a> {
    /// Its id; that of `@everyone` is the guild's.
    pub id: RoleId,
    /// Its name.
    #[serde(borrow, default)]
    pub name: Cow<'a, str>,
    /// What its members may do: bits, in decimal.
    #[serde(borrow, default)]
    pub permissions: Cow<'a, str>,
}

impl Role<'_> {
    /// What its members may do; nothing where that is no number.
    pub fn permission_bits(&self) -> i64 {
        self.permissions.parse().unwrap_or_default()
    }
}

/// `GUILD_ROLE_CREATE` and `GUILD_ROLE_UPDATE`.
#[derive(Debug, Deserialize)]
pub struct RoleChanged<'a> {
    /// The role.
    #[serde(borrow)]
    pub role: Role<'a>,
}

/// `GUILD_ROLE_DELETE`.
#[derive(Debug, Deserialize)]
pub struct RoleGone {
    /// The role.
    pub role_id: RoleId,
}

/// The bot left a guild, or the guild went away with an outage.
#[derive(Debug, Deserialize)]
pub struct GuildDelete {
    /// The guild.
    pub id: GuildId,
    /// An outage; otherwise the bot is out.
    #[serde(default)]
    pub unavailable: bool,
}

/// A channel or thread, in `CHANNEL_CREATE`, `CHANNEL_UPDATE`, `THREAD_CREATE`, `THREAD_UPDATE` and `GUILD_CREATE`.
#[derive(Debug, Deserialize)]
pub struct Channel<'a> {
    /// The channel.
    pub id: ChannelId,
    /// Discord's channel type.
    #[serde(rename = "type")]
    pub kind: u8,
    /// Its name.
    #[serde(borrow, default)]
    pub name: Option<Cow<'a, str>>,
    /// The category it is in; for a thread the channel.
    #[serde(default)]
    pub parent_id: Option<ChannelId>,
}

/// A channel or thread is gone, in `CHANNEL_DELETE` and `THREAD_DELETE`.
#[derive(Debug, Deserialize)]
pub struct ChannelGone {
    /// The channel.
    pub id: ChannelId,
}
