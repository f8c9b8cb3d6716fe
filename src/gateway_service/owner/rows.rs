//! Changes that handlers decided, as SQL; and what handlers are told.

use rusqlite::{Connection, OptionalExtension as _};

use crate::domain::discord_event::{ChannelId, Event, MessageId, UserId};
use crate::domain::ids::GuildId;
use crate::moderation::{CachedText, Change, GuildSettings, Known, MessageStats, ModAction, wanted_channel};

/// What the handlers of an event are told about its guild.
pub(super) fn known(connection: &Connection, guild: GuildId, event: &Event<'_>) -> rusqlite::Result<Known> {
    let settings = connection
        .prepare_cached("SELECT deletion_log, settings FROM guilds WHERE guild_id = ?1")?
        .query_row([guild.as_i64()], |row| {
            let deletion_log: Option<i64> = row.get(0)?;
            let settings: Option<String> = row.get(1)?;
            let deletion_log = deletion_log.and_then(ChannelId::from_i64);
            Ok(GuildSettings::from_row(deletion_log, settings.as_deref()))
        })
        .optional()?
        .unwrap_or_default();
    let category = match wanted_channel(event, &settings) {
        Some(channel) => category(connection, guild, channel)?,
        None => None,
    };
    let bot = match event {
        Event::AuditLogEntry(_) => bot(connection)?,
        _ => None,
    };
    Ok(Known {
        settings,
        bot,
        category,
    })
}

fn category(connection: &Connection, guild: GuildId, channel: ChannelId) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT category FROM channel_info WHERE guild_id = ?1 AND channel_id = ?2")?
        .query_row((guild.as_i64(), channel.as_i64()), |row| row.get(0))
        .optional()
        .map(Option::flatten)
}

fn bot(connection: &Connection) -> rusqlite::Result<Option<UserId>> {
    let id: Option<i64> = connection
        .prepare_cached("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'bot_user_id'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(id.and_then(UserId::from_i64))
}

/// Writes one change of a guild's rows.
pub(super) fn write(connection: &Connection, guild: GuildId, change: &Change<'_>) -> rusqlite::Result<()> {
    let guild = guild.as_i64();
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        connection.prepare_cached(sql)?.execute(values).map(drop)
    };
    match change {
        Change::Here => run(
            "INSERT INTO guilds (guild_id) VALUES (?1)
             ON CONFLICT (guild_id) DO UPDATE SET left_at = NULL WHERE left_at IS NOT NULL",
            &[&guild],
        ),
        Change::Left(at_ms) => run("UPDATE guilds SET left_at = ?2 WHERE guild_id = ?1", &[&guild, at_ms]),
        Change::ChannelNamed(channel) => run(
            "INSERT INTO channel_info (guild_id, channel_id, name, category)
             VALUES (?1, ?2, ?3, (SELECT name FROM channel_info WHERE guild_id = ?1 AND channel_id = ?4))
             ON CONFLICT (guild_id, channel_id) DO UPDATE SET name = excluded.name, category = excluded.category
             WHERE name IS NOT excluded.name OR category IS NOT excluded.category",
            &[&guild, &channel.channel.as_i64(), &channel.name, &channel.parent.map(ChannelId::as_i64)],
        ),
        Change::ChannelGone(channel) => run(
            "DELETE FROM channel_info WHERE guild_id = ?1 AND channel_id = ?2",
            &[&guild, &channel.as_i64()],
        ),
        Change::StatsAdded(stats) => add_stats(connection, guild, stats),
        Change::StatsRecounted(message, counts) => run(
            "UPDATE message_stats SET char_count = ?3, word_count = ?4, code_stats = ?5, link_stats = ?6
             WHERE guild_id = ?1 AND message_id = ?2",
            &[&guild, &message.as_i64(), &counts.chars, &counts.words, &counts.code, &counts.links],
        ),
        Change::StatsRemoved(messages) => messages.iter().try_for_each(|message| {
            run(
                "DELETE FROM message_stats WHERE guild_id = ?1 AND message_id = ?2",
                &[&guild, &message.as_i64()],
            )
        }),
        Change::Reacted(message, by) => run(
            "UPDATE message_stats SET react_count = max(0, react_count + ?3) WHERE guild_id = ?1 AND message_id = ?2",
            &[&guild, &message.as_i64(), by],
        ),
        Change::ReactionsCleared(message) => run(
            "UPDATE message_stats SET react_count = 0 WHERE guild_id = ?1 AND message_id = ?2",
            &[&guild, &message.as_i64()],
        ),
        Change::TextCached(text) => cache_text(connection, guild, text),
        Change::TextEdited {
            message,
            content,
            at_ms,
        } => edit_text(connection, guild, *message, content, *at_ms),
        Change::ModActed(action) => add_mod_action(connection, guild, action),
    }
}

fn add_stats(connection: &Connection, guild: i64, stats: &MessageStats) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO message_stats (guild_id, message_id, author_id, channel_id, channel_category, recipient_id,
                                        char_count, word_count, sent_at, code_stats, link_stats)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (guild_id, message_id) DO NOTHING",
        )?
        .execute((
            guild,
            stats.message.as_i64(),
            stats.author.as_i64(),
            stats.channel.as_i64(),
            &stats.category,
            stats.recipient.map(UserId::as_i64),
            stats.counts.chars,
            stats.counts.words,
            stats.sent_at_ms,
            &stats.counts.code,
            &stats.counts.links,
        ))
        .map(drop)
}

fn cache_text(connection: &Connection, guild: i64, text: &CachedText<'_>) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO message_cache (guild_id, message_id, channel_id, user_id, content, last_touched, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
             ON CONFLICT (guild_id, message_id) DO UPDATE SET content = excluded.content, last_touched = excluded.last_touched",
        )?
        .execute((
            guild,
            text.message.as_i64(),
            text.channel.as_i64(),
            text.author.as_i64(),
            text.content,
            text.at_ms,
        ))
        .map(drop)
}

fn edit_text(
    connection: &Connection,
    guild: i64,
    message: MessageId,
    content: &str,
    at_ms: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE message_cache SET content = ?3, last_touched = ?4 WHERE guild_id = ?1 AND message_id = ?2",
        )?
        .execute((guild, message.as_i64(), content, at_ms))
        .map(drop)
}

fn add_mod_action(connection: &Connection, guild: i64, action: &ModAction<'_>) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO mod_actions (guild_id, id, user_id, action_type, executor_id, reason, duration, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (guild_id, id) DO NOTHING",
        )?
        .execute((
            guild,
            action.entry.to_string(),
            action.user.as_i64(),
            action.kind.as_str(),
            action.executor.map(UserId::as_i64),
            action.reason,
            &action.duration,
            action.at_ms,
        ))
        .map(drop)
}
