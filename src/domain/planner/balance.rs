//! Making a plan.

use std::collections::BTreeSet;

use super::fleet::{Fleet, Pod};
use super::snapshot::{Rules, Snapshot};
use super::view::{Left, Plan, PlannedMove, Why};
use crate::domain::fleet::Load;
use crate::domain::ids::{GuildId, PodId};

/// What to move, in order, and why.
pub fn plan(snapshot: &Snapshot, rules: &Rules) -> Plan {
    let mut fleet = Fleet::of(snapshot);
    let before = fleet.shares();
    let mut making = Making {
        rules: *rules,
        moves: Vec::new(),
        left: dead(&fleet),
    };
    making.empty(&mut fleet);
    making.balance(&mut fleet);
    Plan {
        inputs: snapshot.hash(),
        moves: making.moves,
        left: making.left,
        before,
        after: fleet.shares(),
    }
}

fn dead(fleet: &Fleet) -> Vec<Left> {
    let gone = |pod: &&Pod| !pod.it.leased && pod.guilds > 0;
    let gone = fleet.pods.values().filter(gone);
    gone.map(|pod| Left::Dead {
        pod: pod.it.pod,
        guilds: pod.guilds,
    })
    .collect()
}

struct Making {
    rules: Rules,
    moves: Vec<PlannedMove>,
    left: Vec<Left>,
}

impl Making {
    /// Guilds leave pods that are being emptied, the heaviest first, each to where the load is least with it.
    fn empty(&mut self, fleet: &mut Fleet) {
        let draining: BTreeSet<PodId> = fleet
            .pods
            .values()
            .filter(|pod| pod.is_emptied())
            .map(|pod| pod.it.pod)
            .collect();
        let mut leaving: Vec<(u64, GuildId, PodId)> = Vec::new();
        for guild in fleet
            .guilds
            .values()
            .filter(|guild| draining.contains(&guild.pod))
        {
            let (id, pod) = (guild.guild, guild.pod);
            if guild.pinned {
                self.left.push(Left::Pinned { guild: id, pod });
            } else if guild.busy {
                self.left.push(Left::Busy { guild: id, pod });
            } else {
                leaving.push((guild.load.0, id, pod));
            }
        }
        leaving.sort_by_key(|(load, guild, _)| (std::cmp::Reverse(*load), *guild));
        for (load, guild, src) in leaving {
            let open = fleet.pods.values().filter(|pod| pod.is_open());
            let best = open.min_by(|a, b| {
                let with =
                    |pod: &Pod, other: &Pod| u128::from(pod.load + load) * u128::from(other.capacity());
                with(a, b).cmp(&with(b, a)).then(a.it.pod.cmp(&b.it.pod))
            });
            match best.map(|pod| pod.it.pod) {
                Some(dst) if !self.is_full() => self.take(fleet, guild, (src, dst), load, Why::Draining),
                Some(_) => return self.too_long(),
                None => self.left.push(Left::Nowhere { guild, pod: src }),
            }
        }
    }

    /// The pod that is furthest above its share gives its heaviest guild that fits to the pod that lacks most. Who is
    /// above the threshold comes down to its share, so that the next guild does not bring it above again.
    fn balance(&mut self, fleet: &mut Fleet) {
        let limit = 100 + u64::from(self.rules.threshold_percent);
        let above = |pod: &&Pod| pod.is_open() && fleet.percent(pod) > limit;
        let mut giving: BTreeSet<PodId> = fleet.pods.values().filter(above).map(|pod| pod.it.pod).collect();
        while let Some(src) = hottest(fleet, &giving) {
            let (excess, percent) = {
                let pod = &fleet.pods[&src];
                (pod.load - fleet.share(pod), fleet.percent(pod))
            };
            let lacks = |pod: &Pod| fleet.share(pod).saturating_sub(pod.load);
            let open = fleet.pods.values().filter(|pod| pod.is_open());
            let coldest = open.max_by_key(|pod| (lacks(pod), std::cmp::Reverse(pod.it.pod)));
            let fits = coldest.and_then(|dst| {
                let most = lacks(dst).min(excess);
                let heavier = (most.saturating_add(1), None);
                let (load, guild) = fleet.pods[&src].movable.range(..heavier).next_back()?;
                Some((dst.it.pod, *load, (*guild)?))
            });
            match fits {
                Some(_) if self.is_full() => return self.too_long(),
                Some((dst, load, guild)) => {
                    let why = Why::Overloaded(percent.saturating_sub(100));
                    self.take(fleet, guild, (src, dst), load, why);
                }
                None => {
                    if percent > limit {
                        let percent = percent - 100;
                        self.left.push(Left::TooLarge { pod: src, percent });
                    }
                    giving.remove(&src);
                }
            }
        }
    }

    fn take(&mut self, fleet: &mut Fleet, guild: GuildId, (src, dst): (PodId, PodId), load: u64, why: Why) {
        fleet.take(src, dst, load, guild);
        self.moves.push(PlannedMove {
            guild,
            src,
            dst,
            epoch: fleet.guilds[&guild].epoch,
            load: Load(load),
            why,
        });
    }

    const fn is_full(&self) -> bool {
        self.moves.len() >= self.rules.max_moves
    }

    fn too_long(&mut self) {
        let moves = self.rules.max_moves;
        self.left.push(Left::TooLong { moves });
    }
}

/// Of those that give, the one that is furthest above its share.
fn hottest(fleet: &Fleet, giving: &BTreeSet<PodId>) -> Option<PodId> {
    giving
        .iter()
        .filter_map(|id| fleet.pods.get(id))
        .filter(|pod| pod.load > fleet.share(pod))
        .map(|pod| (fleet.percent(pod), std::cmp::Reverse(pod.it.pod)))
        .max()
        .map(|(_, pod)| pod.0)
}
