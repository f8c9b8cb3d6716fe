//! What the bot does: pure handlers. A feature is a file.
//!
//! `decide(event, known, at) -> changes`: the owner of a guild loads what is [`Known`] about it, asks, and writes the
//! changes in the transaction that counts the event. Nothing here reads a clock, a file or a socket.

mod activity;
mod change;
mod channel_names;
mod known;
mod membership;
mod message_cache;
mod mod_actions;

pub use change::{CachedText, Change, ChannelName, MessageCounts, MessageStats, ModAction, ModActionKind};
pub use known::{GuildSettings, Known};
pub use message_cache::{ROW_KEPT_MS, TEXT_KEPT_MS};

use crate::domain::discord_event::{ChannelId, Event};

/// The channel whose category an event's handlers want to know.
pub fn wanted_channel(event: &Event<'_>, settings: &GuildSettings) -> Option<ChannelId> {
    match event {
        Event::MessageCreate(message) if settings.activity => Some(message.channel_id),
        _ => None,
    }
}

/// What an event changes in its guild; `at_ms` is now, in Unix milliseconds.
pub fn decide<'a>(event: &'a Event<'_>, known: &Known, at_ms: i64) -> Vec<Change<'a>> {
    let mut changes = Vec::new();
    membership::decide(event, at_ms, &mut changes);
    channel_names::decide(event, &mut changes);
    activity::decide(event, known, &mut changes);
    message_cache::decide(event, known, at_ms, &mut changes);
    mod_actions::decide(event, known, &mut changes);
    changes
}
