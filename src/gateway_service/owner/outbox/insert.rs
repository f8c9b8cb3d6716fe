//! What was decided, as rows.

use rusqlite::{Connection, OptionalExtension as _};

use super::super::rows::Writing;
use crate::domain::discord_event::{ChannelId, UserId};
use crate::domain::ids::GuildId;
use crate::domain::outbox::{ActionId, ActionState, Planned, Post, ThreadLog};
use crate::moderation::KnownThread;

fn no_json(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(error.into())
}

/// Writes an action. One that was decided before is there already, and stays as it is.
pub(in super::super) fn insert(
    writing: &Writing<'_>,
    index: usize,
    planned: &Planned,
) -> rusqlite::Result<()> {
    let guild = writing.guild.as_i64();
    let id = ActionId::of(writing.guild, &writing.cause, index);
    // Caused before this process began: a life of the pod that the file does not remember may have sent it.
    let state = if planned.caused_at_ms < writing.horizon_ms {
        ActionState::Unknown
    } else {
        ActionState::Pending
    };
    writing
        .connection
        .prepare_cached(
            "INSERT INTO outbox (guild_id, action_id, position, kind, cause, payload, decided_at, not_after, state)
             VALUES (?1, ?2, (SELECT coalesce(max(position), 0) + 1 FROM outbox WHERE guild_id = ?1),
                     ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (guild_id, action_id) DO NOTHING",
        )?
        .execute((
            guild,
            id.to_string(),
            planned.action.kind().as_str(),
            writing.cause.to_string(),
            planned.payload().map_err(no_json)?,
            writing.now_ms,
            planned.not_after_ms,
            state.as_str(),
        ))
        .map(drop)
}

/// Keeps a post until its thread is there.
pub(in super::super) fn let_wait(
    writing: &Writing<'_>,
    index: usize,
    (log, user): (ThreadLog, UserId),
    post: &Post,
) -> rusqlite::Result<()> {
    let id = ActionId::of(writing.guild, &writing.cause, index);
    writing
        .connection
        .prepare_cached(
            "INSERT INTO thread_post (guild_id, log, user_id, post_id, position, post)
             VALUES (?1, ?2, ?3, ?4, (SELECT coalesce(max(position), 0) + 1 FROM thread_post
                                      WHERE guild_id = ?1 AND log = ?2 AND user_id = ?3), ?5)
             ON CONFLICT DO NOTHING",
        )?
        .execute((
            writing.guild.as_i64(),
            log.as_str(),
            user.as_i64(),
            id.to_string(),
            serde_json::to_string(post).map_err(no_json)?,
        ))
        .map(drop)
}

/// The table with a log's threads.
pub(in super::super) const fn threads_of(log: ThreadLog) -> &'static str {
    match log {
        ThreadLog::Mod => "user_threads",
        ThreadLog::Deletions => "deletion_log_threads",
    }
}

/// How a user's thread stands.
pub(in super::super) fn thread(
    connection: &Connection,
    guild: GuildId,
    (log, user): (ThreadLog, UserId),
) -> rusqlite::Result<KnownThread> {
    let sql = format!(
        "SELECT thread_id FROM {} WHERE guild_id = ?1 AND user_id = ?2",
        threads_of(log)
    );
    let there: Option<i64> = connection
        .prepare_cached(&sql)?
        .query_row((guild.as_i64(), user.as_i64()), |row| row.get(0))
        .optional()?;
    if let Some(thread) = there.and_then(ChannelId::from_i64) {
        return Ok(KnownThread::Is(thread));
    }
    let mut statement = connection.prepare_cached(
        "SELECT post FROM thread_post WHERE guild_id = ?1 AND log = ?2 AND user_id = ?3 ORDER BY position",
    )?;
    let posts = statement
        .query_map((guild.as_i64(), log.as_str(), user.as_i64()), |row| {
            row.get::<_, String>(0)
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    if posts.is_empty() {
        return Ok(KnownThread::None);
    }
    // What this version cannot read another one wrote: it still waits.
    let posts = posts.iter().filter_map(|post| serde_json::from_str(post).ok());
    Ok(KnownThread::Coming(posts.collect()))
}
