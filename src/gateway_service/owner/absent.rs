//! Guilds that the bot left while nobody listened: a new session names those it is in, and says nothing of the others.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Owner, Rules};
use crate::domain::fence::Access;
use crate::domain::ids::{DiscordShardId, GuildId};
use crate::store::shard_db::{WriteError, WriteTx};

impl Owner {
    /// Notes that the bot has left every guild of the Discord shard that is served here and is not in `present`, the
    /// guilds of a READY. To be called behind that READY and before any later frame; how many there were.
    pub async fn note_absent(
        &self,
        shard: DiscordShardId,
        present: BTreeSet<GuildId>,
    ) -> Result<usize, WriteError> {
        let rules = Arc::clone(&self.rules);
        let work = move |tx: &WriteTx<'_>| absent(tx, &rules, shard, &present);
        let absent = self.db.writer().write("guilds not in READY", work).await?;
        let count = absent.len();
        for guild in absent {
            let rules = Arc::clone(&self.rules);
            let work = move |tx: &WriteTx<'_>| leave(tx, &rules, guild);
            self.db.writer().write("guild left", work).await?;
        }
        Ok(count)
    }
}

fn absent(
    tx: &WriteTx<'_>,
    rules: &Rules,
    shard: DiscordShardId,
    present: &BTreeSet<GuildId>,
) -> Result<Vec<GuildId>, WriteError> {
    let mut statement = tx.shard().prepare_cached(
        "SELECT guild_id FROM guild_fence JOIN guilds USING (guild_id) WHERE mode = 'serving' AND left_at IS NULL",
    )?;
    let ids = statement.query_map([], |row| row.get::<_, i64>(0))?;
    let mut absent = Vec::new();
    for id in ids {
        let Ok(guild) = GuildId::from_i64(id?) else {
            continue;
        };
        if guild.discord_shard(rules.num_shards) == shard && !present.contains(&guild) {
            absent.push(guild);
        }
    }
    Ok(absent)
}

fn leave(tx: &WriteTx<'_>, rules: &Rules, id: GuildId) -> Result<(), WriteError> {
    let fence = tx.fence(id)?;
    let Some(epoch) = fence.and_then(|fence| rules.ownership.serves(id, &fence.state)) else {
        return Ok(());
    };
    let guild = tx.guild(id, Access::Serve { epoch })?;
    guild
        .connection()
        .prepare_cached("UPDATE guilds SET left_at = ?2 WHERE guild_id = ?1 AND left_at IS NULL")?
        .execute((id.as_i64(), rules.clock.unix_ms()))?;
    Ok(())
}
