//! What a replica holds, told from its listing alone.

use jiff::Timestamp;

use super::{Chains, LtxObject, Nearest, NoPlan, Point, plan_latest};
use crate::domain::ltx::{Txid, TxidRange};

/// Transactions that no file holds, though later ones are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Which.
    pub missing: TxidRange,
    /// The restorable states on either side; none after it means that the newest state is lost.
    pub nearest: Nearest,
}

/// Every gap after the oldest restorable state, oldest first.
///
/// A later image makes the newest state whole again; states between the gap and that image stay lost.
pub fn gaps(files: &[LtxObject]) -> Vec<Gap> {
    let chains = Chains::of(files);
    let Some(oldest) = chains.points().next() else {
        return Vec::new();
    };
    let mut deltas: Vec<_> = files
        .iter()
        .map(|f| f.txids)
        .filter(|txids| !txids.is_full_image())
        .collect();
    deltas.sort();
    let newest = files.iter().map(|f| f.txids.max).max().unwrap_or(oldest.txid);
    let mut found = Vec::new();
    let mut covered = oldest.txid;
    let mut note = |covered: Txid, next: Txid| {
        if let Some(max) = next.previous().filter(|max| *max > covered) {
            let min = covered.next();
            found.push(Gap {
                missing: TxidRange { min, max },
                nearest: Nearest {
                    before: chains.around(min).0,
                    after: chains.around(max).1,
                },
            });
        }
    };
    for delta in deltas {
        note(covered, delta.min);
        covered = covered.max(delta.max);
    }
    note(covered, newest.next());
    found
}

/// One lineage in figures, from one listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineageStatus {
    /// The newest transaction that any file holds, and when the first such file was stored.
    pub newest: Option<Point>,
    /// Why the newest transaction cannot be restored, if it cannot.
    pub broken: Option<NoPlan>,
    /// The newest complete image: the state it holds, and when it was stored.
    pub image: Option<Point>,
    /// The oldest restorable state.
    pub oldest: Option<Point>,
    /// How many states can be restored.
    pub points: u64,
    /// Transactions missing in between.
    pub gaps: Vec<Gap>,
    /// Objects.
    pub objects: u64,
    /// Bytes of all objects.
    pub bytes: u64,
    /// Bytes that a restore of the newest state reads.
    pub restore_bytes: u64,
}

impl LineageStatus {
    /// How long ago the newest transaction was stored. An idle database makes no transactions.
    pub fn age(&self, now: Timestamp) -> Option<jiff::SignedDuration> {
        self.newest.map(|newest| now.duration_since(newest.at))
    }
}

/// Sums up a lineage.
pub fn lineage_status(files: &[LtxObject]) -> LineageStatus {
    let chains = Chains::of(files);
    let newest = files.iter().map(|f| f.txids.max).max();
    let time_of = |txid: Txid| {
        let same = files.iter().filter(|f| f.txids.max == txid);
        same.map(|f| f.created).min().unwrap_or_default()
    };
    let image = files
        .iter()
        .filter(|f| f.txids.is_full_image())
        .max_by_key(|f| (f.txids.max, f.created))
        .map(|f| Point {
            txid: f.txids.max,
            at: f.created,
        });
    let plan = plan_latest(files, &std::collections::BTreeSet::new());
    LineageStatus {
        newest: newest.map(|txid| Point {
            txid,
            at: time_of(txid),
        }),
        image,
        oldest: chains.points().next(),
        points: chains.points().count() as u64,
        gaps: gaps(files),
        objects: files.len() as u64,
        bytes: files.iter().map(|f| f.bytes).sum(),
        restore_bytes: plan.iter().flat_map(|plan| &plan.files).map(|f| f.bytes).sum(),
        broken: plan.err(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(level: u8, min: u64, max: u64) -> LtxObject {
        LtxObject {
            key: format!("{level}/{min}-{max}"),
            bytes: 10,
            level,
            txids: TxidRange::new(Txid::new(min).unwrap(), Txid::new(max).unwrap()).unwrap(),
            created: Timestamp::from_second(i64::try_from(max).unwrap()).unwrap(),
        }
    }

    #[test]
    fn compaction_and_expired_history_are_no_gaps() {
        let files = [file(9, 1, 10), file(1, 5, 12), file(0, 13, 13), file(9, 1, 13)];
        assert_eq!(gaps(&files), []);
        let status = lineage_status(&files);
        assert_eq!(
            (status.broken, status.points, status.restore_bytes),
            (None, 3, 10)
        );
        assert_eq!(status.image.unwrap().txid.get(), 13);
    }

    #[test]
    fn a_gap_is_told_with_both_its_sides() {
        let mut files = vec![file(9, 1, 10), file(1, 11, 12), file(1, 15, 16), file(0, 18, 18)];
        let told: Vec<_> = gaps(&files)
            .iter()
            .map(|g| (g.missing.min.get(), g.missing.max.get()))
            .collect();
        assert_eq!(told, [(13, 14), (17, 17)]);
        assert!(matches!(lineage_status(&files).broken, Some(NoPlan::Gap { .. })));
        files.push(file(9, 1, 20));
        let healed = gaps(&files);
        assert_eq!(healed[0].nearest.after.unwrap().txid.get(), 20);
        assert_eq!(lineage_status(&files).broken, None);
        assert_eq!(
            (healed[2].missing.min.get(), healed[2].missing.max.get()),
            (19, 20)
        );
    }
}
