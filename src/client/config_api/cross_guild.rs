//! Rules over many guilds: flags in, events out.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{GuildId, Revision};

/// `POST /v1/cross-guild/flags`: a guild flags a user. Repeating it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlagRequest {
    /// The user, a snowflake, as a string.
    pub user_id: String,
    /// Which rule, such as `spam`.
    pub rule: String,
    /// Which guild.
    pub guild: GuildId,
    /// What made the guild flag: the same cause counts once.
    pub cause: String,
}

/// What came of a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlagAnswer {
    /// The event that this flag completed, if it did.
    pub event: Option<Revision>,
}

/// `GET /v1/cross-guild/events?since=&limit=`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrossGuildEvents {
    /// Events after `since`, oldest first; fewer than there are where the limit was met.
    pub events: Vec<CrossGuildEventInfo>,
}

/// A user flagged in many guilds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrossGuildEventInfo {
    /// Where it stands: owners keep the last one they acted on, guild by guild.
    pub rev: Revision,
    /// The user, a snowflake, as a string.
    pub user_id: String,
    /// Which rule.
    pub rule: String,
    /// The guilds that flagged.
    pub guilds: Vec<GuildId>,
    /// When, in Unix milliseconds.
    pub at_ms: i64,
}
