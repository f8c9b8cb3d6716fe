//! What REST requests changed.

use serde::Serialize;
use serde_json::Value;

use crate::simulator::snowflake::Snowflake;

/// One change that a REST request made.
#[derive(Debug, Clone, Serialize)]
pub struct Effect {
    /// The request, by number.
    pub request: usize,
    /// Unix milliseconds.
    pub at_ms: u64,
    /// What was done.
    pub kind: EffectKind,
    /// Where.
    pub guild: Option<Snowflake>,
    /// In which channel.
    pub channel: Option<Snowflake>,
    /// The message, member, thread, role or interaction.
    pub target: Option<Snowflake>,
    /// The message's nonce.
    pub nonce: Option<Value>,
    /// `X-Audit-Log-Reason`, decoded.
    pub reason: Option<String>,
    /// True where nothing changed: an enforced nonce was met again, a ban was there already.
    pub repeated: bool,
}

/// The kinds of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum EffectKind {
    MessageCreated,
    MessageEdited,
    MessageDeleted,
    MessagesBulkDeleted,
    MessagePinned,
    ReactionAdded,
    ReactionRemoved,
    ThreadCreated,
    ThreadMemberAdded,
    ChannelCreated,
    ChannelEdited,
    ChannelDeleted,
    MemberEdited,
    MemberTimedOut,
    MemberTimeoutLifted,
    MemberKicked,
    MemberBanned,
    MemberUnbanned,
    RoleGiven,
    RoleTaken,
    DmOpened,
    InteractionAnswered,
    InteractionEdited,
    InteractionAnswerDeleted,
    FollowupCreated,
    CommandsWritten,
    GuildLeft,
}
