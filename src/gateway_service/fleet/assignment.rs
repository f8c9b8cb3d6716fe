//! What config says this pod owns and hosts, taken in as a whole.

use std::collections::BTreeMap;

use super::Fleet;
use crate::client::config_api::{AssignmentAnswer, ConfigApiError, OwnedGuildInfo};
use crate::domain::fence::FenceChange;
use crate::domain::ids::Revision;
use crate::gateway_service::host::{Hosted, Hosting};
use crate::runtime::error_chain::Chain;
use crate::store::shard_db::{WriteError, WriteTx};

/// Reads the assignment anew; the revision it stands at.
pub(super) async fn read_anew(fleet: &Fleet) -> Result<Revision, ConfigApiError> {
    let answer = fleet.api.assignment(fleet.pod, fleet.incarnation).await?;
    if !answer.stamp.recovering {
        take_in(fleet, &answer.value).await;
    }
    let pods = fleet.api.pods().await?;
    fleet.pods.learn(pods.value.pods);
    Ok(answer.stamp.position.revision)
}

/// Takes an assignment in: guilds, fences to raise, sessions.
pub(super) async fn take_in(fleet: &Fleet, assignment: &AssignmentAnswer) {
    for guild in assignment.guilds.iter().filter(|it| it.raise_from.is_some()) {
        if let Err(error) = raise(fleet, guild).await {
            tracing::error!(guild = %guild.guild, error = %Chain(&error), "the guild's epoch could not be raised; it is not served");
        }
    }
    fleet.guilds.assign(&assignment.guilds);
    report_lost(fleet, &assignment.guilds);
    let hosted: Hosted = assignment
        .discord_shards
        .iter()
        .map(|it| {
            let hosting = Hosting {
                host_epoch: it.host_epoch,
                cursor: it.cursor.clone(),
            };
            (it.discord_shard, hosting)
        })
        .collect::<BTreeMap<_, _>>();
    fleet.host.hosted.send_if_modified(|before| {
        let changed = *before != hosted;
        *before = hosted;
        changed
    });
    fleet.host.waiting.all();
}

/// After a recovery of the store every epoch has jumped; the owner's fence follows, from the one it must have had.
async fn raise(fleet: &Fleet, guild: &OwnedGuildInfo) -> Result<(), WriteError> {
    let (id, to) = (guild.guild, guild.epoch);
    let Some(from) = guild.raise_from else {
        return Ok(());
    };
    let work = move |tx: &WriteTx<'_>| match tx.fence(id)? {
        Some(fence) if fence.state.epoch == from => {
            tx.change_fence(id, &FenceChange::Raise { from, to }).map(drop)
        }
        _ => Ok(()),
    };
    fleet.db.writer().write("raise fence", work).await
}

/// Guilds that were served once and are not in this file, or only as they were before another owner: never begun anew.
fn report_lost(fleet: &Fleet, guilds: &[OwnedGuildInfo]) {
    let lost = guilds.iter().filter(|it| it.born).filter(|it| {
        let fence = fleet.db.fence(it.guild).ok().flatten();
        fence.is_none_or(|fence| fence.state.epoch < it.epoch)
    });
    for guild in lost {
        tracing::error!(
            guild = %guild.guild, epoch = guild.epoch.get(),
            "this guild is lost here: it was served before, and this file does not have it at its epoch; its frames are kept"
        );
    }
}
