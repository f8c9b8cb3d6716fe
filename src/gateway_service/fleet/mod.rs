//! A pod of a fleet: attached to config, told what it owns and hosts, and forwarding what others own.

mod assignment;
pub mod attach;
mod forwarding;
mod heartbeat;
mod placing;
mod pods;
mod release;
mod sweeping;
mod watching;

pub use attach::{AttachError, Attached};
pub use pods::Pods;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::guilds::Guilds;
use super::host::{self, Host};
use super::lease::Lease;
use super::loads::Loads;
use super::moving::{self, Moving};
use crate::client::config_api::{
    AdoptRequest, AssignmentAnswer, ConfigApi, ConfigApiError, DiscordShardInfo,
};
use crate::client::pod_api::PodApi;
use crate::domain::ids::{GuildId, Incarnation, NumShards, PodId, Revision};
use crate::runtime::clock::Clock;
use crate::runtime::error_chain::Chain;
use crate::runtime::readiness::Check;
use crate::store::shard_db::ShardDb;

/// How the pod behaves towards config and the other pods.
#[derive(Debug, Clone)]
pub struct FleetSettings {
    /// Between two heartbeats; a third of the lease where that is shorter.
    pub heartbeat_interval: Duration,
    /// Longest wait between two tries.
    pub retry_max: Duration,
    /// Bytes of frames in one call to an owner.
    pub forward_batch: u64,
    /// Time for a moved guild's bundle to be fetched.
    pub bundle_timeout: Duration,
    /// How often it is asked what became of moves whose guilds stand still here.
    pub move_check_interval: Duration,
}

/// What the tasks of a fleet's pod work with.
pub struct Fleet {
    /// Config.
    pub api: ConfigApi,
    /// The other pods.
    pub pod_api: PodApi,
    /// This pod.
    pub pod: PodId,
    /// Its present life.
    pub incarnation: Incarnation,
    /// Of how many Discord shards the fleet's sessions are.
    pub num_shards: NumShards,
    /// How the lease is renewed to.
    pub lease: Lease,
    /// Who owns what.
    pub guilds: Arc<Guilds>,
    /// Where the other pods are.
    pub pods: Pods,
    /// Guilds that other pods have brought frames of, and that are not served here yet.
    pub asked: Mutex<BTreeSet<GuildId>>,
    /// Whether the pod is part of its fleet.
    pub check: Check,
    /// What each guild costs.
    pub loads: Arc<Loads>,
    /// Guilds on their way.
    pub moving: Moving,
    /// The sessions.
    pub host: Arc<Host>,
    /// The file.
    pub db: Arc<ShardDb>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How to behave.
    pub settings: FleetSettings,
}

impl Fleet {
    /// Another pod believes that a guild is owned here: it is looked into.
    pub fn asked_for(&self, guild: GuildId) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert(guild);
        drop(asked);
        self.host.waiting.placing.notify_one();
    }

    /// An answer that ends this life: another process runs as this pod, or config serves another fleet.
    fn fence_by(&self, error: &ConfigApiError) -> bool {
        let over = matches!(error.code(), Some("stale_incarnation" | "foreign_store"))
            || matches!(error, ConfigApiError::ForeignStore { .. });
        if over && self.lease.fenced().is_none() {
            let why = Chain(error).to_string();
            tracing::error!(
                pod = %self.pod, incarnation = self.incarnation.get(), why,
                "this process may not act any more: its sessions are dropped, and nothing is written or answered"
            );
            self.lease.fence(&why);
            self.check.fail(why);
        }
        over
    }
}

/// What a starting pod was told, and the sessions that its former life let go, which nobody else may have yet.
pub async fn take_back(fleet: &Fleet, assignment: &AssignmentAnswer) {
    assignment::take_in(fleet, assignment).await;
    let listed = match fleet.api.discord_shards().await {
        Ok(answer) => answer.value.discord_shards,
        Err(error) => {
            tracing::warn!(error = %Chain(&error), "config does not say which sessions were let go");
            return;
        }
    };
    let mine = |shard: &&DiscordShardInfo| shard.host.is_none() && shard.released_by == Some(fleet.pod);
    let request = AdoptRequest {
        pod: fleet.pod,
        incarnation: fleet.incarnation,
    };
    for shard in listed.iter().filter(mine) {
        // The list of sessions is read anew right after this.
        if let Err(error) = fleet.api.adopt(shard.discord_shard, &request).await {
            let shard = shard.discord_shard.get();
            tracing::warn!(discord_shard = shard, error = %Chain(&error), "a session that this pod had let go is not its own again");
        }
    }
}

/// Runs the pod until it stops: every session closed so that it can be resumed, and let go.
pub async fn run(fleet: Arc<Fleet>, since: Revision, lease_ttl: Duration) {
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(heartbeat::run(Arc::clone(&fleet), lease_ttl));
    tasks.spawn(watching::run(Arc::clone(&fleet), since));
    tasks.spawn(placing::run(Arc::clone(&fleet)));
    tasks.spawn(forwarding::run(Arc::clone(&fleet)));
    tasks.spawn(moving::run(Arc::clone(&fleet)));
    tasks.spawn(sweeping::run(Arc::clone(&fleet)));
    host::run(Arc::clone(&fleet.host)).await;
    while tasks.join_next().await.is_some() {}
    if fleet.lease.fenced().is_none() {
        release::run(&fleet).await;
    }
}
