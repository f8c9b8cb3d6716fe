//! Every event that modbot reads, by its name.

use super::{
    AuditLogEntry, BulkDelete, Channel, ChannelGone, GuildCreate, GuildDelete, GuildUpdate, Message,
    MessageDelete, MessageEdit, Misfit, Reaction, ReactionsGone, Ready, RoleChanged, RoleGone, misfit,
};

/// An event, read. Borrows from the raw frame.
#[derive(Debug)]
pub enum Event<'a> {
    /// `READY`
    Ready(Ready<'a>),
    /// `RESUMED`
    Resumed,
    /// `GUILD_CREATE`
    GuildCreate(GuildCreate<'a>),
    /// `GUILD_UPDATE`
    GuildUpdate(GuildUpdate<'a>),
    /// `GUILD_DELETE`
    GuildDelete(GuildDelete),
    /// `GUILD_ROLE_CREATE`, `GUILD_ROLE_UPDATE`
    RoleChanged(RoleChanged<'a>),
    /// `GUILD_ROLE_DELETE`
    RoleGone(RoleGone),
    /// `CHANNEL_CREATE`, `CHANNEL_UPDATE`, `THREAD_CREATE`, `THREAD_UPDATE`
    Channel(Channel<'a>),
    /// `CHANNEL_DELETE`, `THREAD_DELETE`
    ChannelGone(ChannelGone),
    /// `MESSAGE_CREATE`
    MessageCreate(Message<'a>),
    /// `MESSAGE_UPDATE`
    MessageEdit(MessageEdit<'a>),
    /// `MESSAGE_DELETE`
    MessageDelete(MessageDelete),
    /// `MESSAGE_DELETE_BULK`
    BulkDelete(BulkDelete),
    /// `MESSAGE_REACTION_ADD`
    ReactionAdd(Reaction),
    /// `MESSAGE_REACTION_REMOVE`
    ReactionRemove(Reaction),
    /// `MESSAGE_REACTION_REMOVE_ALL`
    ReactionsGone(ReactionsGone),
    /// `GUILD_AUDIT_LOG_ENTRY_CREATE`
    AuditLogEntry(AuditLogEntry<'a>),
}

impl<'a> Event<'a> {
    /// Reads an event's data by its name; `None` where modbot does nothing with events of that name.
    pub fn parse(name: &str, data: &'a str) -> Result<Option<Self>, Misfit> {
        Ok(Some(match name {
            "READY" => Self::Ready(misfit::read(name, data)?),
            "RESUMED" => Self::Resumed,
            "GUILD_CREATE" => Self::GuildCreate(misfit::read(name, data)?),
            "GUILD_UPDATE" => Self::GuildUpdate(misfit::read(name, data)?),
            "GUILD_DELETE" => Self::GuildDelete(misfit::read(name, data)?),
            "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE" => Self::RoleChanged(misfit::read(name, data)?),
            "GUILD_ROLE_DELETE" => Self::RoleGone(misfit::read(name, data)?),
            "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "THREAD_CREATE" | "THREAD_UPDATE" => {
                Self::Channel(misfit::read(name, data)?)
            }
            "CHANNEL_DELETE" | "THREAD_DELETE" => Self::ChannelGone(misfit::read(name, data)?),
            "MESSAGE_CREATE" => Self::MessageCreate(misfit::read(name, data)?),
            "MESSAGE_UPDATE" => Self::MessageEdit(misfit::read(name, data)?),
            "MESSAGE_DELETE" => Self::MessageDelete(misfit::read(name, data)?),
            "MESSAGE_DELETE_BULK" => Self::BulkDelete(misfit::read(name, data)?),
            "MESSAGE_REACTION_ADD" => Self::ReactionAdd(misfit::read(name, data)?),
            "MESSAGE_REACTION_REMOVE" => Self::ReactionRemove(misfit::read(name, data)?),
            "MESSAGE_REACTION_REMOVE_ALL" => Self::ReactionsGone(misfit::read(name, data)?),
            "GUILD_AUDIT_LOG_ENTRY_CREATE" => Self::AuditLogEntry(AuditLogEntry::parse(data)?),
            _ => return Ok(None),
        }))
    }
}
