//! What exists in the simulated Discord: users, guilds with their channels, roles and members, messages.

pub(super) mod audit;
pub(super) mod channel;
pub(super) mod generate;
pub(super) mod guild;
pub(super) mod message;
pub(super) mod permissions;

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::snowflake::{Mint, Snowflake};
use channel::Channel;
use guild::Guild;
use message::Messages;

/// A user or a bot.
#[derive(Debug, Clone)]
pub(super) struct User {
    pub(super) id: Snowflake,
    pub(super) username: String,
    pub(super) global_name: Option<String>,
    pub(super) bot: bool,
}

/// Everything that exists.
#[derive(Debug, Default)]
pub(super) struct World {
    /// The bot's user; Discord gives an application the same id.
    pub(super) bot: Snowflake,
    pub(super) users: BTreeMap<Snowflake, User>,
    pub(super) guilds: BTreeMap<Snowflake, Guild>,
    /// The guild of each channel and thread.
    pub(super) home: HashMap<Snowflake, Snowflake>,
    /// Direct-message channels of the bot: channel -> the other user.
    pub(super) dms: BTreeMap<Snowflake, Snowflake>,
    pub(super) messages: Messages,
    /// Application commands: the guild's, or the global ones under `None`.
    pub(super) commands: BTreeMap<Option<Snowflake>, Vec<Value>>,
    pub(super) mint: Mint,
}

impl World {
    /// The guild that `channel` belongs to.
    pub(super) fn guild_of(&self, channel: Snowflake) -> Option<&Guild> {
        self.guilds.get(self.home.get(&channel)?)
    }

    /// The guild that `channel` belongs to, to be changed.
    pub(super) fn guild_of_mut(&mut self, channel: Snowflake) -> Option<&mut Guild> {
        self.guilds.get_mut(self.home.get(&channel)?)
    }

    /// A guild's channel or thread.
    pub(super) fn channel(&self, channel: Snowflake) -> Option<&Channel> {
        self.guild_of(channel)?.channels.get(&channel)
    }

    /// A guild's channel or thread, to be changed.
    pub(super) fn channel_mut(&mut self, channel: Snowflake) -> Option<&mut Channel> {
        self.guild_of_mut(channel)?.channels.get_mut(&channel)
    }
}
