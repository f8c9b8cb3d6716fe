//! Which pod hosts which Discord shard.
//!
//! Dealt by capacity: for pods of equal capacity the counts differ by at most one. A Discord shard with a
//! session stays where it is (moving a session is release and adopt, an operator's business); one that has
//! no session may be dealt again, so that pods which start one after the other still share evenly. Within these
//! counts a Discord shard goes to the pod that owns most of its guilds: what a host does not own it must forward.

use std::collections::BTreeMap;

use super::ids::{DiscordShardId, PodId};

/// A pod that may host Discord shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DealPod {
    /// Which pod.
    pub pod: PodId,
    /// Its weight, over zero.
    pub capacity: u32,
}

/// A Discord shard before the deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DealShard {
    /// Which Discord shard.
    pub shard: DiscordShardId,
    /// Its present host.
    pub host: Option<PodId>,
    /// The pod that owns most of its guilds.
    pub home: Option<PodId>,
    /// Whether it stays there whatever the counts say: it has a session, or is held for its former host.
    pub fixed: bool,
}

/// How many Discord shards each pod should host: by capacity, rounded by largest remainder, where a pod that
/// already hosts more comes first.
fn quotas(pods: &[DealPod], shards: &[DealShard]) -> BTreeMap<PodId, usize> {
    let total: u128 = pods.iter().map(|p| u128::from(p.capacity.max(1))).sum();
    let hosted = |pod| shards.iter().filter(|s| s.host == Some(pod)).count();
    let mut exact: Vec<(PodId, usize, u128, usize)> = pods
        .iter()
        .map(|p| {
            let share = shards.len() as u128 * u128::from(p.capacity.max(1));
            (
                p.pod,
                usize::try_from(share / total).unwrap_or(usize::MAX),
                share % total,
                hosted(p.pod),
            )
        })
        .collect();
    let left = shards.len() - exact.iter().map(|(_, whole, ..)| whole).sum::<usize>();
    exact.sort_by_key(|&(pod, _, rest, hosted)| (std::cmp::Reverse((rest, hosted)), pod));
    exact
        .into_iter()
        .enumerate()
        .map(|(i, (pod, whole, ..))| (pod, whole + usize::from(i < left)))
        .collect()
}

/// The changes that deal `shards` to `pods`: each Discord shard that gets another host, in order.
///
/// Dealing the result again changes nothing.
pub fn deal(pods: &[DealPod], shards: &[DealShard]) -> Vec<(DiscordShardId, PodId)> {
    if pods.is_empty() {
        return Vec::new();
    }
    let quota = quotas(pods, shards);
    let mut count: BTreeMap<PodId, usize> = quota.keys().map(|pod| (*pod, 0)).collect();
    for host in shards.iter().filter(|s| s.fixed).filter_map(|s| s.host) {
        if let Some(n) = count.get_mut(&host) {
            *n += 1;
        }
    }
    let mut has_room = |pod: PodId| match count.get_mut(&pod) {
        Some(n) if *n < quota[&pod] => {
            *n += 1;
            true
        }
        _ => false,
    };
    let (mut dealt, mut restless, mut homeless) = (Vec::new(), Vec::new(), Vec::new());
    for shard in shards.iter().filter(|s| !s.fixed) {
        match shard.home {
            Some(home) if has_room(home) => {
                if shard.host != Some(home) {
                    dealt.push((shard.shard, home));
                }
            }
            _ => restless.push(shard),
        }
    }
    for shard in restless {
        if !shard.host.is_some_and(&mut has_room) {
            homeless.push(shard.shard);
        }
    }
    for shard in homeless {
        // The pod that lacks most; where sessions hold others above their quota, the one with fewest.
        let neediest = count.iter().max_by_key(|(pod, n)| {
            (
                quota[pod].cast_signed() - n.cast_signed(),
                std::cmp::Reverse(**pod),
            )
        });
        if let Some(pod) = neediest.map(|(pod, _)| *pod) {
            count.entry(pod).and_modify(|n| *n += 1);
            dealt.push((shard, pod));
        }
    }
    dealt.sort_unstable();
    dealt
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::NumShards;
    use proptest::prelude::*;

    fn fresh(n: u32) -> Vec<DealShard> {
        let ids = NumShards::new(n).unwrap();
        ids.ids()
            .map(|shard| DealShard {
                shard,
                host: None,
                home: None,
                fixed: false,
            })
            .collect()
    }

    fn pods(capacities: &[u32]) -> Vec<DealPod> {
        let id = |i: usize| PodId::new(u32::try_from(i).unwrap()).unwrap();
        capacities
            .iter()
            .enumerate()
            .map(|(i, &capacity)| DealPod { pod: id(i), capacity })
            .collect()
    }

    fn apply(shards: &mut [DealShard], dealt: &[(DiscordShardId, PodId)]) {
        for (shard, pod) in dealt {
            shards.iter_mut().find(|s| s.shard == *shard).unwrap().host = Some(*pod);
        }
    }

    fn counts(shards: &[DealShard], pods: &[DealPod]) -> Vec<usize> {
        pods.iter()
            .map(|p| shards.iter().filter(|s| s.host == Some(p.pod)).count())
            .collect()
    }

    #[test]
    fn a_session_stays_where_it_is() {
        let all = pods(&[100, 100]);
        let mut shards = fresh(64);
        apply(&mut shards, &deal(&all[..1], &fresh(64)));
        shards.iter_mut().take(40).for_each(|s| s.fixed = true);
        let dealt = deal(&all, &shards);
        apply(&mut shards, &dealt);
        assert_eq!(counts(&shards, &all), [40, 24]);
        assert!(dealt.iter().all(|(shard, _)| shard.get() >= 40));
    }

    #[test]
    fn a_discord_shard_goes_where_its_guilds_are_as_far_as_the_counts_allow() {
        let all = pods(&[100, 100, 100]);
        let mut shards = fresh(9);
        // The first pod owns five Discord shards' guilds, the last one's is not there any more.
        for (at, home) in [2, 2, 1, 0, 0, 0, 0, 0, 9].into_iter().enumerate() {
            shards[at].home = PodId::new(home).ok();
        }
        let dealt = deal(&all, &shards);
        apply(&mut shards, &dealt);
        let hosts: Vec<u32> = shards.iter().map(|s| s.host.unwrap().get()).collect();
        assert_eq!(hosts, [2, 2, 1, 0, 0, 0, 1, 1, 2]);
        assert_eq!(deal(&all, &shards), []);
    }

    #[test]
    fn no_pods_no_deal() {
        assert_eq!(deal(&[], &fresh(8)), []);
    }

    proptest! {
        #[test]
        fn equal_pods_differ_by_at_most_one_however_they_arrive(
            n in 1u32..200, count in 1usize..12, homes in prop::collection::vec(0u32..16, 200)
        ) {
            let all = pods(&vec![100; count]);
            let mut shards = fresh(n);
            shards.iter_mut().zip(homes).for_each(|(shard, home)| shard.home = PodId::new(home).ok());
            for upto in 1..=count {
                let dealt = deal(&all[..upto], &shards);
                apply(&mut shards, &dealt);
                let counts = counts(&shards, &all[..upto]);
                prop_assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1, "{counts:?}");
                prop_assert_eq!(deal(&all[..upto], &shards), vec![]);
            }
        }

        #[test]
        fn capacity_is_followed_within_one(capacities in prop::collection::vec(1u32..500, 1..8), n in 1u32..300) {
            let all = pods(&capacities);
            let mut shards = fresh(n);
            apply(&mut shards, &deal(&all, &fresh(n)));
            let total: u32 = capacities.iter().sum();
            for (count, capacity) in counts(&shards, &all).into_iter().zip(&capacities) {
                let fair = f64::from(n) * f64::from(*capacity) / f64::from(total);
                prop_assert!((f64::from(u32::try_from(count).unwrap()) - fair).abs() < 1.0, "{count} for {fair}");
            }
        }
    }
}
