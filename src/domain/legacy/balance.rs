//! Which pod gets which Discord shard when an old database is split.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;

use crate::domain::ids::{DiscordShardId, GuildId, NumShards, PodId};

/// The pod, by its place in [`Balance::pods`], of every Discord shard and guild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    num_shards: NumShards,
    pods: Vec<PodId>,
    place_of_shard: Vec<usize>,
    /// Guilds that live elsewhere than their Discord shard.
    away: HashMap<GuildId, usize>,
}

/// A fleet that knows some of it already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assigned {
    /// Pods that may get Discord shards, in order.
    pub pods: Vec<PodId>,
    /// Who hosts what.
    pub hosts: BTreeMap<DiscordShardId, PodId>,
    /// Who owns what.
    pub owners: BTreeMap<GuildId, PodId>,
}

impl Balance {
    /// Deals whole Discord shards to `pods` pods, `pod-0` and on, so that their rows come out even.
    ///
    /// Every pod gets the same number of Discord shards, one more or less, as the config store deals them; within
    /// that, the largest goes first, each to the pod with the fewest rows. The same input gives the same answer.
    pub fn by_rows(rows: &HashMap<GuildId, u64>, num_shards: NumShards, pods: NonZeroU32) -> Self {
        let pods = (0..pods.get()).filter_map(|number| PodId::new(number).ok());
        let fleet = Assigned {
            pods: pods.collect(),
            ..Assigned::default()
        };
        Self::within(&fleet, rows, num_shards)
    }

    /// The same in a fleet that knows some of it already: a guild with an owner goes there, the others of a hosted
    /// Discord shard to its host; Discord shards that nobody hosts are dealt by rows.
    pub fn within(fleet: &Assigned, rows: &HashMap<GuildId, u64>, num_shards: NumShards) -> Self {
        let mut pods = fleet.pods.clone();
        // An owner gets its guilds even where it gets nothing new.
        pods.extend(
            fleet
                .owners
                .iter()
                .filter(|(guild, _)| rows.contains_key(guild))
                .map(|(_, pod)| *pod),
        );
        pods.sort_unstable();
        pods.dedup();
        let open: Vec<bool> = pods.iter().map(|pod| fleet.pods.contains(pod)).collect();
        let place = |pod: &PodId| pods.binary_search(pod).ok();
        let mut load: Vec<(DiscordShardId, u64)> = num_shards.ids().map(|shard| (shard, 0)).collect();
        let mut dealt = vec![Dealt::default(); pods.len()];
        let mut away = HashMap::new();
        for (guild, rows) in rows {
            match fleet.owners.get(guild).and_then(place) {
                Some(owner) => {
                    dealt[owner].rows += rows;
                    away.insert(*guild, owner);
                }
                None => load[guild.discord_shard(num_shards).get() as usize].1 += rows,
            }
        }
        let hosts = |shard: &DiscordShardId| fleet.hosts.get(shard).and_then(place).filter(|at| open[*at]);
        let mut place_of_shard = vec![0; load.len()];
        let (hosted, mut homeless): (Vec<_>, Vec<_>) =
            load.into_iter().partition(|(shard, _)| hosts(shard).is_some());
        for (shard, rows) in hosted {
            let host = hosts(&shard).unwrap_or_default();
            dealt[host].take(rows);
            place_of_shard[shard.get() as usize] = host;
        }
        homeless.sort_by_key(|(shard, rows)| (Reverse(*rows), *shard));
        let takers = u32::try_from(fleet.pods.len()).unwrap_or(u32::MAX).max(1);
        let (each, mut spare) = (num_shards.get() / takers, num_shards.get() % takers);
        for (shard, rows) in homeless {
            let fewest = |below: u32| {
                let has_room = |at: &usize| open[*at] && dealt[*at].shards < below;
                (0..dealt.len())
                    .filter(has_room)
                    .min_by_key(|at| (dealt[*at], *at))
            };
            // Where hosts have more than their share, the others cannot take all that is left evenly.
            let taker = fewest(each + u32::from(spare > 0)).or_else(|| fewest(u32::MAX));
            let Some(taker) = taker else { continue };
            if dealt[taker].shards == each {
                spare = spare.saturating_sub(1);
            }
            dealt[taker].take(rows);
            place_of_shard[shard.get() as usize] = taker;
        }
        away.retain(|guild, owner| place_of_shard[guild.discord_shard(num_shards).get() as usize] != *owner);
        Self {
            num_shards,
            pods,
            place_of_shard,
            away,
        }
    }

    /// How many Discord shards there are.
    pub const fn num_shards(&self) -> NumShards {
        self.num_shards
    }

    /// The pods, in order.
    pub fn pods(&self) -> &[PodId] {
        &self.pods
    }

    /// The place of a guild's pod.
    pub fn place_of(&self, guild: GuildId) -> usize {
        let by_shard = self.place_of_shard[guild.discord_shard(self.num_shards).get() as usize];
        self.away.get(&guild).copied().unwrap_or(by_shard)
    }

    /// A guild's pod.
    pub fn pod_of(&self, guild: GuildId) -> PodId {
        self.pods[self.place_of(guild)]
    }

    /// The Discord shards of the pod at a place, in order.
    pub fn shards_of(&self, place: usize) -> impl Iterator<Item = DiscordShardId> {
        self.num_shards
            .ids()
            .filter(move |shard| self.place_of_shard[shard.get() as usize] == place)
    }
}

/// What a pod has so far; ordered by rows first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Dealt {
    rows: u64,
    shards: u32,
}

impl Dealt {
    fn take(&mut self, rows: u64) {
        self.rows += rows;
        self.shards += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A guild on this Discord shard of 64.
    fn guild(shard: u64, nth: u64) -> GuildId {
        GuildId::new(((shard + 64 * nth) << 22) | 1).unwrap()
    }

    fn balance(rows: &HashMap<GuildId, u64>, num_shards: u32, pods: u32) -> (Balance, Vec<u64>) {
        let balance = Balance::by_rows(
            rows,
            NumShards::new(num_shards).unwrap(),
            NonZeroU32::new(pods).unwrap(),
        );
        let mut per_pod = vec![0; pods as usize];
        for (guild, rows) in rows {
            per_pod[balance.place_of(*guild)] += rows;
        }
        (balance, per_pod)
    }

    #[test]
    fn rows_come_out_even_and_shards_too() {
        let rows: HashMap<_, _> = (0..640).map(|n| (guild(n % 64, n), 1 + n * 7 % 100)).collect();
        for pods in [1, 3, 7, 64] {
            let (balance, per_pod) = balance(&rows, 64, pods);
            let counts: Vec<usize> = (0..pods as usize)
                .map(|pod| balance.shards_of(pod).count())
                .collect();
            assert!(
                counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1,
                "{counts:?}"
            );
            let (most, least) = (per_pod.iter().max().unwrap(), per_pod.iter().min().unwrap());
            assert!(pods == 64 || most * 100 <= least * 110, "{pods}: {per_pod:?}");
        }
    }

    #[test]
    fn one_giant_guild_has_its_pod_almost_to_itself() {
        let mut rows: HashMap<_, _> = (0..64).map(|n| (guild(n, 0), 10)).collect();
        rows.insert(guild(5, 1), 1_000_000);
        let (balance, per_pod) = balance(&rows, 64, 4);
        let giant = balance.place_of(guild(5, 1));
        assert_eq!(balance.shards_of(giant).count(), 16);
        assert_eq!(per_pod.iter().sum::<u64>(), 1_000_640);
    }

    #[test]
    fn more_pods_than_shards_leaves_some_empty() {
        let rows = HashMap::from([(guild(0, 0), 5)]);
        let (balance, _) = balance(&rows, 2, 5);
        let counts: Vec<usize> = (0..5).map(|place| balance.shards_of(place).count()).collect();
        assert_eq!(counts.iter().sum::<usize>(), 2);
        assert!(counts.iter().all(|count| *count <= 1));
    }

    #[test]
    fn what_the_fleet_knows_stays_as_it_is() {
        let pod = |n| PodId::new(n).unwrap();
        let num_shards = NumShards::new(8).unwrap();
        let shard = |n| num_shards.shard(n).unwrap();
        let rows: HashMap<_, _> = (0..16)
            .map(|n| (GuildId::new(((n % 8 + 8 * n) << 22) | 1).unwrap(), 10))
            .collect();
        let mut guilds: Vec<GuildId> = rows.keys().copied().collect();
        guilds.sort_unstable();
        // Pod 7 takes nothing new, but owns a guild; pod 9 is not there any more.
        let fleet = Assigned {
            pods: vec![pod(2), pod(5)],
            hosts: [(shard(0), pod(5)), (shard(1), pod(5)), (shard(2), pod(9))].into(),
            owners: [(guilds[0], pod(7)), (guilds[1], pod(2))].into(),
        };
        let balance = Balance::within(&fleet, &rows, num_shards);
        assert_eq!(balance.pods(), [pod(2), pod(5), pod(7)]);
        assert_eq!(
            (balance.pod_of(guilds[0]), balance.pod_of(guilds[1])),
            (pod(7), pod(2))
        );
        for guild in &guilds[2..] {
            let on = guild.discord_shard(num_shards).get();
            assert_ne!(balance.pod_of(*guild), pod(7));
            assert!(
                on > 1 || balance.pod_of(*guild) == pod(5),
                "{guild} on Discord shard {on}"
            );
        }
        let counts: Vec<usize> = (0..3).map(|place| balance.shards_of(place).count()).collect();
        assert_eq!(counts, [4, 4, 0]);
    }
}
