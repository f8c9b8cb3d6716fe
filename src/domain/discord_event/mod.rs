//! Discord's dispatches, as far as modbot uses them.
//!
//! A frame is first read as an [`Envelope`]: its event's name, its sequence number and the raw data. [`guild_of`] then
//! finds the guild without reading the rest, and [`Event::parse`] reads the data by the event's name. Only the fields
//! that are used are declared, and those strictly: data that does not fit is a [`Misfit`] that names the event and the
//! field, never an event that looks like another.
//!
//! Source: Discord developer documentation, "Gateway Events", API version 10.

mod audit_log;
mod envelope;
mod event;
mod guild;
mod ids;
mod message;
mod misfit;
mod route;
mod session;
#[cfg(test)]
mod tests;

pub use audit_log::{AuditAction, AuditLogEntry, TimeoutChange};
pub use envelope::Envelope;
pub use event::Event;
pub use guild::{Channel, ChannelGone, GuildCreate, GuildDelete, GuildUpdate, Role, RoleChanged, RoleGone};
pub use ids::{AuditEntryId, ChannelId, MessageId, RoleId, UserId};
pub use message::{
    Attachment, Author, BulkDelete, Embed, EmbedField, EmbedFooter, Forwarded, Member, Message,
    MessageDelete, MessageEdit, Reaction, ReactionsGone, Snapshot,
};
pub use misfit::Misfit;
pub use route::guild_of;
pub use session::Ready;
