//! What happens without a driver: the store's changes are followed as they are heard of, and from time to time
//! everything that stands still is looked at anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::source::drop_bundles;
use super::{changed, on_file};
use crate::client::config_api::{AssignmentAnswer, ConfigApiError, MoveInfo};
use crate::domain::fence::{Fence, FenceChange, FenceMode, FenceState, Moving, StoreWord};
use crate::domain::ids::{Epoch, GuildId, MoveId};
use crate::domain::move_step::MoveStep;
use crate::gateway_service::fleet::Fleet;
use crate::gateway_service::guilds::{Known, Standing};
use crate::gateway_service::session_rows;
use crate::runtime::error_chain::Chain;
use crate::store::shard_db::{ShardDb, WriteError};

/// Fences in one read.
const PAGE: u32 = 1_000;

#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error("config did not say what became of a move")]
    Config(#[from] ConfigApiError),
    #[error("the shard database failed")]
    File(#[from] WriteError),
}

/// Looks at what stands still, until the pod stops.
pub(in crate::gateway_service) async fn run(fleet: Arc<Fleet>) {
    let own = Arc::clone(&fleet);
    // Nothing that a former life fetched or handed out is of use.
    let _ = tokio::task::spawn_blocking(move || own.moving.clear()).await;
    let mut tick = tokio::time::interval(fleet.settings.move_check_interval);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = fleet.host.stop.cancelled() => return,
        }
        if fleet.lease.holds()
            && let Err(error) = check(&fleet).await
        {
            tracing::warn!(error = %Chain(&error), "guilds stand still, and it is not known what became of their moves");
        }
    }
}

/// Asks the store about every guild here that is frozen, being brought in, or served without being this pod's.
async fn check(fleet: &Arc<Fleet>) -> Result<(), CheckError> {
    // Before the store is asked: its word is then newer than the commands that led to these fences.
    let own = Arc::clone(fleet);
    let standing = on_file(fleet, move |db| standing_still(db, &own)).await?;
    if standing.is_empty() {
        return Ok(());
    }
    let answer = fleet.api.assignment(fleet.pod, fleet.incarnation).await?;
    if answer.stamp.recovering {
        return Ok(());
    }
    let assignment = answer.value;
    let moves: BTreeMap<GuildId, Moving> = assignment
        .moves
        .iter()
        .map(|one| (one.guild, moving(one)))
        .collect();
    for fence in standing {
        let guild = fence.guild_id;
        let Some((mine, epoch)) = owner(fleet, guild, &assignment).await? else {
            continue;
        };
        let word = StoreWord {
            mine,
            epoch,
            moving: moves.get(&guild).copied(),
        };
        follow(fleet, guild, fence.state, word).await?;
    }
    Ok(())
}

fn standing_still(db: &ShardDb, fleet: &Fleet) -> Result<Vec<Fence>, WriteError> {
    let mut found = Vec::new();
    let mut after = 0;
    loop {
        let guilds = db.read(|connection| session_rows::guilds_after(connection, after, PAGE))?;
        let Some(last) = guilds.last().copied() else {
            return Ok(found);
        };
        for fence in guilds.into_iter().filter_map(|guild| db.fence(guild).transpose()) {
            let fence = fence?;
            let stands = match fence.state.mode {
                FenceMode::Frozen | FenceMode::Importing => true,
                FenceMode::Serving => !matches!(fleet.guilds.standing(fence.guild_id), Standing::Mine { .. }),
                FenceMode::Tombstone => false,
            };
            if stands {
                found.push(fence);
            }
        }
        after = GuildId::as_i64(last);
    }
}

/// Whether this pod owns the guild, and at which epoch its owner does; none: nobody may say.
async fn owner(
    fleet: &Arc<Fleet>,
    guild: GuildId,
    assignment: &AssignmentAnswer,
) -> Result<Option<(bool, Epoch)>, ConfigApiError> {
    if let Some(owned) = assignment.guilds.iter().find(|owned| owned.guild == guild) {
        return Ok(owned.trouble.is_none().then_some((true, owned.epoch)));
    }
    let Some(answer) = fleet.api.guild(guild).await? else {
        return Ok(None);
    };
    let (info, recovering) = (answer.value, answer.stamp.recovering);
    if recovering || info.trouble.is_some() {
        return Ok(None);
    }
    Ok(Some((info.pod == fleet.pod, info.epoch)))
}

fn moving(info: &MoveInfo) -> Moving {
    Moving {
        move_id: MoveId::new(info.move_id),
        step: info.step,
        freeze_no: info.freeze_no.into(),
    }
}

/// A change of a move was heard of. It says nothing of fences that another move has changed.
pub(in crate::gateway_service) async fn follow_line(fleet: &Arc<Fleet>, info: &MoveInfo) {
    let guild = info.guild;
    let flipped = matches!(
        info.step,
        MoveStep::Flipped | MoveStep::Started | MoveStep::Cleaned
    );
    if flipped && (info.dst == fleet.pod || fleet.guilds.get(guild).is_some()) {
        // Sooner than by asking: whoever holds frames of it sends them to the new owner.
        let known = Known {
            pod: info.dst,
            epoch: info.epoch,
            born: true,
            troubled: false,
        };
        fleet.guilds.learn(guild, known);
        fleet.host.waiting.all();
    }
    if info.src != fleet.pod && info.dst != fleet.pod {
        return;
    }
    let word = if flipped {
        (info.dst == fleet.pod, info.epoch)
    } else {
        let before = Epoch::new(info.epoch.get().saturating_sub(1));
        (info.src == fleet.pod, before)
    };
    let word = StoreWord {
        mine: word.0,
        epoch: word.1,
        moving: Some(moving(info)),
    };
    let followed = async {
        let Some(fence) = on_file(fleet, move |db| db.fence(guild)).await? else {
            return Ok(());
        };
        let named = fence.state.move_id == word.moving.map(|moving| moving.move_id);
        if named || fence.state.mode == FenceMode::Serving {
            follow(fleet, guild, fence.state, word).await?;
        }
        Ok::<_, WriteError>(())
    };
    if let Err(error) = followed.await {
        tracing::error!(guild = %guild, error = %Chain(&error), "the store's word on a move could not be followed; it is tried again");
    }
}

async fn follow(
    fleet: &Arc<Fleet>,
    guild: GuildId,
    seen: FenceState,
    word: StoreWord,
) -> Result<(), WriteError> {
    let done = on_file(fleet, move |db| {
        let change = db.follow_store(guild, &seen, word)?;
        Ok((change, db.fence(guild)?))
    });
    let (change, fence) = match done.await {
        Ok(done) => done,
        Err(WriteError::Refused { refusal, .. }) => {
            tracing::error!(guild = %guild, why = %refusal, "the fence here does not allow what the store says");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    if let (Some(change), Some(fence)) = (change, fence) {
        changed(fleet, &fence);
        if !matches!(change, FenceChange::Start { .. }) {
            drop_bundles(fleet, guild).await;
        }
    }
    Ok(())
}
