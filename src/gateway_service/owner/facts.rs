//! What handlers are told about a guild, read in the transaction that will hold what they decide.

use rusqlite::{Connection, OptionalExtension as _};

use super::outbox;
use crate::domain::discord_event::{ChannelId, Event, Message, MessageId, RoleId, UserId};
use crate::domain::ids::GuildId;
use crate::moderation::{
    GuildSettings, Known, KnownAuthor, KnownRole, KnownThread, REMEMBERED_MS, Recent, wanted_author,
    wanted_channel, wanted_thread,
};

/// What the handlers of an event are told.
pub(super) fn known(connection: &Connection, guild: GuildId, event: &Event<'_>) -> rusqlite::Result<Known> {
    let settings = settings(connection, guild)?;
    let category = match wanted_channel(event, &settings) {
        Some(channel) => category(connection, guild, channel)?,
        None => None,
    };
    let message = wanted_author(event, &settings);
    let author = match message {
        Some(message) => Some(author(connection, guild, message)?),
        None => None,
    };
    let bot = if message.is_some() || matches!(event, Event::AuditLogEntry(_)) {
        bot(connection)?
    } else {
        None
    };
    let thread = match wanted_thread(event, &settings) {
        Some(whose) => outbox::thread(connection, guild, whose)?,
        None => KnownThread::None,
    };
    Ok(Known {
        settings,
        bot,
        category,
        author,
        thread,
    })
}

/// What the guild's moderators have set.
pub(super) fn settings(connection: &Connection, guild: GuildId) -> rusqlite::Result<GuildSettings> {
    let found = connection
        .prepare_cached(
            "SELECT deletion_log, mod_log, moderator, restricted, settings FROM guilds WHERE guild_id = ?1",
        )?
        .query_row([guild.as_i64()], |row| {
            let channel = |raw: Option<i64>| raw.and_then(ChannelId::from_i64);
            let role = |raw: Option<i64>| raw.and_then(RoleId::from_i64);
            let settings = GuildSettings {
                deletion_log: channel(row.get(0)?),
                mod_log: channel(row.get(1)?),
                moderator: role(row.get(2)?),
                restricted: role(row.get(3)?),
                ..GuildSettings::default()
            };
            let text: Option<String> = row.get(4)?;
            Ok(settings.switched(text.as_deref()))
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

fn category(connection: &Connection, guild: GuildId, channel: ChannelId) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT category FROM channel_info WHERE guild_id = ?1 AND channel_id = ?2")?
        .query_row((guild.as_i64(), channel.as_i64()), |row| row.get(0))
        .optional()
        .map(Option::flatten)
}

/// The bot's own account, once a session has begun.
pub(super) fn bot(connection: &Connection) -> rusqlite::Result<Option<UserId>> {
    let id: Option<i64> = connection
        .prepare_cached("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'bot_user_id'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(id.and_then(UserId::from_i64))
}

fn author(connection: &Connection, guild: GuildId, message: &Message<'_>) -> rusqlite::Result<KnownAuthor> {
    let (id, user) = (guild.as_i64(), message.author.id.as_i64());
    let exists = |sql: &str, second: i64| connection.prepare_cached(sql)?.exists((id, second));
    let roles = message.member.iter().flat_map(|member| &member.roles).copied();
    // The role of everyone has the guild's id.
    let roles = roles.chain(RoleId::from_i64(id));
    let roles = roles.filter_map(|one| role(connection, id, one).transpose());
    Ok(KnownAuthor {
        owner: exists("SELECT 1 FROM guild_info WHERE guild_id = ?1 AND owner_id = ?2", user)?,
        roles_known: exists("SELECT 1 FROM role_info WHERE guild_id = ?1 AND role_id = ?2", id)?,
        roles: roles.collect::<rusqlite::Result<_>>()?,
        recent: recent(connection, id, message)?,
        in_honeypot: exists(
            "SELECT 1 FROM honeypot_config WHERE guild_id = ?1 AND channel_id = ?2",
            message.channel_id.as_i64(),
        )?,
        spam_reports: connection
            .prepare_cached(
                "SELECT count(*) FROM reported_messages
                 WHERE guild_id = ?1 AND reported_user_id = ?2 AND reason = 'spam' AND reported_message_id <> ?3",
            )?
            .query_row((id, user, message.id.as_i64()), |row| row.get(0))?,
    })
}

fn role(connection: &Connection, guild: i64, role: RoleId) -> rusqlite::Result<Option<KnownRole>> {
    connection
        .prepare_cached("SELECT name, permissions FROM role_info WHERE guild_id = ?1 AND role_id = ?2")?
        .query_row((guild, role.as_i64()), |row| {
            Ok(KnownRole {
                role,
                name: row.get(0)?,
                permissions: row.get(1)?,
            })
        })
        .optional()
}

/// What the author said before the message, oldest first.
fn recent(connection: &Connection, guild: i64, message: &Message<'_>) -> rusqlite::Result<Vec<Recent>> {
    let since_ms = message.id.created_at_ms() - REMEMBERED_MS;
    let mut statement = connection.prepare_cached(
        "SELECT message_id, channel_id, content_hash FROM recent_message
         WHERE guild_id = ?1 AND user_id = ?2 ORDER BY message_id",
    )?;
    let mut rows = statement.query((guild, message.author.id.as_i64()))?;
    let mut recent = Vec::new();
    while let Some(row) = rows.next()? {
        let ids = (MessageId::from_i64(row.get(0)?), ChannelId::from_i64(row.get(1)?));
        if let (Some(message), Some(channel)) = ids
            && message.created_at_ms() >= since_ms
        {
            let content = row.get(2)?;
            recent.push(Recent {
                message,
                channel,
                content,
            });
        }
    }
    Ok(recent)
}
