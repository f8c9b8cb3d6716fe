//! Guilds on their way from pod to pod: what a move's driver asks of this one, and what this one does by itself once
//! the store has said what became of the move.

mod bundles;
mod by_itself;
mod error;
mod forget;
mod source;
mod store_word;
mod target;

pub(super) use by_itself::{follow_line, run};
pub(super) use error::StepError;
pub(super) use forget::forget;
pub(super) use source::{bundle, freeze, thaw};
pub(super) use store_word::{retire, serve};
pub(super) use target::{import, prepare};

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use super::fleet::Fleet;
use crate::client::pod_api::GuildFence;
use crate::domain::fence::{Fence, FenceMode};
use crate::domain::ids::GuildId;
use crate::store::shard_db::{ShardDb, WriteError};

/// What moves share in one pod.
#[derive(Debug)]
pub struct Moving {
    /// Where bundles lie on their way.
    dir: PathBuf,
    busy: Mutex<HashMap<GuildId, Arc<tokio::sync::Mutex<()>>>>,
}

impl Moving {
    /// Nothing on its way; bundles beside the database at `shard_db`.
    pub fn beside(shard_db: &std::path::Path) -> Self {
        let mut dir = shard_db.as_os_str().to_owned();
        dir.push(".moves");
        Self {
            dir: dir.into(),
            busy: Mutex::default(),
        }
    }

    /// One step of a guild at a time: a repeated call waits for the first one, and finds what it left.
    async fn alone(&self, guild: GuildId) -> OwnedMutexGuard<()> {
        let lock = {
            let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
            busy.retain(|_, lock| Arc::strong_count(lock) > 1);
            Arc::clone(busy.entry(guild).or_default())
        };
        lock.lock_owned().await
    }
}

/// Works on the file off the async threads.
async fn on_file<T: Send + 'static>(
    fleet: &Fleet,
    work: impl FnOnce(&ShardDb) -> Result<T, WriteError> + Send + 'static,
) -> Result<T, WriteError> {
    let db = Arc::clone(&fleet.db);
    let done = tokio::task::spawn_blocking(move || work(&db)).await;
    done.unwrap_or_else(|error| Err(WriteError::Panicked(error.to_string())))
}

/// The same for a step of a move of `guild`, with a fence's refusal as the driver is told of it.
async fn step_on_file(
    fleet: &Fleet,
    guild: GuildId,
    work: impl FnOnce(&ShardDb) -> Result<Fence, WriteError> + Send + 'static,
) -> Result<Fence, StepError> {
    fleet.may_act()?;
    let fence = match on_file(fleet, work).await {
        Ok(fence) => fence,
        Err(error) => return Err(error::of_write(fleet, guild, error).await),
    };
    // Committed, but perhaps for nobody: another pod may act for this one's guilds by now.
    fleet.may_act()?;
    Ok(fence)
}

impl Fleet {
    fn may_act(&self) -> Result<(), StepError> {
        if self.lease.holds() {
            Ok(())
        } else {
            Err(StepError::lease_over())
        }
    }
}

/// Who owns or serves what has changed here: stored frames may go where they could not before.
fn changed(fleet: &Fleet, fence: &Fence) {
    tracing::info!(guild = %fence.guild_id, fence = %fence.state, cut = %fence.progress.position, "the guild's fence has changed");
    if fence.state.mode != FenceMode::Serving {
        fleet.loads.forget(fence.guild_id);
    }
    fleet.host.waiting.all();
}

fn told(fence: &Fence) -> GuildFence {
    GuildFence::from(fence)
}
