//! Guilds and their channels.

use std::borrow::Cow;

use serde::Deserialize;

use super::ChannelId;
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
