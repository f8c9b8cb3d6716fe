//! What a test lets users and moderators do.

mod perform;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::snowflake::Snowflake;

/// An act of somebody other than the bot. Ids are those of users, unless named otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields' names say it")]
pub enum Act {
    /// A message. Gives its id.
    Say(Say),
    /// A message says something else.
    Edit {
        channel: Snowflake,
        message: Snowflake,
        content: String,
    },
    /// A message is deleted, by its author or by somebody else.
    Delete {
        channel: Snowflake,
        message: Snowflake,
        by: Snowflake,
    },
    /// Messages are deleted together.
    BulkDelete {
        channel: Snowflake,
        messages: Vec<Snowflake>,
        by: Snowflake,
    },
    React {
        channel: Snowflake,
        message: Snowflake,
        user: Snowflake,
        emoji: String,
    },
    Unreact {
        channel: Snowflake,
        message: Snowflake,
        user: Snowflake,
        emoji: String,
    },
    /// A new user, in no guild yet. Gives its id.
    NewUser {
        name: String,
    },
    Join {
        guild: Snowflake,
        user: Snowflake,
    },
    Leave {
        guild: Snowflake,
        user: Snowflake,
    },
    Kick {
        guild: Snowflake,
        user: Snowflake,
        by: Snowflake,
        reason: Option<String>,
    },
    Ban {
        guild: Snowflake,
        user: Snowflake,
        by: Snowflake,
        reason: Option<String>,
        #[serde(default)]
        delete_seconds: u64,
    },
    Unban {
        guild: Snowflake,
        user: Snowflake,
        by: Snowflake,
        reason: Option<String>,
    },
    /// A timeout; without `seconds` it is lifted.
    TimeOut {
        guild: Snowflake,
        user: Snowflake,
        by: Snowflake,
        seconds: Option<u64>,
        reason: Option<String>,
    },
    SetRoles {
        guild: Snowflake,
        user: Snowflake,
        roles: Vec<Snowflake>,
        by: Snowflake,
    },
    /// A public thread without a message. Gives its id.
    OpenThread {
        channel: Snowflake,
        user: Snowflake,
        name: String,
    },
    DeleteChannel {
        channel: Snowflake,
        by: Snowflake,
    },
    /// A command (`kind` 2), component (3), autocomplete (4) or form (5). Gives the interaction's id.
    Interact {
        channel: Snowflake,
        user: Snowflake,
        kind: u8,
        data: Value,
        message: Option<Snowflake>,
    },
    /// The bot is added to a guild it had left.
    AddBot {
        guild: Snowflake,
    },
    /// The bot is removed from a guild.
    RemoveBot {
        guild: Snowflake,
    },
    /// A guild fails or comes back.
    Outage {
        guild: Snowflake,
        over: bool,
    },
    /// A role's permissions become these bits.
    SetPermissions {
        guild: Snowflake,
        role: Snowflake,
        permissions: u64,
    },
    /// A voice channel's status and start time change: events that few libraries know.
    VoiceStatus {
        guild: Snowflake,
        channel: Snowflake,
        status: Option<String>,
    },
    /// A voice state, as when a member joins a voice channel.
    VoiceState {
        guild: Snowflake,
        channel: Option<Snowflake>,
        user: Snowflake,
    },
}

/// A message that a user sends.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Say {
    /// Where.
    pub channel: Snowflake,
    /// Who.
    pub user: Snowflake,
    /// What.
    pub content: String,
    /// Attachment objects.
    pub attachments: Vec<Value>,
    /// Embed objects.
    pub embeds: Vec<Value>,
    /// Sticker items.
    pub stickers: Vec<Value>,
    /// The message of the same channel that this one answers.
    pub reply_to: Option<Snowflake>,
    /// The channel and id of a message that this one forwards.
    pub forward_of: Option<(Snowflake, Snowflake)>,
    /// The nonce that the user's client gave.
    pub nonce: Option<String>,
}

/// Why an act could not be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// The guild, channel, message, user or role is not there.
    #[error("the act names something that is not there: {0}")]
    NotThere(String),
    /// It would change nothing.
    #[error("the act changes nothing: {0}")]
    ChangesNothing(String),
}
