//! What handlers are told about the guild.

use serde::Deserialize;

use crate::domain::discord_event::{ChannelId, UserId};

/// Facts about the guild and the bot at the moment of an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// What the guild's moderators have set.
    pub settings: GuildSettings,
    /// The bot's own account, once a session has begun.
    pub bot: Option<UserId>,
    /// The name of the category that [`super::wanted_channel`] is in.
    pub category: Option<String>,
}

/// What the guild's moderators have set, as far as handlers ask. These switches stand in the guild's own rows, so they
/// move with the guild and cost no call to anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuildSettings {
    /// Whether messages are counted. On unless the guild switched it off.
    pub activity: bool,
    /// Where deletions are shown; no message text is kept without it.
    pub deletion_log: Option<ChannelId>,
}

impl Default for GuildSettings {
    fn default() -> Self {
        Self {
            activity: true,
            deletion_log: None,
        }
    }
}

#[derive(Deserialize)]
struct Switches {
    activity: Option<bool>,
}

impl GuildSettings {
    /// From the guild's row: `deletion_log` and the JSON object `settings`, whose key `activity` is the switch. What the
    /// old bot left in that text and nobody can read counts as not set.
    pub fn from_row(deletion_log: Option<ChannelId>, settings: Option<&str>) -> Self {
        let switches = settings.and_then(|text| serde_json::from_str::<Switches>(text).ok());
        Self {
            activity: switches.and_then(|switches| switches.activity).unwrap_or(true),
            deletion_log,
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
            (Some(r#"{"activity":true}"#), true),
            (Some(r#"{"activity":"no"}"#), true),
            (Some("[1"), true),
        ] {
            assert_eq!(
                GuildSettings::from_row(None, settings).activity,
                activity,
                "{settings:?}"
            );
        }
    }
}
