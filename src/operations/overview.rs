//! The fleet in one look, and what in it needs an operator.

use crate::domain::fleet::PodState;
use crate::domain::ids::PodId;
use crate::store::config_db::{
    ConfigDb, PodRow, RecoveryProgress, SchemaState, Stamped, StoreError, StoreStatus,
};

/// The fleet in one look.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// The store itself.
    pub store: StoreStatus,
    /// Its schema.
    pub schema: SchemaState,
    /// Every pod.
    pub pods: Vec<PodRow>,
    /// How far a recovery has come.
    pub recovery: RecoveryProgress,
}

/// Something that needs an operator, or soon will.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concern {
    /// The store recovers and waits for these pods.
    Recovering {
        /// Why.
        reason: String,
        /// Pods that have not reported yet.
        waiting_for: Vec<PodId>,
    },
    /// A pod that should serve has no lease, and guilds of its are dark.
    Lapsed {
        /// Which pod.
        pod: PodId,
        /// Since when its lease is over, in milliseconds.
        for_ms: i64,
        /// How many guilds it owns.
        guilds: u64,
    },
    /// Nobody takes new guilds.
    NoOpenPod,
    /// Guilds that nobody may serve until someone has looked.
    TroubledGuilds(u64),
    /// Discord shards without a host: their guilds' events are not received.
    UnhostedShards(u64),
    /// Discord's daily identifies are spent down to this.
    FewIdentifies(u32),
}

/// Fewer identifies than this for the rest of the day are worth a line.
const FEW_IDENTIFIES: u32 = 100;

/// Reads all of it. Its parts are read one after the other, so a change in between may show in one of them only.
pub async fn overview(db: &ConfigDb) -> Result<Stamped<Overview>, StoreError> {
    // First, so that a recovery which this look brings on is part of it.
    db.check_history(None).await?;
    let schema = db.schema_state().await?;
    let recovery = db.recovery_progress().await?.value;
    let pods = db.pods().await?.value;
    let Stamped { value: store, stamp } = db.status().await?;
    let value = Overview {
        store,
        schema,
        pods,
        recovery,
    };
    Ok(Stamped { value, stamp })
}

impl Overview {
    /// What needs an operator, the worst first.
    pub fn concerns(&self) -> Vec<Concern> {
        let mut concerns = Vec::new();
        if let Some(reason) = &self.recovery.reason {
            let silent = |p: &&_| is_awaited(p);
            concerns.push(Concern::Recovering {
                reason: reason.clone(),
                waiting_for: self.recovery.pods.iter().filter(silent).map(|p| p.pod).collect(),
            });
        }
        concerns.extend(self.pods.iter().filter_map(lapsed));
        let open = |p: &PodRow| p.state == PodState::Active && p.leased();
        if !self.pods.iter().any(open) {
            concerns.push(Concern::NoOpenPod);
        }
        if self.store.troubled_guilds > 0 {
            concerns.push(Concern::TroubledGuilds(self.store.troubled_guilds));
        }
        if self.store.unhosted_shards > 0 {
            concerns.push(Concern::UnhostedShards(self.store.unhosted_shards));
        }
        if let Some(left) = self.store.identifies_left.filter(|left| *left < FEW_IDENTIFIES) {
            concerns.push(Concern::FewIdentifies(left));
        }
        concerns
    }
}

/// Whether a recovery waits for this pod.
pub fn is_awaited(pod: &crate::store::config_db::RecoveryPod) -> bool {
    pod.required && !pod.reported && pod.waived_by.is_none()
}

/// A pod that was started, should run and does not.
fn lapsed(pod: &PodRow) -> Option<Concern> {
    let gone = pod.state == PodState::Offline || pod.incarnation.get() == 0;
    (!gone && !pod.leased() && (pod.guilds > 0 || pod.detached_at_ms.is_none())).then_some(Concern::Lapsed {
        pod: pod.pod,
        for_ms: -pod.lease_left_ms,
        guilds: pod.guilds,
    })
}
