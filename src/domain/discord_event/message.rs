//! Messages and reactions.

use std::borrow::Cow;

use serde::Deserialize;

use super::{ChannelId, MessageId, UserId};

/// `MESSAGE_CREATE`.
#[derive(Debug, Deserialize)]
pub struct Message<'a> {
    /// The message.
    pub id: MessageId,
    /// Where it stands.
    pub channel_id: ChannelId,
    /// Who wrote it.
    pub author: Author,
    /// The text; empty without the message-content intent.
    #[serde(borrow)]
    pub content: Cow<'a, str>,
    /// Set where a webhook wrote it: the author is then no user.
    #[serde(borrow, default)]
    pub webhook_id: Option<Cow<'a, str>>,
    /// The channel's type. Discord sends it and does not document it.
    #[serde(default)]
    pub channel_type: Option<u8>,
    /// The message it answers to, where that still exists.
    #[serde(default)]
    pub referenced_message: Option<Referenced>,
}

/// Who wrote a message.
#[derive(Debug, Deserialize)]
pub struct Author {
    /// The user.
    pub id: UserId,
    /// Not a person.
    #[serde(default)]
    pub bot: bool,
}

/// A message that another one answers to.
#[derive(Debug, Deserialize)]
pub struct Referenced {
    /// Who wrote it.
    pub author: Author,
}

/// `MESSAGE_UPDATE`: also sent when a link got its preview, so most fields may be missing.
#[derive(Debug, Deserialize)]
pub struct MessageEdit<'a> {
    /// The message.
    pub id: MessageId,
    /// Where it stands.
    pub channel_id: ChannelId,
    /// Who wrote it.
    #[serde(default)]
    pub author: Option<Author>,
    /// The text as it is now.
    #[serde(borrow, default)]
    pub content: Option<Cow<'a, str>>,
    /// Set where a webhook wrote it.
    #[serde(borrow, default)]
    pub webhook_id: Option<Cow<'a, str>>,
}

/// `MESSAGE_DELETE`.
#[derive(Debug, Deserialize)]
pub struct MessageDelete {
    /// The message.
    pub id: MessageId,
    /// Where it stood.
    pub channel_id: ChannelId,
}

/// `MESSAGE_DELETE_BULK`.
#[derive(Debug, Deserialize)]
pub struct BulkDelete {
    /// The messages.
    pub ids: Vec<MessageId>,
    /// Where they stood.
    pub channel_id: ChannelId,
}

/// `MESSAGE_REACTION_ADD` and `MESSAGE_REACTION_REMOVE`.
#[derive(Debug, Deserialize)]
pub struct Reaction {
    /// The message.
    pub message_id: MessageId,
    /// Who reacted.
    pub user_id: UserId,
}

/// `MESSAGE_REACTION_REMOVE_ALL`.
#[derive(Debug, Deserialize)]
pub struct ReactionsGone {
    /// The message.
    pub message_id: MessageId,
}
