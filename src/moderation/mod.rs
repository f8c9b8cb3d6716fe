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
mod reports;
mod roles;
mod spam;
mod threads;

pub use change::{
    CachedText, Change, ChannelName, KnownRole, MessageCounts, MessageStats, ModAction, ModActionKind,
    Recent, Report,
};
pub use known::{GuildSettings, Known, KnownAuthor, KnownThread};
pub use message_cache::{ROW_KEPT_MS, TEXT_KEPT_MS};
pub use spam::{REMEMBERED, REMEMBERED_MS};
pub use threads::{Ended, ended, thread_of};

use crate::domain::discord_event::{AuditAction, ChannelId, Event, Message, UserId};
use crate::domain::outbox::ThreadLog;

/// The channel whose category an event's handlers want to know.
pub fn wanted_channel(event: &Event<'_>, settings: &GuildSettings) -> Option<ChannelId> {
    match event {
        Event::MessageCreate(message) if settings.activity => Some(message.channel_id),
        _ => None,
    }
}

/// The message whose author an event's handlers want to know about.
pub fn wanted_author<'e, 'a>(event: &'e Event<'a>, settings: &GuildSettings) -> Option<&'e Message<'a>> {
    match event {
        Event::MessageCreate(message) if spam::is_looked_at(message, settings.spam) => Some(message),
        _ => None,
    }
}

/// Whose thread an event's handlers may have something for.
pub fn wanted_thread(event: &Event<'_>, settings: &GuildSettings) -> Option<(ThreadLog, UserId)> {
    settings.mod_log?;
    match event {
        Event::MessageCreate(_) => Some((ThreadLog::Mod, wanted_author(event, settings)?.author.id)),
        Event::AuditLogEntry(entry) => match entry.action {
            AuditAction::Kick(user)
            | AuditAction::Ban(user)
            | AuditAction::Unban(user)
            | AuditAction::Timeout(user, _) => Some((ThreadLog::Mod, user)),
            AuditAction::Other(_) => None,
        },
        _ => None,
    }
}

/// What an event changes in its guild; `at_ms` is now, in Unix milliseconds.
pub fn decide<'a>(event: &'a Event<'_>, known: &Known, at_ms: i64) -> Vec<Change<'a>> {
    let mut changes = Vec::new();
    membership::decide(event, at_ms, &mut changes);
    roles::decide(event, &mut changes);
    channel_names::decide(event, &mut changes);
    activity::decide(event, known, &mut changes);
    message_cache::decide(event, known, at_ms, &mut changes);
    mod_actions::decide(event, known, &mut changes);
    reports::decide(event, at_ms, &mut changes);
    spam::decide(event, known, &mut changes);
    changes
}
