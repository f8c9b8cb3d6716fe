//! After the flip: the target serves and the source gives away, each only where the store has said so. A pod never
//! raises a fence by itself.

use std::sync::Arc;

use super::source::drop_bundles;
use super::{StepError, changed, step_on_file, told};
use crate::client::pod_api::{FenceAnswer, MoveRefusal, RetireRequest, ServeRequest};
use crate::domain::ids::{Epoch, GuildId};
use crate::gateway_service::fleet::Fleet;
use crate::gateway_service::guilds::Known;
use crate::runtime::error_chain::Chain;

/// Serves a guild that was verified here and whose owner this pod is.
pub(in crate::gateway_service) async fn serve(
    fleet: &Arc<Fleet>,
    guild: GuildId,
    request: &ServeRequest,
) -> Result<FenceAnswer, StepError> {
    let _alone = fleet.moving.alone(guild).await;
    let ServeRequest {
        move_id,
        epoch,
        freeze_no,
    } = *request;
    let mine = |known: &Known| known.pod == fleet.pod && known.epoch == epoch;
    expect_flip(fleet, guild, epoch, mine).await?;
    let fence = step_on_file(fleet, guild, move |db| {
        db.start_moved(guild, epoch, move_id, freeze_no)
    })
    .await?;
    changed(fleet, &fence);
    Ok(FenceAnswer { fence: told(&fence) })
}

/// Gives a guild away whose owner is another pod.
pub(in crate::gateway_service) async fn retire(
    fleet: &Arc<Fleet>,
    guild: GuildId,
    request: &RetireRequest,
) -> Result<FenceAnswer, StepError> {
    let _alone = fleet.moving.alone(guild).await;
    let epoch = request.epoch;
    let elsewhere = |known: &Known| known.pod != fleet.pod && known.epoch >= epoch;
    expect_flip(fleet, guild, epoch, elsewhere).await?;
    let fence = step_on_file(fleet, guild, move |db| db.give_guild_away(guild, epoch)).await?;
    changed(fleet, &fence);
    drop_bundles(fleet, guild).await;
    Ok(FenceAnswer { fence: told(&fence) })
}

/// Whether the store has said `what`, as this pod has heard; where it has not heard, it asks.
async fn expect_flip(
    fleet: &Arc<Fleet>,
    guild: GuildId,
    epoch: Epoch,
    what: impl Fn(&Known) -> bool,
) -> Result<(), StepError> {
    let heard = fleet.guilds.get(guild);
    if heard.is_some_and(|known| what(&known) && !known.troubled) {
        return Ok(());
    }
    let answer = match fleet.api.guild(guild).await {
        Ok(Some(answer)) => answer,
        Ok(None) => return Err(MoveRefusal::NotHere.into()),
        Err(error) => {
            return Err(MoveRefusal::Behind {
                why: Chain(&error).to_string(),
                revision: fleet.api.known().map(|position| position.revision),
            }
            .into());
        }
    };
    if answer.stamp.recovering || answer.value.trouble.is_some() {
        return Err(MoveRefusal::Recovering.into());
    }
    let known = Known {
        pod: answer.value.pod,
        epoch: answer.value.epoch,
        born: answer.value.born,
        troubled: false,
    };
    fleet.guilds.learn(guild, known);
    if what(&known) {
        return Ok(());
    }
    tracing::info!(guild = %guild, asked = epoch.get(), owner = %known.pod, epoch = known.epoch.get(), "asked to act on a flip that the store knows nothing of");
    Err(MoveRefusal::NotFlipped {
        owner: known.pod,
        epoch: known.epoch,
    }
    .into())
}
