//! Frames that were stored while their guild was not served here, applied in order once it is.

use std::sync::Arc;

use super::apply::{self, Placed};
use super::place::{Place, place};
use super::{Owner, Rules, forward};
use crate::domain::ids::GuildId;
use crate::gateway_service::frame::Frame;
use crate::store::shard_db::{WriteError, WriteTx};

impl Owner {
    /// Applies the stored frames of every guild that is served here; how many there were.
    pub async fn apply_backlog(&self) -> Result<usize, WriteError> {
        let guilds = self
            .db
            .writer()
            .write("backlog guilds", |tx| Ok(forward::guilds(tx.shard())?))
            .await?;
        let mut applied = 0;
        for guild in guilds {
            loop {
                let rules = Arc::clone(&self.rules);
                let work = move |tx: &WriteTx<'_>| oldest_of(tx, &rules, guild);
                if !self.db.writer().write("backlog", work).await? {
                    break;
                }
                self.wake_sender();
                applied += 1;
            }
        }
        Ok(applied)
    }
}

/// Applies the guild's first stored frame and removes it; `false` where there is none or the guild is not served here.
fn oldest_of(tx: &WriteTx<'_>, rules: &Rules, guild: GuildId) -> Result<bool, WriteError> {
    let fence = tx.fence(guild)?.map(|fence| fence.state);
    let standing = rules.ownership.standing(guild);
    let Place::Apply(epoch) = place(standing, fence.as_ref(), false) else {
        return Ok(false);
    };
    let Some(stored) = forward::oldest(tx.shard(), guild, rules.num_shards)? else {
        return Ok(false);
    };
    let raw = String::from_utf8_lossy(&stored.raw).into_owned();
    // It was read before it was stored.
    if let Ok(Some(frame)) = Frame::read(raw) {
        let placed = Placed {
            guild,
            shard: stored.shard,
            at: stored.at,
            frame: &frame,
        };
        apply::apply(tx, rules, placed, epoch)?;
    }
    forward::remove(tx.shard(), guild, &stored)?;
    Ok(true)
}
