//! What a source does: stop, hand its rows out, go on.

use std::path::PathBuf;
use std::sync::Arc;

use super::error::of_write;
use super::{StepError, changed, on_file, step_on_file, told};
use crate::client::pod_api::{FenceAnswer, FreezeRequest, Frozen, MoveRefusal};
use crate::domain::bundle::BundleHeader;
use crate::domain::digest::GuildDigest;
use crate::domain::fence::{Fence, FenceMode};
use crate::domain::ids::{GuildId, MoveId};
use crate::gateway_service::fleet::Fleet;
use crate::gateway_service::guilds::Standing;
use crate::store::shard_db::CURRENT_SCHEMA;
use crate::store::shard_db::bundle::{self, Bundle, BundleError, ExportSource};

/// Stops a guild, and says what it is from here on.
pub(in crate::gateway_service) async fn freeze(
    fleet: &Arc<Fleet>,
    guild: GuildId,
    request: &FreezeRequest,
) -> Result<Frozen, StepError> {
    let _alone = fleet.moving.alone(guild).await;
    let FreezeRequest {
        move_id,
        epoch,
        freeze_no,
    } = *request;
    // Nothing more is claimed from here on, and what is on the wire is waited for, so that its outcome is in the cut. What
    // takes longer is exported as unknown.
    let sender = &fleet.host.sender;
    let stopped = sender.wire.stop(guild);
    if !stopped.drained(sender.settings.drain_time).await {
        tracing::warn!(guild = %guild, "the guild is frozen with calls to Discord on the wire: their actions move as unknown");
    }
    // Frames go through the same thread: those before this are in the cut, those after it wait in `forward`.
    let fence = step_on_file(fleet, guild, move |db| {
        db.freeze_guild(guild, epoch, move_id, freeze_no)
    })
    .await?;
    // From here on the fence itself refuses every claim.
    drop(stopped);
    changed(fleet, &fence);
    // The digest is read from the tables while the bundle is written: each checks the other.
    let (header, read) = tokio::join!(
        exported(fleet, &fence, move_id, freeze_no),
        on_file(fleet, move |db| Ok((db.digests(guild)?, db.guild_sizes(guild)?)))
    );
    let (digests, sizes) = match read {
        Ok(read) => read,
        Err(error) => return Err(of_write(fleet, guild, error).await),
    };
    let header = header?;
    let digest = digests.total();
    if header.guild_digest != Some(digest) {
        return Err(StepError::internal(&BundleDiffers));
    }
    Ok(Frozen {
        cut: fence.progress,
        rows: digests.rows(),
        bytes: sizes.iter().map(|table| table.bytes).sum(),
        digest,
        schema: CURRENT_SCHEMA,
    })
}

#[derive(Debug, thiserror::Error)]
#[error("the bundle of a frozen guild does not hold the rows of its tables")]
struct BundleDiffers;

/// Goes on after a freeze that is over.
pub(in crate::gateway_service) async fn thaw(
    fleet: &Arc<Fleet>,
    guild: GuildId,
    request: &FreezeRequest,
) -> Result<FenceAnswer, StepError> {
    let _alone = fleet.moving.alone(guild).await;
    let FreezeRequest {
        move_id,
        epoch,
        freeze_no,
    } = *request;
    // The flip has been heard of: whoever thaws comes too late.
    if let Some(known) = fleet.guilds.get(guild)
        && matches!(fleet.guilds.standing(guild), Standing::Elsewhere(_))
        && known.epoch > epoch
    {
        return Err(MoveRefusal::NotFlipped {
            owner: known.pod,
            epoch: known.epoch,
        }
        .into());
    }
    let fence = step_on_file(fleet, guild, move |db| {
        db.thaw_guild(guild, epoch, move_id, freeze_no)
    })
    .await?;
    changed(fleet, &fence);
    drop_bundles(fleet, guild).await;
    Ok(FenceAnswer { fence: told(&fence) })
}

/// The file with a frozen guild, for its target to fetch; after the flip too, while all its rows are still here: a
/// target that has lost what it had verified is fed again.
pub(in crate::gateway_service) async fn bundle(
    fleet: &Arc<Fleet>,
    guild: GuildId,
    move_id: MoveId,
    freeze_no: u64,
) -> Result<PathBuf, StepError> {
    let _alone = fleet.moving.alone(guild).await;
    let fence = match on_file(fleet, move |db| db.fence(guild)).await {
        Ok(Some(fence)) => fence,
        Ok(None) => return Err(MoveRefusal::NotHere.into()),
        Err(error) => return Err(StepError::internal(&error)),
    };
    exported(fleet, &fence, move_id, freeze_no).await?;
    Ok(fleet.moving.frozen_bundle(guild, move_id, freeze_no))
}

/// Removes the bundles of a guild that no freeze holds any more.
pub(super) async fn drop_bundles(fleet: &Arc<Fleet>, guild: GuildId) {
    let fleet = Arc::clone(fleet);
    // What stays goes with the next start.
    let _ = tokio::task::spawn_blocking(move || fleet.moving.remove_bundles(guild)).await;
}

/// The bundle of this freeze, written now or before.
async fn exported(
    fleet: &Arc<Fleet>,
    fence: &Fence,
    move_id: MoveId,
    freeze_no: u64,
) -> Result<BundleHeader, StepError> {
    let custody = expect_whole(fence, move_id, freeze_no)?;
    let guild = fence.guild_id;
    let (own, now) = (Arc::clone(fleet), fleet.clock.unix_ms());
    let work = move || -> Result<BundleHeader, BundleError> {
        let to = own.moving.frozen_bundle(guild, move_id, freeze_no);
        if let Ok(bundle) = Bundle::open(&to) {
            return Ok(bundle.header().clone());
        }
        own.moving.make_dir()?;
        own.moving.remove_bundles(guild);
        let source = ExportSource {
            shard: own.db.path(),
            guild,
            now,
        };
        match custody {
            None => bundle::export(source, &to, &mut |_| {}),
            Some(_) => bundle::export_in_custody(source, move_id, &to),
        }
    };
    let done = tokio::task::spawn_blocking(work).await;
    let header = done
        .map_err(|error| StepError::internal(&error))?
        .map_err(|error| StepError::internal(&error))?;
    // A fence only climbs: the same before and after, it was this one while the rows were read.
    let after = on_file(fleet, move |db| db.fence(guild)).await;
    let after = after.map_err(|error| StepError::internal(&error))?;
    let custody = expect_whole(&after.ok_or(MoveRefusal::NotHere)?, move_id, freeze_no)?;
    if custody.is_some_and(|digest| header.guild_digest != Some(digest)) {
        return Err(StepError::internal(&BundleDiffers));
    }
    Ok(header)
}

/// An error unless this very freeze lasts, or ended with the flip of its move; then what was frozen.
fn expect_whole(fence: &Fence, move_id: MoveId, freeze_no: u64) -> Result<Option<GuildDigest>, MoveRefusal> {
    let state = &fence.state;
    if let Some(digest) = state.in_custody(move_id) {
        return Ok(Some(digest));
    }
    if state.mode != FenceMode::Frozen {
        return Err(MoveRefusal::WrongMode {
            fence: Box::new(told(fence)),
        });
    }
    if state.move_id != Some(move_id) {
        return Err(MoveRefusal::OtherMove { here: state.move_id });
    }
    if state.freeze_no != freeze_no {
        return Err(MoveRefusal::Superseded {
            asked: freeze_no,
            here: state.freeze_no,
        });
    }
    Ok(None)
}
