//! Message texts end after an hour, and after a day it is forgotten whose the message was.

use std::sync::Arc;

use rusqlite::Connection;

use super::{Owner, Rules};
use crate::domain::fence::Access;
use crate::domain::ids::GuildId;
use crate::moderation::{ROW_KEPT_MS, TEXT_KEPT_MS};
use crate::store::shard_db::{WriteError, WriteTx};

/// Rows of each kind in one write, so that frames are not kept waiting.
const BATCH: u32 = 500;
/// From which instant snowflakes count, in Unix milliseconds. Source: Discord, "Snowflakes".
const DISCORD_EPOCH_MS: i64 = 1_420_070_400_000;

/// What is due at a moment.
#[derive(Clone, Copy)]
struct Due {
    /// Messages below this id are older than a day: ids stand in the order of time, and in that of the key.
    message_below: i64,
    /// Texts last touched then or before.
    touched_by_ms: i64,
}

impl Due {
    const fn at(now_ms: i64) -> Self {
        Self {
            message_below: (now_ms - ROW_KEPT_MS - DISCORD_EPOCH_MS) << 22,
            touched_by_ms: now_ms - TEXT_KEPT_MS,
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
                        WHERE guild_id = f.guild_id AND content IS NOT NULL AND last_touched <= ?2))",
    )?;
    let ids = statement.query_map((due.message_below, due.touched_by_ms), |row| row.get::<_, i64>(0))?;
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
    Ok(forgotten + emptied)
}
