//! Messages and reactions.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ChannelId, MessageId, RoleId, UserId};

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
    /// What kind of message it is: 0 and 19 (a reply) are what people write, 20 and 23 come of commands.
    #[serde(rename = "type", default)]
    pub kind: u8,
    /// Who wrote it, as a member of the guild.
    #[serde(default)]
    pub member: Option<Member>,
    /// Previews and what bots add.
    #[serde(borrow, default)]
    pub embeds: Vec<Embed<'a>>,
    /// Files.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// What it forwards.
    #[serde(borrow, default)]
    pub message_snapshots: Vec<Snapshot<'a>>,
    /// What its sender called it: a text or a number.
    #[serde(borrow, default)]
    pub nonce: Option<&'a RawValue>,
}

impl Message<'_> {
    /// The nonce as text.
    pub fn nonce_text(&self) -> Option<&str> {
        self.nonce.map(|raw| raw.get().trim_matches('"'))
    }
}

/// A member, as a message carries it.
#[derive(Debug, Deserialize)]
pub struct Member {
    /// Its roles.
    #[serde(default)]
    pub roles: Vec<RoleId>,
    /// When it came; not known of guests.
    #[serde(default)]
    pub joined_at: Option<jiff::Timestamp>,
}

/// A file.
#[derive(Debug, Deserialize)]
pub struct Attachment {
    /// Its id: the same file sent again has another.
    pub id: MessageId,
    /// Bytes.
    #[serde(default)]
    pub size: u64,
    /// Its name.
    #[serde(default)]
    pub filename: Option<String>,
}

/// A forwarded message, as it was.
#[derive(Debug, Deserialize)]
pub struct Snapshot<'a> {
    /// The message.
    #[serde(borrow)]
    pub message: Forwarded<'a>,
}

/// What a forward shows of a message.
#[derive(Debug, Deserialize)]
pub struct Forwarded<'a> {
    /// The text.
    #[serde(borrow, default)]
    pub content: Cow<'a, str>,
    /// Previews.
    #[serde(borrow, default)]
    pub embeds: Vec<Embed<'a>>,
    /// Files.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
}

/// The texts of an embed.
#[derive(Debug, Default, Deserialize)]
pub struct Embed<'a> {
    /// Where it leads.
    #[serde(borrow, default)]
    pub url: Option<Cow<'a, str>>,
    /// Its title.
    #[serde(borrow, default)]
    pub title: Option<Cow<'a, str>>,
    /// Its text.
    #[serde(borrow, default)]
    pub description: Option<Cow<'a, str>>,
    /// What stands below.
    #[serde(borrow, default)]
    pub footer: Option<EmbedFooter<'a>>,
    /// Its fields.
    #[serde(borrow, default)]
    pub fields: Vec<EmbedField<'a>>,
}

/// What stands below an embed.
#[derive(Debug, Deserialize)]
pub struct EmbedFooter<'a> {
    /// The text.
    #[serde(borrow, default)]
    pub text: Cow<'a, str>,
}

/// A field of an embed.
#[derive(Debug, Deserialize)]
pub struct EmbedField<'a> {
    /// Its name.
    #[serde(borrow, default)]
    pub name: Cow<'a, str>,
    /// Its value.
    #[serde(borrow, default)]
    pub value: Cow<'a, str>,
}

/// Who wrote a message.
#[derive(Debug, Deserialize)]
pub struct Author {
    /// The user.
    pub id: UserId,
    /// Not a person.
    #[serde(default)]
    pub bot: bool,
    /// Discord itself.
    #[serde(default)]
    pub system: bool,
    /// The name.
    #[serde(default)]
    pub username: Option<String>,
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
