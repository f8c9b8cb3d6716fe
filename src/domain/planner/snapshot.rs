//! What a plan is made from.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::fleet::{ClosedBecause, Load, PodState, closed_because};
use crate::domain::ids::{Epoch, GuildId, PodId};

/// The fleet at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Its pods.
    pub pods: Vec<PlanPod>,
    /// Its guilds.
    pub guilds: Vec<PlanGuild>,
}

/// A pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanPod {
    /// Which.
    pub pod: PodId,
    /// What the operator wants of it.
    pub state: PodState,
    /// Whether its lease runs.
    pub leased: bool,
    /// How much it may carry beside the others: a weight over zero.
    pub capacity: u32,
}

impl PlanPod {
    /// Why nothing may go there.
    pub const fn closed_because(&self) -> Option<ClosedBecause> {
        closed_because(self.state, self.leased)
    }
}

/// A guild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanGuild {
    /// Which.
    pub guild: GuildId,
    /// Who owns it.
    pub pod: PodId,
    /// At which epoch.
    pub epoch: Epoch,
    /// What it weighs.
    pub load: Load,
    /// Whether it stays where it is.
    pub pinned: bool,
    /// Whether it is being moved, or in trouble: nothing is planned for it.
    pub busy: bool,
}

/// How eagerly to balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// How far above its share a pod may be, in percent, before it gives guilds away.
    pub threshold_percent: u32,
    /// At most so many moves.
    pub max_moves: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            threshold_percent: 10,
            max_moves: 100_000,
        }
    }
}

impl Snapshot {
    /// A hash of what a plan depends on: who owns what at which epoch, what may take guilds, what stays. Loads are not in
    /// it: they change all the time, and a plan made a minute ago is none the worse for it.
    pub fn hash(&self) -> String {
        let mut hasher = Sha256::new();
        let mut pods = self.pods.clone();
        pods.sort_by_key(|pod| pod.pod);
        for pod in &pods {
            let line = format!(
                "{} {} {} {}\n",
                pod.pod,
                pod.state,
                pod.closed_because().is_none(),
                pod.capacity
            );
            hasher.update(line);
        }
        let mut guilds = self.guilds.clone();
        guilds.sort_by_key(|guild| guild.guild);
        for guild in &guilds {
            hasher.update(guild.guild.as_i64().to_le_bytes());
            hasher.update(guild.pod.get().to_le_bytes());
            hasher.update(guild.epoch.get().to_le_bytes());
            hasher.update([u8::from(guild.pinned), u8::from(guild.busy)]);
        }
        hex::encode(hasher.finalize())
    }
}
