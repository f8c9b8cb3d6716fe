//! Guilds that nobody owns yet, or that are this pod's and were never served: asked about, begun, told to config.
//!
//! Their frames wait in `forward`. A guild is served only once config knows that it is: else a pod that lost its
//! volume would begin it anew and never miss what was acknowledged.

use std::sync::{Arc, PoisonError};

use super::Fleet;
use crate::client::config_api::{BornGuild, BornRequest, ConfigApiError, MAX_PLACE, PlacedGuild};
use crate::domain::fence::FenceChange;
use crate::domain::ids::{Epoch, GuildId};
use crate::gateway_service::guilds::{Known, Standing};
use crate::gateway_service::pause::Pause;
use crate::runtime::error_chain::Chain;
use crate::store::shard_db::{WriteError, WriteTx};

#[derive(Debug, thiserror::Error)]
enum PlacingError {
    #[error("config did not place guilds")]
    Config(#[from] ConfigApiError),
    #[error("the shard database failed")]
    File(#[from] WriteError),
    #[error("{count} guilds have no owner yet: {reason}")]
    Unplaced { count: usize, reason: String },
}

/// Places what waits, until the pod stops.
pub(super) async fn run(fleet: Arc<Fleet>) {
    let mut pause = Pause::new(fleet.settings.retry_max);
    while !fleet.host.stop.is_cancelled() {
        match round(&fleet).await {
            Ok(()) => {
                pause.reset();
                tokio::select! {
                    () = fleet.host.waiting.placing.notified() => {}
                    () = fleet.host.stop.cancelled() => return,
                }
            }
            Err(error) => {
                if let PlacingError::Config(error) = &error
                    && fleet.fence_by(error)
                {
                    return;
                }
                tracing::warn!(error = %Chain(&error), "frames wait for guilds without an owner");
                if !pause.wait(&fleet.host.stop).await {
                    return;
                }
            }
        }
    }
}

async fn round(fleet: &Fleet) -> Result<(), PlacingError> {
    let mut waiting = fleet.host.owner.waiting_guilds().await?;
    waiting.extend(std::mem::take(
        &mut *fleet.asked.lock().unwrap_or_else(PoisonError::into_inner),
    ));
    let unknown: Vec<GuildId> = waiting
        .iter()
        .copied()
        .filter(|guild| fleet.guilds.standing(*guild) == Standing::Unknown)
        .collect();
    let mut unplaced = None;
    for guilds in unknown.chunks(MAX_PLACE) {
        let answer = fleet.api.place(guilds).await?.value;
        for placed in answer.placed {
            learn(fleet, &placed).await?;
        }
        let count = answer.unplaced.len();
        if let Some(first) = answer.unplaced.into_iter().next() {
            let reason = first.reason;
            unplaced = Some(PlacingError::Unplaced { count, reason });
        }
    }
    let unborn: Vec<(GuildId, Epoch)> = waiting
        .iter()
        .filter_map(|guild| match fleet.guilds.standing(*guild) {
            Standing::Mine { epoch, born: false } => Some((*guild, epoch)),
            _ => None,
        })
        .collect();
    for guilds in unborn.chunks(MAX_PLACE) {
        begin(fleet, guilds).await?;
    }
    fleet.host.waiting.backlog.notify_one();
    fleet.host.waiting.forwarding.notify_one();
    unplaced.map_or(Ok(()), Err)
}

async fn learn(fleet: &Fleet, placed: &PlacedGuild) -> Result<(), PlacingError> {
    let mut known = Known {
        pod: placed.pod,
        epoch: placed.epoch,
        born: false,
        troubled: false,
    };
    // One that had an owner before may have been served before.
    if placed.pod == fleet.pod
        && placed.placed_because.is_none()
        && let Some(info) = fleet.api.guild(placed.guild).await?
    {
        let info = info.value;
        known = Known {
            pod: info.pod,
            epoch: info.epoch,
            born: info.born,
            troubled: info.trouble.is_some(),
        };
    }
    fleet.guilds.learn(placed.guild, known);
    Ok(())
}

/// Begins guilds: first here, without a row, then at config; only then are they served.
async fn begin(fleet: &Fleet, guilds: &[(GuildId, Epoch)]) -> Result<(), PlacingError> {
    let mut born = Vec::with_capacity(guilds.len());
    for &(guild, epoch) in guilds {
        let work = move |tx: &WriteTx<'_>| tx.change_fence(guild, &FenceChange::Born { epoch }).map(drop);
        match fleet.db.writer().write("begin guild", work).await {
            Ok(()) => born.push(BornGuild { guild, epoch }),
            // Its fence says something else: it is not served, and config hears nothing.
            Err(error @ WriteError::Refused { .. }) => {
                tracing::error!(guild = %guild, error = %Chain(&error), "a new guild cannot begin here");
            }
            Err(error) => return Err(error.into()),
        }
    }
    if born.is_empty() {
        return Ok(());
    }
    let request = BornRequest {
        pod: fleet.pod,
        incarnation: fleet.incarnation,
        guilds: born,
    };
    fleet.api.born(&request).await?;
    for told in request.guilds {
        let known = Known {
            pod: fleet.pod,
            epoch: told.epoch,
            born: true,
            troubled: false,
        };
        fleet.guilds.learn(told.guild, known);
    }
    Ok(())
}
