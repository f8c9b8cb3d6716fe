//! The word before the deed: an action is marked as on the wire, and synced, before Discord is asked.

use std::sync::Arc;

use super::super::{Owner, Rules};
use crate::domain::fence::Access;
use crate::domain::ids::GuildId;
use crate::domain::outbox::ActionId;
use crate::store::shard_db::{WriteError, WriteTx};

/// Whether an action may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It is marked; Discord may be asked, once.
    Sending,
    /// It is not open any more.
    Settled,
    /// The guild is not served here now.
    NotServed,
}

impl Owner {
    /// Claims an action of a guild that is served here, at the epoch at which it is.
    pub async fn claim(&self, guild: GuildId, id: ActionId) -> Result<Claim, WriteError> {
        let rules = Arc::clone(&self.rules);
        let work = move |tx: &WriteTx<'_>| claim(tx, &rules, guild, id);
        self.db.writer().write("claim", work).await
    }
}

fn claim(tx: &WriteTx<'_>, rules: &Rules, id: GuildId, action: ActionId) -> Result<Claim, WriteError> {
    let fence = tx.fence(id)?;
    let Some(epoch) = fence.and_then(|fence| rules.ownership.serves(id, &fence.state)) else {
        return Ok(Claim::NotServed);
    };
    let guild = tx.guild(id, Access::Serve { epoch })?;
    let changed = guild
        .connection()
        .prepare_cached(
            "UPDATE outbox SET state = 'sending', attempts = attempts + 1, claimed_at = coalesce(claimed_at, ?3)
             WHERE guild_id = ?1 AND action_id = ?2 AND state IN ('pending', 'unknown')",
        )?
        .execute((id.as_i64(), action.to_string(), rules.clock.unix_ms()))?;
    Ok(if changed == 1 {
        Claim::Sending
    } else {
        Claim::Settled
    })
}
