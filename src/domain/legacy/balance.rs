//! Which pod gets which Discord shard when an old database is split.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::num::NonZeroU32;

use crate::domain::ids::{DiscordShardId, GuildId, NumShards};

/// The pod, counted from zero, of every Discord shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    num_shards: NumShards,
    pod_of_shard: Vec<u32>,
}

impl Balance {
    /// Deals whole Discord shards to `pods` pods so that their rows come out even.
    ///
    /// Every pod gets the same number of Discord shards, one more or less, as the config store deals them; within
    /// that, the largest goes first, each to the pod with the fewest rows. The same input gives the same answer.
    pub fn by_rows(rows: &HashMap<GuildId, u64>, num_shards: NumShards, pods: NonZeroU32) -> Self {
        let mut load: Vec<(DiscordShardId, u64)> = num_shards.ids().map(|shard| (shard, 0)).collect();
        for (guild, rows) in rows {
            load[guild.discord_shard(num_shards).get() as usize].1 += rows;
        }
        load.sort_by_key(|(shard, rows)| (Reverse(*rows), *shard));
        let (each, mut spare) = (num_shards.get() / pods, num_shards.get() % pods);
        // Per pod: rows and Discord shards so far.
        let mut dealt = vec![(0_u64, 0_u32); pods.get() as usize];
        let mut pod_of_shard = vec![0; load.len()];
        for (shard, rows) in load {
            let has_room = |count: u32| count < each || (count == each && spare > 0);
            let open = dealt
                .iter()
                .enumerate()
                .filter(|(_, (_, count))| has_room(*count));
            let Some((pod, _)) = open.min_by_key(|(pod, dealt)| (**dealt, *pod)) else {
                continue;
            };
            if dealt[pod].1 == each {
                spare -= 1;
            }
            dealt[pod].0 += rows;
            dealt[pod].1 += 1;
            pod_of_shard[shard.get() as usize] = u32::try_from(pod).unwrap_or_default();
        }
        Self {
            num_shards,
            pod_of_shard,
        }
    }

    /// How many Discord shards there are.
    pub const fn num_shards(&self) -> NumShards {
        self.num_shards
    }

    /// The pod of a Discord shard.
    pub fn pod_of_shard(&self, shard: DiscordShardId) -> u32 {
        self.pod_of_shard[shard.get() as usize]
    }

    /// The pod of a guild.
    pub fn pod_of(&self, guild: GuildId) -> u32 {
        self.pod_of_shard(guild.discord_shard(self.num_shards))
    }

    /// The Discord shards of a pod, in order.
    pub fn shards_of(&self, pod: u32) -> impl Iterator<Item = DiscordShardId> {
        self.num_shards
            .ids()
            .filter(move |shard| self.pod_of_shard(*shard) == pod)
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
            per_pod[balance.pod_of(*guild) as usize] += rows;
        }
        (balance, per_pod)
    }

    #[test]
    fn rows_come_out_even_and_shards_too() {
        let rows: HashMap<_, _> = (0..640).map(|n| (guild(n % 64, n), 1 + n * 7 % 100)).collect();
        for pods in [1, 3, 7, 64] {
            let (balance, per_pod) = balance(&rows, 64, pods);
            let counts: Vec<usize> = (0..pods).map(|pod| balance.shards_of(pod).count()).collect();
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
        let giant = balance.pod_of(guild(5, 1));
        assert_eq!(balance.shards_of(giant).count(), 16);
        assert_eq!(per_pod.iter().sum::<u64>(), 1_000_640);
    }

    #[test]
    fn more_pods_than_shards_leaves_some_empty() {
        let rows = HashMap::from([(guild(0, 0), 5)]);
        let (balance, _) = balance(&rows, 2, 5);
        let counts: Vec<usize> = (0..5).map(|pod| balance.shards_of(pod).count()).collect();
        assert_eq!(counts.iter().sum::<usize>(), 2);
        assert!(counts.iter().all(|count| *count <= 1));
    }
}
