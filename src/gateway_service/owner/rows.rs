//! Changes that handlers decided, as SQL.

use rusqlite::Connection;

use super::outbox;
use crate::domain::discord_event::{ChannelId, MessageId, UserId};
use crate::domain::ids::GuildId;
use crate::domain::outbox::Cause;
use crate::moderation::{CachedText, Change, KnownRole, MessageStats, ModAction, REMEMBERED, Recent, Report};

/// What changes are written with.
pub(super) struct Writing<'c> {
    pub(super) connection: &'c Connection,
    pub(super) guild: GuildId,
    /// Why there are changes: what the ids of actions are made from.
    pub(super) cause: Cause,
    /// Now, in Unix milliseconds.
    pub(super) now_ms: i64,
    /// What was caused before may have been decided before, by a life of this pod that nobody remembers.
    pub(super) horizon_ms: i64,
}

/// Writes changes of a guild's rows; whether Discord has something to do.
pub(super) fn write_all(writing: &Writing<'_>, changes: &[Change<'_>]) -> rusqlite::Result<bool> {
    let mut acts = 0;
    for change in changes {
        match change {
            Change::Act(planned) => {
                outbox::insert(writing, acts, planned)?;
                acts += 1;
            }
            Change::PostWaits(log, user, post) => {
                outbox::let_wait(writing, acts, (*log, *user), post)?;
                acts += 1;
            }
            other => write(writing.connection, writing.guild, other)?,
        }
    }
    Ok(acts > 0)
}

/// Writes one change that is not an action.
fn write(connection: &Connection, guild: GuildId, change: &Change<'_>) -> rusqlite::Result<()> {
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
        other => write_facts(connection, guild, other),
    }
}

/// Changes of what the bot goes by when it acts.
fn write_facts(connection: &Connection, guild: i64, change: &Change<'_>) -> rusqlite::Result<()> {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        connection.prepare_cached(sql)?.execute(values).map(drop)
    };
    match change {
        Change::OwnerIs(owner) => run(
            "INSERT INTO guild_info (guild_id, owner_id) VALUES (?1, ?2)
             ON CONFLICT (guild_id) DO UPDATE SET owner_id = excluded.owner_id
             WHERE owner_id IS NOT excluded.owner_id",
            &[&guild, &owner.as_i64()],
        ),
        Change::RolesAre(roles) => set_roles(connection, guild, roles),
        Change::RoleIs(role) => set_role(connection, guild, role),
        Change::RoleGone(role) => run(
            "DELETE FROM role_info WHERE guild_id = ?1 AND role_id = ?2",
            &[&guild, &role.as_i64()],
        ),
        Change::Said(user, recent) => remember(connection, guild, *user, recent),
        Change::Reported(report) => add_report(connection, guild, report),
        Change::ReportedGone(messages, at_ms) => messages.iter().try_for_each(|message| {
            run(
                "UPDATE reported_messages SET deleted_at = ?3
                 WHERE guild_id = ?1 AND reported_message_id = ?2 AND deleted_at IS NULL",
                &[&guild, &message.as_i64(), at_ms],
            )
        }),
        Change::ReportLogged {
            report,
            channel,
            message,
        } => run(
            "UPDATE reported_messages SET log_channel_id = ?3, log_message_id = ?4 WHERE guild_id = ?1 AND id = ?2",
            &[&guild, report, &channel.as_i64(), &message.as_i64()],
        ),
        Change::ThreadMade(log, user, thread, at_ms) => run(
            &format!(
                "INSERT INTO {} (guild_id, user_id, thread_id, created_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (guild_id, user_id) DO UPDATE SET thread_id = excluded.thread_id,
                     created_at = excluded.created_at",
                outbox::threads_of(*log)
            ),
            &[&guild, &user.as_i64(), &thread.as_i64(), at_ms],
        ),
        Change::ThreadForgotten(log, user) => run(
            &format!(
                "DELETE FROM {} WHERE guild_id = ?1 AND user_id = ?2",
                outbox::threads_of(*log)
            ),
            &[&guild, &user.as_i64()],
        ),
        Change::WaitingGone(log, user) => run(
            "DELETE FROM thread_post WHERE guild_id = ?1 AND log = ?2 AND user_id = ?3",
            &[&guild, &log.as_str(), &user.as_i64()],
        ),
        // Every other change has its arm above.
        _ => Ok(()),
    }
}

fn set_role(connection: &Connection, guild: i64, role: &KnownRole) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO role_info (guild_id, role_id, name, permissions) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (guild_id, role_id) DO UPDATE SET name = excluded.name, permissions = excluded.permissions
             WHERE name IS NOT excluded.name OR permissions IS NOT excluded.permissions",
        )?
        .execute((guild, role.role.as_i64(), &role.name, role.permissions))
        .map(drop)
}

fn set_roles(connection: &Connection, guild: i64, roles: &[KnownRole]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("SELECT role_id FROM role_info WHERE guild_id = ?1")?;
    let known = statement
        .query_map([guild], |row| row.get::<_, i64>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for gone in known {
        if !roles.iter().any(|role| role.role.as_i64() == gone) {
            connection
                .prepare_cached("DELETE FROM role_info WHERE guild_id = ?1 AND role_id = ?2")?
                .execute((guild, gone))?;
        }
    }
    roles
        .iter()
        .try_for_each(|role| set_role(connection, guild, role))
}

/// Remembers what was said, and forgets what the author said too long before.
fn remember(connection: &Connection, guild: i64, user: UserId, recent: &Recent) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO recent_message (guild_id, user_id, message_id, channel_id, content_hash)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (guild_id, user_id, message_id) DO NOTHING",
        )?
        .execute((
            guild,
            user.as_i64(),
            recent.message.as_i64(),
            recent.channel.as_i64(),
            recent.content,
        ))?;
    connection
        .prepare_cached(
            "DELETE FROM recent_message WHERE guild_id = ?1 AND user_id = ?2 AND message_id <=
                 (SELECT message_id FROM recent_message WHERE guild_id = ?1 AND user_id = ?2
                  ORDER BY message_id DESC LIMIT 1 OFFSET ?3)",
        )?
        .execute((
            guild,
            user.as_i64(),
            i64::try_from(REMEMBERED).unwrap_or(i64::MAX),
        ))
        .map(drop)
}

/// One row for a message and reason: a report that is there already changes nothing.
fn add_report(connection: &Connection, guild: i64, report: &Report) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO reported_messages (guild_id, id, reported_message_id, reported_channel_id, reported_user_id,
                                            reason, staff_id, extra, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
        )?
        .execute((
            guild,
            &report.id,
            report.message.as_i64(),
            report.channel.as_i64(),
            report.user.as_i64(),
            report.reason,
            report.staff.map(UserId::as_i64),
            &report.extra,
            report.at_ms,
        ))
        .map(drop)
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
