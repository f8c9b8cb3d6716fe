//! The pods' shares of Discord's global REST limit.
//!
//! Discord allows one token 50 requests a second; the fleet uses at most 45. A pod keeps its share until it
//! has been told a smaller one *and has said so*, or its lease is over: the sum of what pods may believe
//! never passes the limit.

/// What the fleet may send to Discord, in thousandths of a request a second.
pub const FLEET_MILLI_PER_S: u32 = 45_000;

/// What a pod may send from now on, in thousandths of a request a second.
///
/// `leased` is how many pods have a lease, this one included; `held_by_others` is the sum of what the others
/// may still believe is theirs.
pub fn share(leased: u32, held_by_others: u64) -> u32 {
    let fair = FLEET_MILLI_PER_S / leased.max(1);
    let free = u64::from(FLEET_MILLI_PER_S).saturating_sub(held_by_others);
    fair.min(u32::try_from(free).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_newcomer_waits_until_the_others_have_shrunk() {
        assert_eq!(share(1, 0), 45_000);
        assert_eq!(share(2, 45_000), 0);
        assert_eq!(share(2, 22_500), 22_500);
    }

    proptest! {
        /// Pods beat in any order, answers get lost: what they believe never sums above the limit.
        #[test]
        fn the_sum_of_beliefs_stays_within_the_limit(beats in prop::collection::vec((0usize..6, any::<bool>()), 1..200)) {
            let mut believed = [0u32; 6];
            let mut held = [0u32; 6];
            let mut joined = [false; 6];
            for (pod, answer_arrives) in beats {
                joined[pod] = true;
                let leased = u32::try_from(joined.iter().filter(|j| **j).count()).unwrap();
                let others = held.iter().enumerate().filter(|(i, _)| *i != pod).map(|(_, h)| u64::from(*h)).sum();
                let new = share(leased, others);
                held[pod] = new.max(believed[pod]);
                if answer_arrives {
                    believed[pod] = new;
                }
                prop_assert!(believed.iter().sum::<u32>() <= FLEET_MILLI_PER_S, "{believed:?}");
            }
        }
    }
}
