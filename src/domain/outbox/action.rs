//! What Discord can be asked to do.

use serde::{Deserialize, Serialize};

use crate::domain::discord_event::{ChannelId, MessageId, RoleId, UserId};

/// A call of Discord's REST API that changes something. All times are absolute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields' types say it")]
pub enum Action {
    /// A message goes.
    DeleteMessage { channel: ChannelId, message: MessageId },
    /// A member may not speak until then, in Unix milliseconds.
    TimeOut { user: UserId, until_ms: i64 },
    /// A member is removed and may come back.
    Kick { user: UserId },
    /// A user is kept out; so many seconds of the user's messages go.
    Ban { user: UserId, delete_seconds: u32 },
    /// A ban ends.
    Unban { user: UserId },
    /// A member gets a role.
    GiveRole { user: UserId, role: RoleId },
    /// The bot says something.
    Post(Post),
    /// A thread begins at one of the bot's own messages, and gets its id.
    StartThread {
        channel: ChannelId,
        message: MessageId,
        name: String,
        #[serde(rename = "for")]
        purpose: Purpose,
    },
}

/// A message of the bot. It mentions nobody, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Where.
    pub channel: ChannelId,
    /// What, in Discord's Markdown.
    pub content: String,
    /// What it is for.
    #[serde(rename = "for", default)]
    pub purpose: Purpose,
}

/// What an answer of Discord is good for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Purpose {
    /// Nothing follows.
    #[default]
    Nothing,
    /// The thread of a user's log begins at this message; then at it the thread.
    Thread {
        /// Which log.
        log: ThreadLog,
        /// Whose thread.
        user: UserId,
        /// The thread's name.
        name: String,
    },
    /// Stands in a user's thread.
    InThread {
        /// Which log.
        log: ThreadLog,
        /// Whose thread.
        user: UserId,
        /// The report that it shows.
        report: Option<String>,
    },
}

/// The logs that have a thread for each user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreadLog {
    /// Reports and what moderators did: in the guild's mod log.
    Mod,
    /// Deleted and edited messages: in the guild's deletion log.
    Deletions,
}

impl ThreadLog {
    /// Its name in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mod => "mod",
            Self::Deletions => "deletions",
        }
    }
}

/// The kinds of action, as far as sending and settling tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    DeleteMessage,
    TimeOut,
    Kick,
    Ban,
    Unban,
    GiveRole,
    Post,
    StartThread,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::DeleteMessage,
        Self::TimeOut,
        Self::Kick,
        Self::Ban,
        Self::Unban,
        Self::GiveRole,
        Self::Post,
        Self::StartThread,
    ];

    /// Its name in rows, metrics and for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeleteMessage => "delete_message",
            Self::TimeOut => "time_out",
            Self::Kick => "kick",
            Self::Ban => "ban",
            Self::Unban => "unban",
            Self::GiveRole => "give_role",
            Self::Post => "post",
            Self::StartThread => "start_thread",
        }
    }

    /// Whether there is nothing left to do where Discord does not know the target.
    pub(super) const fn is_done_when_gone(self) -> bool {
        matches!(self, Self::DeleteMessage | Self::Kick | Self::Unban)
    }

    /// Whether it is done to a member: one who left needs it no more.
    pub(super) const fn is_about_a_member(self) -> bool {
        matches!(self, Self::TimeOut | Self::Kick | Self::GiveRole)
    }

    /// The permission that Discord asks the bot for. Source: Discord, "Permissions".
    pub const fn permission(self) -> &'static str {
        match self {
            Self::DeleteMessage => "MANAGE_MESSAGES",
            Self::TimeOut => "MODERATE_MEMBERS",
            Self::Kick => "KICK_MEMBERS",
            Self::Ban | Self::Unban => "BAN_MEMBERS",
            Self::GiveRole => "MANAGE_ROLES",
            Self::Post => "SEND_MESSAGES",
            Self::StartThread => "CREATE_PUBLIC_THREADS",
        }
    }

    /// The type of the audit-log entry that Discord writes for it, where there is one that tells for certain whether it
    /// was done. Source: Discord, "Audit Log Events".
    pub const fn audit_type(self) -> Option<u16> {
        match self {
            Self::Kick => Some(20),
            Self::Ban => Some(22),
            Self::Unban => Some(23),
            Self::TimeOut => Some(24),
            Self::GiveRole => Some(25),
            Self::DeleteMessage | Self::Post | Self::StartThread => None,
        }
    }
}

impl Action {
    /// Its kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::DeleteMessage { .. } => Kind::DeleteMessage,
            Self::TimeOut { .. } => Kind::TimeOut,
            Self::Kick { .. } => Kind::Kick,
            Self::Ban { .. } => Kind::Ban,
            Self::Unban { .. } => Kind::Unban,
            Self::GiveRole { .. } => Kind::GiveRole,
            Self::Post(_) => Kind::Post,
            Self::StartThread { .. } => Kind::StartThread,
        }
    }

    /// The channel it happens in: actions of one channel are sent in their order. None: it is about a member.
    pub const fn channel(&self) -> Option<ChannelId> {
        match self {
            Self::DeleteMessage { channel, .. } | Self::StartThread { channel, .. } => Some(*channel),
            Self::Post(post) => Some(post.channel),
            _ => None,
        }
    }

    /// Whom it is done to.
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::TimeOut { user, .. }
            | Self::Kick { user }
            | Self::Ban { user, .. }
            | Self::Unban { user }
            | Self::GiveRole { user, .. } => Some(*user),
            _ => None,
        }
    }
}

/// An action as it is decided, and as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// What.
    pub action: Action,
    /// Why, for the guild's audit log.
    pub reason: Option<String>,
    /// When what it answers happened, in Unix milliseconds.
    pub caused_at_ms: i64,
    /// After this moment it is too late, in Unix milliseconds.
    pub not_after_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    #[serde(flatten)]
    action: Action,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    reason: Option<String>,
    caused_at: i64,
}

impl Planned {
    /// How long after what caused it an action is still worth doing.
    pub const WORTH_MS: i64 = 15 * 60 * 1000;

    /// An action because of something that happened then.
    pub const fn new(action: Action, caused_at_ms: i64) -> Self {
        Self {
            action,
            reason: None,
            caused_at_ms,
            not_after_ms: caused_at_ms + Self::WORTH_MS,
        }
    }

    /// With a reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// As its row's payload.
    pub fn payload(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Payload {
            action: self.action.clone(),
            reason: self.reason.clone(),
            caused_at: self.caused_at_ms,
        })
    }

    /// From its row.
    pub fn from_payload(payload: &str, not_after_ms: Option<i64>) -> Result<Self, serde_json::Error> {
        let read: Payload = serde_json::from_str(payload)?;
        Ok(Self {
            action: read.action,
            reason: read.reason,
            caused_at_ms: read.caused_at,
            not_after_ms: not_after_ms.unwrap_or(i64::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_says_what_the_action_is_in_full() {
        let user = UserId::from_i64(7).unwrap();
        let planned = Planned::new(Action::TimeOut { user, until_ms: 99 }, 5).because("spam");
        let text = planned.payload().unwrap();
        assert_eq!(
            text,
            r#"{"do":"time_out","user":"7","until_ms":99,"reason":"spam","caused_at":5}"#
        );
        assert_eq!(
            Planned::from_payload(&text, Some(planned.not_after_ms)).unwrap(),
            planned
        );
        let post = Action::Post(Post {
            channel: ChannelId::from_i64(3).unwrap(),
            content: "hi".to_owned(),
            purpose: Purpose::InThread {
                log: ThreadLog::Mod,
                user,
                report: Some("r".to_owned()),
            },
        });
        let planned = Planned::new(post, 5);
        let text = planned.payload().unwrap();
        assert_eq!(
            Planned::from_payload(&text, Some(planned.not_after_ms)).unwrap(),
            planned
        );
        assert!(Planned::from_payload(r#"{"do":"dance","caused_at":1}"#, None).is_err());
    }
}
