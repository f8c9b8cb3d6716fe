//! Which transactions can be restored, and with the fewest bytes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::LtxObject;
use crate::domain::ltx::Txid;

/// What one more object costs, in bytes that could be read instead: about a request's latency.
const OBJECT_COST: u64 = 64 << 10;

/// A state that can be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Its last transaction.
    pub txid: Txid,
    /// When that was synced, as far as is known.
    pub at: Timestamp,
}

/// Every transaction that some chain of files ends at, each with the cheapest such chain.
///
/// A chain starts at transaction 1 and each further file begins at the latest right behind the one before.
/// A complete image is no special case: it is a file that starts at transaction 1, on whatever level.
#[derive(Debug)]
pub struct Chains<'a> {
    steps: Vec<Step<'a>>,
    by_end: BTreeMap<Txid, usize>,
}

#[derive(Debug)]
struct Step<'a> {
    file: &'a LtxObject,
    previous: Option<usize>,
    at: Timestamp,
}

/// A position that has been reached, on the way to a later one.
struct Reached {
    end: u64,
    cost: u64,
    step: Option<usize>,
}

impl<'a> Chains<'a> {
    /// Finds the chains, in time n log n.
    pub fn of(files: impl IntoIterator<Item = &'a LtxObject>) -> Self {
        let mut files: Vec<_> = files.into_iter().collect();
        files.sort_by_key(|file| (file.txids.max, file.bytes, file.txids.min, file.level, &file.key));
        let mut chains = Self {
            steps: Vec::new(),
            by_end: BTreeMap::new(),
        };
        // Positions ascend in end and in cost: what a later position undercuts is of no further use, so the
        // first one that a file can follow is the cheapest one it can follow.
        let mut reached = vec![Reached {
            end: 0,
            cost: 0,
            step: None,
        }];
        for same_end in files.chunk_by(|a, b| a.txids.max == b.txids.max) {
            let Some((cost, step)) = cheapest(same_end, &reached) else {
                continue;
            };
            let end = step.file.txids.max;
            let index = chains.steps.len();
            chains.steps.push(step);
            chains.by_end.insert(end, index);
            while reached.last().is_some_and(|last| last.cost >= cost) {
                reached.pop();
            }
            reached.push(Reached {
                end: end.get(),
                cost,
                step: Some(index),
            });
        }
        chains
    }

    /// The files of the cheapest chain that ends at `txid`, first to last; `None` if none does.
    pub fn to(&self, txid: Txid) -> Option<Vec<&'a LtxObject>> {
        let mut next = Some(*self.by_end.get(&txid)?);
        let mut files = Vec::new();
        while let Some(step) = next.and_then(|index| self.steps.get(index)) {
            files.push(step.file);
            next = step.previous;
        }
        files.reverse();
        Some(files)
    }

    /// Every restorable state, oldest first.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = Point> + '_ {
        self.by_end.iter().map(|(txid, index)| Point {
            txid: *txid,
            at: self.steps[*index].at,
        })
    }

    /// The newest restorable state before `txid`, and the oldest after it.
    pub fn around(&self, txid: Txid) -> (Option<Point>, Option<Point>) {
        let point = |(txid, index): (&Txid, &usize)| Point {
            txid: *txid,
            at: self.steps[*index].at,
        };
        (
            self.by_end.range(..txid).next_back().map(point),
            self.by_end.range(txid.next()..).next().map(point),
        )
    }
}

/// The cheapest way to the common end of `files`, if there is one, and the earliest time that any of them
/// gives for it (an image is younger than the sync it repeats).
fn cheapest<'a>(files: &[&'a LtxObject], reached: &[Reached]) -> Option<(u64, Step<'a>)> {
    let at = files.iter().map(|file| file.created).min()?;
    files
        .iter()
        .filter_map(|file| {
            let first = reached.partition_point(|r| r.end + 1 < file.txids.min.get());
            let from = reached.get(first)?;
            let cost = from.cost.saturating_add(file.bytes).saturating_add(OBJECT_COST);
            let step = Step {
                file,
                previous: from.step,
                at,
            };
            Some((cost, step))
        })
        .min_by_key(|(cost, _)| *cost)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::ltx::TxidRange;

    fn file(level: u8, min: u64, max: u64, bytes: u64) -> LtxObject {
        let txids = TxidRange::new(Txid::new(min).unwrap(), Txid::new(max).unwrap()).unwrap();
        LtxObject {
            key: format!("{level}/{txids}"),
            bytes,
            level,
            txids,
            created: Timestamp::UNIX_EPOCH,
        }
    }

    /// The cost of the cheapest chain to every end, found by trying every file behind every position until
    /// nothing gets cheaper.
    fn brute(files: &[LtxObject]) -> [Option<u64>; 12] {
        let mut costs = [None; 12];
        costs[0] = Some(0);
        for _ in files {
            for f in files {
                let [min, max] = [f.txids.min, f.txids.max].map(|txid| usize::try_from(txid.get()).unwrap());
                let from = costs[min - 1..max].iter().flatten().min().copied();
                let cost = from.map(|from| from + f.bytes + OBJECT_COST);
                costs[max] = costs[max].into_iter().chain(cost).min();
            }
        }
        costs
    }

    proptest! {
        #[test]
        fn every_reachable_point_is_found_with_the_cheapest_chain(
            ranges in proptest::collection::vec((1u64..8, 0u64..4, 1u64..500_000), 1..10)
        ) {
            let files: Vec<_> = ranges.iter().map(|(min, more, bytes)| file(1, *min, min + more, *bytes)).collect();
            let chains = Chains::of(&files);
            for (end, expected) in brute(&files).into_iter().enumerate().skip(1) {
                let plan = chains.to(Txid::new(end as u64).unwrap());
                let cost = plan.as_ref().map(|p| p.iter().map(|f| f.bytes + OBJECT_COST).sum::<u64>());
                prop_assert_eq!(cost, expected);
                let mut reached = 0;
                for f in plan.into_iter().flatten() {
                    prop_assert!(f.txids.min.get() <= reached + 1 && f.txids.max.get() > reached);
                    reached = f.txids.max.get();
                }
            }
        }
    }

    #[test]
    fn a_newer_image_on_a_lower_level_replaces_the_snapshot() {
        // What Litestream itself would read: the snapshot and the image on level 2 on top of it.
        let files = [
            file(9, 1, 900, 1_000_000_000),
            file(2, 1, 1000, 1_010_000_000),
            file(1, 1001, 1010, 50_000),
            file(0, 1011, 1011, 4_000),
        ];
        let chains = Chains::of(&files);
        let plan = chains.to(Txid::new(1011).unwrap()).unwrap();
        let keys: Vec<_> = plan.iter().map(|f| (f.level, f.txids.max.get())).collect();
        assert_eq!(keys, [(2, 1000), (1, 1010), (0, 1011)]);
        let (before, after) = chains.around(Txid::new(1005).unwrap());
        assert_eq!(
            (before.unwrap().txid.get(), after.unwrap().txid.get()),
            (1000, 1010)
        );
    }
}
