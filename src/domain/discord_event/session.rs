//! READY.

use std::borrow::Cow;

use serde::Deserialize;

use super::UserId;
use crate::domain::ids::GuildId;

/// A session has begun.
#[derive(Debug, Deserialize)]
pub struct Ready<'a> {
    /// The session's id, for RESUME.
    #[serde(borrow)]
    pub session_id: Cow<'a, str>,
    /// Where to RESUME.
    #[serde(borrow)]
    pub resume_gateway_url: Cow<'a, str>,
    /// The bot itself.
    pub user: Bot,
    /// The guilds of the session; a `GUILD_CREATE` follows for each.
    pub guilds: Vec<GuildRef>,
}

/// The bot's own account.
#[derive(Debug, Deserialize)]
pub struct Bot {
    /// Its id.
    pub id: UserId,
}

/// A guild by its id.
#[derive(Debug, Deserialize)]
pub struct GuildRef {
    /// The id.
    pub id: GuildId,
}
