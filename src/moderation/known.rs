//! What handlers are told about the guild.

use serde::Deserialize;

use super::change::{KnownRole, Recent};
use crate::domain::discord_event::{ChannelId, RoleId, UserId};
use crate::domain::outbox::Post;

/// Facts about the guild and the bot at the moment of an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// What the guild's moderators have set.
    pub settings: GuildSettings,
    /// The bot's own account, once a session has begun.
    pub bot: Option<UserId>,
    /// The name of the category that [`super::wanted_channel`] is in.
    pub category: Option<String>,
    /// About the author of a message that is looked at for spam.
    pub author: Option<KnownAuthor>,
    /// The thread of the user that [`super::wanted_thread`] names.
    pub thread: KnownThread,
}

/// What is known about the author of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownAuthor {
    /// The guild is the author's own.
    pub owner: bool,
    /// Whether the guild's roles are known at all.
    pub roles_known: bool,
    /// The author's roles and `@everyone`.
    pub roles: Vec<KnownRole>,
    /// What the author said before, oldest first.
    pub recent: Vec<Recent>,
    /// The message stands in a honeypot.
    pub in_honeypot: bool,
    /// How many of the author's messages were reported as spam before.
    pub spam_reports: u32,
}

/// How a user's thread in a log stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum KnownThread {
    /// There is none.
    #[default]
    None,
    /// It is being made; these posts wait for it.
    Coming(Vec<Post>),
    /// Here.
    Is(ChannelId),
}

/// What the guild's moderators have set, as far as handlers ask. These switches stand in the guild's own rows, so they
/// move with the guild and cost no call to anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuildSettings {
    /// Whether messages are counted. On unless the guild switched it off.
    pub activity: bool,
    /// Whether spam is looked for. On unless the guild switched it off.
    pub spam: bool,
    /// Where deletions are shown; no message text is kept without it.
    pub deletion_log: Option<ChannelId>,
    /// Where moderators read.
    pub mod_log: Option<ChannelId>,
    /// The moderators' role.
    pub moderator: Option<RoleId>,
    /// The role of members who may do little.
    pub restricted: Option<RoleId>,
}

impl Default for GuildSettings {
    fn default() -> Self {
        Self {
            activity: true,
            spam: true,
            deletion_log: None,
            mod_log: None,
            moderator: None,
            restricted: None,
        }
    }
}

#[derive(Default, Deserialize)]
struct Switches {
    #[serde(default)]
    activity: Option<serde_json::Value>,
    #[serde(default)]
    spam: Option<serde_json::Value>,
}

impl GuildSettings {
    /// With the switches of the guild's JSON object `settings`: `activity` and `spam`, on unless they are `false`. What
    /// the old bot left in that text and nobody can read counts as not set.
    #[must_use]
    pub fn switched(self, settings: Option<&str>) -> Self {
        let switches = settings
            .and_then(|text| serde_json::from_str::<Switches>(text).ok())
            .unwrap_or_default();
        let on = |switch: Option<serde_json::Value>| switch != Some(false.into());
        Self {
            activity: on(switches.activity),
            spam: on(switches.spam),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activity_is_counted_unless_switched_off() {
        for (settings, activity) in [
            (None, true),
            (Some("{}"), true),
            (Some(r#"{"activity":false,"other":1}"#), false),
            (Some(r#"{"activity":true,"spam":false}"#), true),
            (Some(r#"{"activity":"no"}"#), true),
            (Some("[1"), true),
        ] {
            assert_eq!(
                GuildSettings::default().switched(settings).activity,
                activity,
                "{settings:?}"
            );
        }
    }
}
