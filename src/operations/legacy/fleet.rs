//! Where the config store has guilds, for a split that follows it.

use std::collections::BTreeSet;

use crate::domain::fleet::PodState;
use crate::domain::ids::{GuildId, NumShards};
use crate::domain::legacy::balance::Assigned;
use crate::store::config_db::{ConfigDb, GuildFilter, PodRow, StoreError};

/// A fleet as a split needs it.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// How many Discord shards it has.
    pub num_shards: NumShards,
    /// Who hosts and owns what.
    pub assigned: Assigned,
    /// Guilds that it serves already: they cannot be loaded.
    pub served: BTreeSet<GuildId>,
}

/// Reads the fleet. Its parts are read one after the other.
///
/// # Errors
/// [`StoreError::Refused`] where no pod can take a guild.
pub async fn read(db: &ConfigDb) -> Result<Fleet, StoreError> {
    let pods = db.pods().await?.value;
    let hosts = db.discord_shards().await?.value;
    let filter = GuildFilter {
        limit: u32::MAX,
        ..GuildFilter::default()
    };
    let guilds = db.guilds(&filter).await?.value;
    let assigned = Assigned {
        pods: pods
            .iter()
            .filter(|pod| takes_guilds(pod))
            .map(|pod| pod.pod)
            .collect(),
        hosts: hosts
            .iter()
            .filter_map(|row| Some((row.shard, row.host?)))
            .collect(),
        owners: guilds.iter().map(|row| (row.guild, row.pod)).collect(),
    };
    if assigned.pods.is_empty() {
        return Err(StoreError::Refused(
            "the fleet has no pod that takes guilds".to_owned(),
        ));
    }
    Ok(Fleet {
        num_shards: db.status().await?.value.num_shards,
        assigned,
        served: guilds
            .iter()
            .filter(|row| row.born_at_ms.is_some())
            .map(|row| row.guild)
            .collect(),
    })
}

/// Active, or declared and never started yet.
fn takes_guilds(pod: &PodRow) -> bool {
    let never_started = pod.state == PodState::Offline && pod.incarnation.get() == 0;
    pod.state == PodState::Active || never_started
}
