//! What handlers decide: changes of one guild's rows, as values.

use crate::domain::discord_event::{AuditEntryId, ChannelId, MessageId, RoleId, UserId};
use crate::domain::outbox::{Planned, Post, ThreadLog};

/// One change of the guild's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<'a> {
    /// The bot is in the guild.
    Here,
    /// The bot left the guild then, in Unix milliseconds; the rows stay.
    Left(i64),
    /// A channel's name is this now.
    ChannelNamed(ChannelName<'a>),
    /// A channel is gone.
    ChannelGone(ChannelId),
    /// A message counts as activity.
    StatsAdded(MessageStats),
    /// A message says something else now.
    StatsRecounted(MessageId, MessageCounts),
    /// Messages are gone and count no more.
    StatsRemoved(Vec<MessageId>),
    /// One reaction more or less; never below none.
    Reacted(MessageId, i64),
    /// A message has no reactions any more.
    ReactionsCleared(MessageId),
    /// A message's text is kept for a while.
    TextCached(CachedText<'a>),
    /// A message's text is this now, where it is kept.
    TextEdited {
        /// The message.
        message: MessageId,
        /// Its text.
        content: &'a str,
        /// When, in Unix milliseconds.
        at_ms: i64,
    },
    /// A moderator did something by hand.
    ModActed(ModAction<'a>),
    /// Whose the guild is.
    OwnerIs(UserId),
    /// The guild's roles are these and no others.
    RolesAre(Vec<KnownRole>),
    /// A role is this now.
    RoleIs(KnownRole),
    /// A role is gone.
    RoleGone(RoleId),
    /// A person said something.
    Said(UserId, Recent),
    /// A message is reported.
    Reported(Report),
    /// Messages are gone: their reports say so.
    ReportedGone(Vec<MessageId>, i64),
    /// A report stands in its thread.
    ReportLogged {
        /// The report.
        report: String,
        /// The thread.
        channel: ChannelId,
        /// The message there.
        message: MessageId,
    },
    /// A user's log has its thread.
    ThreadMade(ThreadLog, UserId, ChannelId, i64),
    /// A user's thread is gone.
    ThreadForgotten(ThreadLog, UserId),
    /// A post waits for a user's thread.
    PostWaits(ThreadLog, UserId, Post),
    /// Nothing waits for a user's thread any more.
    WaitingGone(ThreadLog, UserId),
    /// Discord is to do something.
    Act(Planned),
}

/// A role, as far as it is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRole {
    /// The role.
    pub role: RoleId,
    /// Its name.
    pub name: String,
    /// Discord's permission bits.
    pub permissions: i64,
}

/// A message that was said lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recent {
    /// The message, which says when.
    pub message: MessageId,
    /// Where.
    pub channel: ChannelId,
    /// A hash of what it says; none where it says nothing.
    pub content: Option<i64>,
}

/// A report of a message. It is one row for a message and reason however often it comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its id, the same whenever the same is decided.
    pub id: String,
    /// The message.
    pub message: MessageId,
    /// Where it stands.
    pub channel: ChannelId,
    /// Who wrote it.
    pub user: UserId,
    /// Why it is reported.
    pub reason: &'static str,
    /// By whom.
    pub staff: Option<UserId>,
    /// What else there is to say.
    pub extra: Option<String>,
    /// When, in Unix milliseconds.
    pub at_ms: i64,
}

/// A channel's name and that of what it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelName<'a> {
    /// The channel or thread.
    pub channel: ChannelId,
    /// Its name.
    pub name: Option<&'a str>,
    /// The category it is in; for a thread the channel.
    pub parent: Option<ChannelId>,
}

/// What is kept of a message for statistics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageStats {
    /// The message.
    pub message: MessageId,
    /// Who wrote it.
    pub author: UserId,
    /// Where.
    pub channel: ChannelId,
    /// The name of the channel's category.
    pub category: Option<String>,
    /// Whom it answers.
    pub recipient: Option<UserId>,
    /// How much it says.
    pub counts: MessageCounts,
    /// When, in Unix milliseconds.
    pub sent_at_ms: i64,
}

/// How much a message says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageCounts {
    /// Characters as people see them, code apart.
    pub chars: u32,
    /// Words, code apart.
    pub words: u32,
    /// One entry per piece of code, as JSON: `[{"chars":5,"words":1,"lines":1,"lang":"js"}]`.
    pub code: String,
    /// The links, as JSON: `["https://…"]`.
    pub links: String,
}

/// A message's text, kept so that an edit or a deletion can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedText<'a> {
    /// The message.
    pub message: MessageId,
    /// Where it stands.
    pub channel: ChannelId,
    /// Who wrote it.
    pub author: UserId,
    /// What it says.
    pub content: &'a str,
    /// Now, in Unix milliseconds.
    pub at_ms: i64,
}

/// A ban, kick or timeout that a person gave or took back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModAction<'a> {
    /// The audit-log entry: the same action is one row however often it is told.
    pub entry: AuditEntryId,
    /// To whom.
    pub user: UserId,
    /// What.
    pub kind: ModActionKind,
    /// By whom; none where Discord did it.
    pub executor: Option<UserId>,
    /// Why.
    pub reason: Option<&'a str>,
    /// How long, in words, for a timeout.
    pub duration: Option<String>,
    /// When, in Unix milliseconds.
    pub at_ms: i64,
}

/// What a moderator did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ModActionKind {
    Ban,
    Unban,
    Kick,
    Timeout,
    TimeoutRemoved,
}

impl ModActionKind {
    /// Its name in rows, as the old bot wrote it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ban => "ban",
            Self::Unban => "unban",
            Self::Kick => "kick",
            Self::Timeout => "timeout",
            Self::TimeoutRemoved => "timeout_removed",
        }
    }
}
