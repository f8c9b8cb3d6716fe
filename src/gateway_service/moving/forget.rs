//! Rows that are not this pod's any more, or never became so, deleted in small transactions.

use std::sync::Arc;

use super::error::of_write;
use super::source::drop_bundles;
use super::{StepError, on_file, told};
use crate::client::pod_api::{Forget, ForgetRequest, Forgotten, MoveRefusal};
use crate::domain::ids::{Epoch, GuildId};
use crate::gateway_service::fleet::Fleet;
use crate::store::shard_db::{ShardDb, WriteError};

/// Rows in one transaction.
const BATCH: usize = 1_000;
/// Transactions in one call: an answer comes soon, and the caller calls again.
const BATCHES: usize = 20;

/// Deletes some of the rows; none of a guild that is served, frozen, or brought in for another move.
pub(in crate::gateway_service) async fn forget(
    fleet: &Arc<Fleet>,
    guild: GuildId,
    request: &ForgetRequest,
) -> Result<Forgotten, StepError> {
    let _alone = fleet.moving.alone(guild).await;
    fleet.may_act()?;
    let ForgetRequest { move_id, epoch, what } = *request;
    if let Forget::GivenAway { held } = what {
        tracing::info!(guild = %guild, %move_id, epoch = epoch.get(), ?held, "rows of a guild that was given away are deleted");
    }
    let work = move |db: &ShardDb| {
        if what == Forget::Import {
            db.abort_import(guild, epoch, move_id)?;
        }
        let deleted = clean(db, guild, epoch)?;
        let left: u64 = db.guild_sizes(guild)?.iter().map(|table| table.rows).sum();
        Ok((deleted, left, db.fence(guild)?))
    };
    let (deleted, left, fence) = match on_file(fleet, work).await {
        Ok(done) => done,
        Err(error) => return Err(of_write(fleet, guild, error).await),
    };
    if left == 0 {
        drop_bundles(fleet, guild).await;
    }
    Ok(Forgotten {
        fence: told(&fence.ok_or(MoveRefusal::NotHere)?),
        deleted,
        left,
    })
}

fn clean(db: &ShardDb, guild: GuildId, epoch: Epoch) -> Result<u64, WriteError> {
    let mut deleted = 0;
    for _ in 0..BATCHES {
        let batch = db.clean_some(guild, epoch, BATCH)?;
        deleted += batch as u64;
        if batch < BATCH {
            break;
        }
    }
    Ok(deleted)
}
