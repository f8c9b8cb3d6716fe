//! Where a brand-new guild goes.
//!
//! To the pod that hosts its Discord shard, so that nothing has to be forwarded; unless that pod takes
//! nothing new or would be more than 20 % above the least loaded; then to the least loaded.

use std::cmp::Ordering;
use std::fmt;

use super::fleet::{ClosedBecause, Load, PodLoad};
use super::ids::PodId;

/// How far above the least loaded the host may be and still get the guild, in percent.
const HOST_MARGIN_PERCENT: u128 = 20;

/// Where a guild goes, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The pod it goes to.
    pub pod: PodId,
    /// Why there.
    pub reason: PlacementReason,
}

/// Why a guild goes to a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlacementReason {
    /// The pod hosts the guild's Discord shard.
    HostsDiscordShard,
    /// The pod is the least loaded; the host was passed over for the reason given.
    LeastLoaded(HostPassedOver),
}

/// Why the host of the Discord shard did not get the guild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostPassedOver {
    /// The Discord shard has no host.
    None,
    /// The host takes nothing new.
    Closed(PodId, ClosedBecause),
    /// The host carries too much.
    TooLoaded(PodId),
}

impl fmt::Display for PlacementReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HostsDiscordShard => f.write_str("hosts its Discord shard"),
            Self::LeastLoaded(HostPassedOver::None) => {
                f.write_str("least loaded; its Discord shard has no host")
            }
            Self::LeastLoaded(HostPassedOver::Closed(host, why)) => {
                write!(f, "least loaded; {host} hosts its Discord shard, but {why}")
            }
            Self::LeastLoaded(HostPassedOver::TooLoaded(host)) => {
                write!(
                    f,
                    "least loaded; {host} hosts its Discord shard, but carries over 20 % more"
                )
            }
        }
    }
}

/// Why a guild could not be placed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPlacement {
    /// The fleet has no pod at all.
    #[error("the fleet has no pod yet")]
    NoPods,
    /// Every pod takes nothing new.
    #[error("no pod takes new guilds: {}", .0.iter().map(|(pod, why)| format!("{pod}: {why}")).collect::<Vec<_>>().join(", "))]
    AllClosed(Vec<(PodId, ClosedBecause)>),
}

/// Orders pods by what they would carry for their capacity with one more idle guild; ties by ordinal.
fn by_load_with_guild(a: &PodLoad, b: &PodLoad) -> Ordering {
    scaled(a, b).cmp(&scaled(b, a)).then(a.pod.cmp(&b.pod))
}

/// `a`'s load with one more guild, scaled so that it compares with `b`'s (cross-multiplied: no rounding).
fn scaled(a: &PodLoad, b: &PodLoad) -> u128 {
    u128::from(a.load.plus(Load::IDLE_GUILD).0) * u128::from(b.capacity.max(1))
}

/// Where a new guild goes, whose Discord shard is on `host`.
pub fn place(pods: &[PodLoad], host: Option<PodId>) -> Result<Placement, NoPlacement> {
    let open = pods.iter().filter(|p| p.closed_because().is_none());
    let Some(least) = open.min_by(|a, b| by_load_with_guild(a, b)) else {
        return Err(if pods.is_empty() {
            NoPlacement::NoPods
        } else {
            NoPlacement::AllClosed(
                pods.iter()
                    .filter_map(|p| Some((p.pod, p.closed_because()?)))
                    .collect(),
            )
        });
    };
    let passed_over = match host.map(|id| (id, pods.iter().find(|p| p.pod == id))) {
        None => HostPassedOver::None,
        Some((id, None)) => HostPassedOver::Closed(id, ClosedBecause::Offline),
        Some((id, Some(host))) => match host.closed_because() {
            Some(why) => HostPassedOver::Closed(id, why),
            None if scaled(host, least) * 100 > scaled(least, host) * (100 + HOST_MARGIN_PERCENT) => {
                HostPassedOver::TooLoaded(id)
            }
            None => {
                return Ok(Placement {
                    pod: id,
                    reason: PlacementReason::HostsDiscordShard,
                });
            }
        },
    };
    Ok(Placement {
        pod: least.pod,
        reason: PlacementReason::LeastLoaded(passed_over),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fleet::PodState;

    fn pod(id: u32, load: u64) -> PodLoad {
        PodLoad {
            pod: PodId::new(id).unwrap(),
            state: PodState::Active,
            leased: true,
            capacity: 100,
            load: Load(load),
        }
    }

    fn id(n: u32) -> PodId {
        PodId::new(n).unwrap()
    }

    #[test]
    fn the_host_gets_it_up_to_twenty_percent_above_the_least_loaded() {
        let at_limit = place(&[pod(0, 119_000), pod(1, 99_000)], Some(id(0))).unwrap();
        assert_eq!(
            at_limit,
            Placement {
                pod: id(0),
                reason: PlacementReason::HostsDiscordShard
            }
        );
        let above = place(&[pod(0, 119_001), pod(1, 99_000)], Some(id(0))).unwrap();
        assert_eq!(above.pod, id(1));
        assert_eq!(
            above.reason,
            PlacementReason::LeastLoaded(HostPassedOver::TooLoaded(id(0)))
        );
    }

    #[test]
    fn closed_pods_get_nothing_even_as_hosts() {
        for (state, leased, why) in [
            (PodState::Cordoned, true, ClosedBecause::Cordoned),
            (PodState::Draining, true, ClosedBecause::Draining),
            (PodState::Offline, true, ClosedBecause::Offline),
            (PodState::Active, false, ClosedBecause::Lapsed),
        ] {
            let closed = PodLoad {
                state,
                leased,
                ..pod(0, 0)
            };
            let placed = place(&[closed.clone(), pod(1, 900_000)], Some(id(0))).unwrap();
            assert_eq!(placed.pod, id(1));
            assert_eq!(
                placed.reason,
                PlacementReason::LeastLoaded(HostPassedOver::Closed(id(0), why))
            );
            assert_eq!(
                place(&[closed], None),
                Err(NoPlacement::AllClosed(vec![(id(0), why)]))
            );
        }
        assert_eq!(place(&[], None), Err(NoPlacement::NoPods));
    }

    #[test]
    fn load_counts_for_capacity_and_ties_go_to_the_lower_ordinal() {
        let large = PodLoad {
            capacity: 400,
            ..pod(1, 300_000)
        };
        assert_eq!(place(&[pod(0, 100_000), large], None).unwrap().pod, id(1));
        assert_eq!(place(&[pod(2, 5_000), pod(1, 5_000)], None).unwrap().pod, id(1));
    }
}
