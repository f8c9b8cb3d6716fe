//! The fleet while a plan is being made: loads counted along, guilds by weight.

use std::collections::{BTreeMap, BTreeSet};

use super::snapshot::{PlanGuild, PlanPod, Snapshot};
use super::view::PodShare;
use crate::domain::fleet::{Load, PodState};
use crate::domain::ids::{GuildId, PodId};

/// A pod while a plan is being made.
pub(super) struct Pod {
    pub(super) it: PlanPod,
    pub(super) load: u64,
    pub(super) guilds: usize,
    /// Guilds that may leave, by weight; `None` stands before all of that weight.
    pub(super) movable: BTreeSet<(u64, Option<GuildId>)>,
}

impl Pod {
    /// Whether guilds may come.
    pub(super) const fn is_open(&self) -> bool {
        self.it.closed_because().is_none()
    }

    /// Whether guilds must leave, and can.
    pub(super) fn is_emptied(&self) -> bool {
        self.it.state == PodState::Draining && self.it.leased
    }

    pub(super) fn capacity(&self) -> u64 {
        u64::from(self.it.capacity.max(1))
    }
}

pub(super) struct Fleet {
    pub(super) pods: BTreeMap<PodId, Pod>,
    pub(super) guilds: BTreeMap<GuildId, PlanGuild>,
    /// All the load that the open pods will have to carry, and their capacity.
    load: u128,
    capacity: u128,
}

impl Fleet {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let mut pods: BTreeMap<PodId, Pod> = snapshot
            .pods
            .iter()
            .map(|it| {
                let pod = Pod {
                    it: *it,
                    load: 0,
                    guilds: 0,
                    movable: BTreeSet::new(),
                };
                (it.pod, pod)
            })
            .collect();
        let guilds: BTreeMap<GuildId, PlanGuild> = snapshot
            .guilds
            .iter()
            .map(|guild| (guild.guild, *guild))
            .collect();
        let mut load = 0;
        for guild in guilds.values() {
            let Some(pod) = pods.get_mut(&guild.pod) else {
                continue;
            };
            pod.load += guild.load.0;
            pod.guilds += 1;
            let movable = !guild.pinned && !guild.busy;
            if movable {
                pod.movable.insert((guild.load.0, Some(guild.guild)));
            }
            if pod.is_open() || (pod.is_emptied() && movable) {
                load += u128::from(guild.load.0);
            }
        }
        let capacity = pods
            .values()
            .filter(|pod| pod.is_open())
            .map(|pod| u128::from(pod.capacity()))
            .sum();
        Self {
            pods,
            guilds,
            load,
            capacity,
        }
    }

    /// What an open pod should carry.
    pub(super) fn share(&self, pod: &Pod) -> u64 {
        let share = self.load * u128::from(pod.capacity()) / self.capacity.max(1);
        u64::try_from(share).unwrap_or(u64::MAX)
    }

    /// A pod's load against its share, in percent.
    pub(super) fn percent(&self, pod: &Pod) -> u64 {
        let percent = u128::from(pod.load) * 100 / u128::from(self.share(pod).max(1));
        u64::try_from(percent).unwrap_or(u64::MAX)
    }

    /// Moves a guild. It does not move again.
    pub(super) fn take(&mut self, src: PodId, dst: PodId, load: u64, guild: GuildId) {
        if let Some(pod) = self.pods.get_mut(&src) {
            pod.movable.remove(&(load, Some(guild)));
            pod.load -= load;
            pod.guilds -= 1;
        }
        if let Some(pod) = self.pods.get_mut(&dst) {
            pod.load += load;
            pod.guilds += 1;
        }
    }

    pub(super) fn shares(&self) -> Vec<PodShare> {
        self.pods
            .values()
            .map(|pod| PodShare {
                pod: pod.it.pod,
                guilds: pod.guilds,
                load: Load(pod.load),
                percent: pod.is_open().then(|| self.percent(pod)),
            })
            .collect()
    }
}
