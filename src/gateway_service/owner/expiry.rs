//! What ends by itself: message texts after an hour, whose a message was after a day, what was said lately after half an
//! hour, actions that are done after an hour, and those that will not be done after a month.

use std::sync::Arc;

use rusqlite::Connection;

use super::{Owner, Rules};
use crate::domain::fence::Access;
use crate::domain::ids::GuildId;
use crate::moderation::{REMEMBERED_MS, ROW_KEPT_MS, TEXT_KEPT_MS};
use crate::store::shard_db::{WriteError, WriteTx};

/// Rows of each kind in one write, so that frames are not kept waiting.
const BATCH: u32 = 500;
/// How long an action that is done is kept, in milliseconds: the bot's own message may still come.
const DONE_KEPT_MS: i64 = 60 * 60 * 1000;
/// How long one that will not be done is listed, in milliseconds.
const DEAD_KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// From which instant snowflakes count, in Unix milliseconds. Source: Discord, "Snowflakes".
const DISCORD_EPOCH_MS: i64 = 1_420_070_400_000;

/// What is due at a moment.
#[derive(Clone, Copy)]
struct Due {
    /// Messages below this id are older than a day: ids stand in the order of time, and in that of the key.
    message_below: i64,
    /// Texts last touched then or before.
    touched_by_ms: i64,
    /// Messages below this id were not said lately.
    said_below: i64,
    /// Actions done then or before.
    done_by_ms: i64,
    /// Actions given up then or before.
    dead_by_ms: i64,
}

impl Due {
    const fn at(now_ms: i64) -> Self {
        Self {
            message_below: (now_ms - ROW_KEPT_MS - DISCORD_EPOCH_MS) << 22,
            touched_by_ms: now_ms - TEXT_KEPT_MS,
            said_below: (now_ms - REMEMBERED_MS - DISCORD_EPOCH_MS) << 22,
            done_by_ms: now_ms - DONE_KEPT_MS,
            dead_by_ms: now_ms - DEAD_KEPT_MS,
        }
    }
}

impl Owner {
    /// Ends what is due in every guild that is served here; how many rows changed. Blocking.
    pub fn expire_texts(&self) -> Result<usize, WriteError> {
        let due = Due::at(self.rules.clock.unix_ms());
        let guilds = self.db.read(|connection| guilds_with_due(connection, due))?;
        let mut changed = 0;
        for guild in guilds {
            loop {
                let rules = Arc::clone(&self.rules);
                let work = move |tx: &WriteTx<'_>| expire(tx, &rules, guild, due);
                match self.db.writer().write_blocking("expire texts", work)? {
                    0 => break,
                    batch => changed += batch,
                }
            }
        }
        Ok(changed)
    }
}

fn guilds_with_due(connection: &Connection, due: Due) -> Result<Vec<GuildId>, WriteError> {
    let mut statement = connection.prepare_cached(
        "SELECT guild_id FROM guild_fence AS f WHERE mode = 'serving' AND (
             EXISTS (SELECT 1 FROM message_cache WHERE guild_id = f.guild_id AND message_id < ?1)
             OR EXISTS (SELECT 1 FROM message_cache
                        WHERE guild_id = f.guild_id AND content IS NOT NULL AND last_touched <= ?2)
             OR EXISTS (SELECT 1 FROM recent_message WHERE guild_id = f.guild_id AND message_id < ?3)
             OR EXISTS (SELECT 1 FROM outbox WHERE guild_id = f.guild_id AND settled_at <= ?4
                        AND (state = 'done' OR (state = 'dead' AND settled_at <= ?5))))",
    )?;
    let all = (
        due.message_below,
        due.touched_by_ms,
        due.said_below,
        due.done_by_ms,
        due.dead_by_ms,
    );
    let ids = statement.query_map(all, |row| row.get::<_, i64>(0))?;
    let guilds = ids.filter_map(|id| id.map(|id| GuildId::from_i64(id).ok()).transpose());
    Ok(guilds.collect::<rusqlite::Result<_>>()?)
}

/// A batch of one guild, under its fence: a write like any other.
fn expire(tx: &WriteTx<'_>, rules: &Rules, id: GuildId, due: Due) -> Result<usize, WriteError> {
    let fence = tx.fence(id)?;
    let Some(epoch) = fence.and_then(|fence| rules.ownership.serves(id, &fence.state)) else {
        return Ok(0);
    };
    let guild = tx.guild(id, Access::Serve { epoch })?;
    let forgotten = guild
        .connection()
        .prepare_cached(
            "DELETE FROM message_cache WHERE guild_id = ?1 AND message_id IN
                 (SELECT message_id FROM message_cache WHERE guild_id = ?1 AND message_id < ?2 LIMIT ?3)",
        )?
        .execute((id.as_i64(), due.message_below, BATCH))?;
    let emptied = guild
        .connection()
        .prepare_cached(
            "UPDATE message_cache SET content = NULL WHERE guild_id = ?1 AND message_id IN
                 (SELECT message_id FROM message_cache WHERE guild_id = ?1 AND content IS NOT NULL
                  AND last_touched <= ?2 LIMIT ?3)",
        )?
        .execute((id.as_i64(), due.touched_by_ms, BATCH))?;
    Ok(forgotten + emptied + expire_acting(guild.connection(), id, due)?)
}

fn expire_acting(connection: &Connection, id: GuildId, due: Due) -> rusqlite::Result<usize> {
    let said = connection
        .prepare_cached(
            "DELETE FROM recent_message WHERE guild_id = ?1 AND (user_id, message_id) IN
                 (SELECT user_id, message_id FROM recent_message WHERE guild_id = ?1 AND message_id < ?2 LIMIT ?3)",
        )?
        .execute((id.as_i64(), due.said_below, BATCH))?;
    let settled = connection
        .prepare_cached(
            "DELETE FROM outbox WHERE guild_id = ?1 AND action_id IN
                 (SELECT action_id FROM outbox WHERE guild_id = ?1 AND settled_at <= ?2
                  AND (state = 'done' OR (state = 'dead' AND settled_at <= ?3)) LIMIT ?4)",
        )?
        .execute((id.as_i64(), due.done_by_ms, due.dead_by_ms, BATCH))?;
    Ok(said + settled)
}
