//! Events.

use serde::Serialize;

use crate::simulator::snowflake::Snowflake;

/// One event as it was published: before it got a sequence number in any session.
#[derive(Debug, Clone, Serialize)]
pub struct EventRecord {
    /// From 1, in order of publication.
    pub no: u64,
    /// Unix milliseconds.
    pub at_ms: u64,
    /// The event's name: `MESSAGE_CREATE`.
    pub name: &'static str,
    /// The guild it belongs to.
    pub guild: Option<Snowflake>,
    /// The channel it happened in.
    pub channel: Option<Snowflake>,
    /// What it is about: the message, thread, member, audit-log entry or interaction.
    pub subject: Option<Snowflake>,
    /// Who caused it.
    pub user: Option<Snowflake>,
    /// The one session that it is for (READY, RESUMED, `GUILD_CREATE` at identify), by number.
    pub only_for: Option<usize>,
    /// How many sessions it was given to. 0: nobody was there to hear it.
    pub heard: u32,
}
