//! From a listing and a wish to the files that give it, or the reason why none do.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Chains, LtxObject, Point};
use crate::domain::ltx::{Txid, TxidRange};

/// Keys of objects that turned out to be damaged: they prove that their transactions existed, and give none.
pub type Excluded = BTreeSet<String>;

/// The files that make up one state, first to last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Each begins at the latest right behind the one before; the first is a complete image.
    pub files: Vec<LtxObject>,
    /// The state they give.
    pub end: Point,
}

/// A plan for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsOfPlan {
    /// The newest restorable state from before the time.
    pub plan: Plan,
    /// The restorable state after that one, at or after the time; what lies between cannot be told apart.
    pub next: Option<Point>,
}

/// The restorable states next to what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Nearest {
    /// The newest one before.
    pub before: Option<Point>,
    /// The oldest one after.
    pub after: Option<Point>,
}

/// Why there is no plan. An older state than asked for is never given instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPlan {
    /// There is nothing.
    #[error("the replica holds no LTX file")]
    Empty,
    /// Nothing begins at the first transaction.
    #[error("the replica holds no usable complete image of the database (no file begins at transaction 1)")]
    NoImage,
    /// Transactions are missing on the way.
    #[error("the transactions {missing} are missing or damaged")]
    Gap {
        /// Which.
        missing: TxidRange,
        /// What can be restored instead.
        nearest: Nearest,
    },
    /// The transaction is only there together with later ones.
    #[error("transaction {txid} can no longer be told apart: it is only held inside of {inside}")]
    Compacted {
        /// The transaction.
        txid: Txid,
        /// The smallest file that holds it.
        inside: TxidRange,
        /// What can be restored instead.
        nearest: Nearest,
    },
    /// The transaction is older than anything held.
    #[error("the oldest transaction that can be restored is {oldest}, of {}", oldest_at)]
    BeforeOldest {
        /// The oldest restorable transaction.
        oldest: Txid,
        /// Its time.
        oldest_at: Timestamp,
    },
    /// The replica ends earlier.
    #[error("the newest transaction is {}, of {}: nothing says what came after it", newest.txid, newest.at)]
    AfterNewest {
        /// The newest transaction.
        newest: Point,
    },
}

impl NoPlan {
    /// Whether the replica is damaged, rather than asked for what it never had.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::NoImage | Self::Gap { .. })
    }

    /// The restorable states next to what was asked for, where there are any to name.
    pub fn nearest(&self) -> Nearest {
        match self {
            Self::Gap { nearest, .. } | Self::Compacted { nearest, .. } => *nearest,
            Self::BeforeOldest { oldest, oldest_at } => Nearest {
                before: None,
                after: Some(Point {
                    txid: *oldest,
                    at: *oldest_at,
                }),
            },
            Self::AfterNewest { newest } => Nearest {
                before: Some(*newest),
                after: None,
            },
            Self::Empty | Self::NoImage => Nearest::default(),
        }
    }
}

/// Plans the newest state: that of the highest transaction of any file, damaged ones included.
pub fn plan_latest(files: &[LtxObject], excluded: &Excluded) -> Result<Plan, NoPlan> {
    let newest = files
        .iter()
        .map(|file| file.txids.max)
        .max()
        .ok_or(NoPlan::Empty)?;
    let chains = usable_chains(files, excluded)?;
    plan_to(&chains, newest).ok_or_else(|| gap_before(files, excluded, &chains, newest))
}

/// Plans the state of exactly one transaction.
pub fn plan_txid(files: &[LtxObject], excluded: &Excluded, txid: Txid) -> Result<Plan, NoPlan> {
    let newest = files
        .iter()
        .map(|file| file.txids.max)
        .max()
        .ok_or(NoPlan::Empty)?;
    let chains = usable_chains(files, excluded)?;
    if let Some(plan) = plan_to(&chains, txid) {
        return Ok(plan);
    }
    if txid > newest {
        return Err(NoPlan::AfterNewest {
            newest: Point {
                txid: newest,
                at: time_of(files, newest),
            },
        });
    }
    let (before, after) = chains.around(txid);
    match (before, after) {
        (None, Some(oldest)) => Err(NoPlan::BeforeOldest {
            oldest: oldest.txid,
            oldest_at: oldest.at,
        }),
        // With a restorable state on either side, held files bridge the transaction if they bridge the way
        // from the one to the other.
        _ => match bridge(files, excluded, txid, before) {
            Some(inside) => Err(NoPlan::Compacted {
                txid,
                inside,
                nearest: Nearest { before, after },
            }),
            None => Err(gap_before(files, excluded, &chains, txid)),
        },
    }
}

/// Plans the state at a time: the newest restorable one of files from before it, as `is_before` tells.
///
/// A damaged file's date may be what is damaged: its transactions count as from before the time unless a
/// whole file proves them later.
///
/// `next_lineage` is the first state of the lineage that follows, if one does: it says what came after.
pub fn plan_as_of(
    files: &[LtxObject],
    excluded: &Excluded,
    is_before: impl Fn(&LtxObject) -> bool,
    next_lineage: Option<Point>,
) -> Result<AsOfPlan, NoPlan> {
    let newest = files
        .iter()
        .map(|file| file.txids.max)
        .max()
        .ok_or(NoPlan::Empty)?;
    let all = usable_chains(files, excluded)?;
    let is_damaged = |file: &LtxObject| excluded.contains(&file.key);
    let first_after = files
        .iter()
        .filter(|f| !is_damaged(f) && !is_before(f))
        .map(|f| f.txids.max)
        .min();
    if next_lineage.is_none() && first_after.is_none() {
        let at = files.iter().map(|file| file.created).max().unwrap_or_default();
        return Err(NoPlan::AfterNewest {
            newest: Point { txid: newest, at },
        });
    }
    let perhaps_before = |file: &&LtxObject| {
        if is_damaged(file) {
            first_after.is_none_or(|after| file.txids.max < after)
        } else {
            is_before(file)
        }
    };
    let eligible = files.iter().filter(perhaps_before);
    let Some(known) = eligible.clone().map(|file| file.txids.max).max() else {
        return Err(before_oldest(&all));
    };
    let chains = Chains::of(eligible.clone().filter(|file| !is_damaged(file)));
    let newest_in = |chains: &Chains<'_>| chains.points().next_back().map(|point| point.txid);
    let undamaged = newest_in(&Chains::of(eligible));
    let Some(end) = newest_in(&chains).filter(|end| Some(*end) == undamaged) else {
        // A damaged file would have led further, or no image is under what is held from before the time.
        return Err(gap_before(files, excluded, &chains, known));
    };
    // What came next must be held by a file that follows, whatever its time: else it may have been before the
    // asked one. A later image does not say when the transactions inside of it were.
    let follows = |file: &LtxObject| {
        file.txids.contains(end.next()) && !file.txids.is_full_image() && !is_damaged(file)
    };
    let continues = newest == end || files.iter().any(follows);
    let plan = plan_to(&chains, end).filter(|_| continues);
    let plan = plan.ok_or_else(|| gap_before(files, excluded, &chains, known.max(end.next())))?;
    let (_, next) = all.around(end);
    Ok(AsOfPlan {
        plan,
        next: next.or(next_lineage),
    })
}

fn usable_chains<'a>(files: &'a [LtxObject], excluded: &Excluded) -> Result<Chains<'a>, NoPlan> {
    let chains = Chains::of(files.iter().filter(|file| !excluded.contains(&file.key)));
    if chains.points().next().is_none() {
        return Err(NoPlan::NoImage);
    }
    Ok(chains)
}

fn plan_to(chains: &Chains<'_>, txid: Txid) -> Option<Plan> {
    let files: Vec<_> = chains.to(txid)?.into_iter().cloned().collect();
    let end = chains.points().find(|point| point.txid == txid)?;
    Some(Plan { files, end })
}

fn before_oldest(all: &Chains<'_>) -> NoPlan {
    match all.points().next() {
        Some(oldest) => NoPlan::BeforeOldest {
            oldest: oldest.txid,
            oldest_at: oldest.at,
        },
        None => NoPlan::NoImage,
    }
}

/// The smallest usable file over a transaction that follows on the state before it.
fn bridge(files: &[LtxObject], excluded: &Excluded, txid: Txid, before: Option<Point>) -> Option<TxidRange> {
    let reached = before.map_or(0, |point| point.txid.get());
    files
        .iter()
        .map(|file| (file.txids, &file.key))
        .filter(|(txids, key)| txids.contains(txid) && !excluded.contains(*key))
        .map(|(txids, _)| txids)
        .filter(|txids| txids.min.get() <= reached + 1)
        .min_by_key(|txids| txids.max.get() - txids.min.get())
}

/// The first transactions up to `wanted` that no chain reaches and no usable file holds.
fn gap_before(files: &[LtxObject], excluded: &Excluded, chains: &Chains<'_>, wanted: Txid) -> NoPlan {
    let before = chains.around(wanted.next()).0;
    let first = before.map_or(Txid::FIRST, |point| point.txid.next());
    let usable = files.iter().filter(|file| !excluded.contains(&file.key));
    let resumes = usable.map(|file| file.txids.min).filter(|min| *min > first).min();
    let last = resumes.and_then(Txid::previous).unwrap_or(wanted).max(first);
    let all = Chains::of(files.iter().filter(|file| !excluded.contains(&file.key)));
    NoPlan::Gap {
        missing: TxidRange {
            min: first,
            max: last,
        },
        nearest: Nearest {
            before,
            after: all.around(first).1,
        },
    }
}

fn time_of(files: &[LtxObject], txid: Txid) -> Timestamp {
    let times = files
        .iter()
        .filter(|file| file.txids.max == txid)
        .map(|file| file.created);
    times.min().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn file(level: u8, min: u64, max: u64, created: i64) -> LtxObject {
        let txids = TxidRange::new(Txid::new(min).unwrap(), Txid::new(max).unwrap()).unwrap();
        LtxObject {
            key: format!("{level}/{min}-{max}"),
            bytes: 1000,
            level,
            txids,
            created: at(created),
        }
    }

    fn txid(number: u64) -> Txid {
        Txid::new(number).unwrap()
    }

    /// Transaction n is synced at second n; an image of 1 to 4, compactions 5-8 and 9-12, syncs 11 to 14.
    fn healthy() -> Vec<LtxObject> {
        let mut files = vec![file(9, 1, 4, 5), file(1, 5, 8, 8), file(1, 9, 12, 12)];
        files.extend((11..=14).map(|n| file(0, n, n, i64::try_from(n).unwrap())));
        files
    }

    fn none() -> Excluded {
        Excluded::new()
    }

    fn as_of(files: &[LtxObject], excluded: &Excluded, second: i64) -> Result<AsOfPlan, NoPlan> {
        plan_as_of(files, excluded, |file| file.created < at(second), None)
    }

    #[test]
    fn the_newest_the_exact_and_the_time() {
        let files = healthy();
        assert_eq!(plan_latest(&files, &none()).unwrap().end.txid, txid(14));
        assert_eq!(plan_txid(&files, &none(), txid(8)).unwrap().files.len(), 2);
        let plan = as_of(&files, &none(), 12).unwrap();
        assert_eq!((plan.plan.end.txid, plan.next.unwrap().txid), (txid(8), txid(12)));
        assert_eq!(as_of(&files, &none(), 14).unwrap().plan.end.txid, txid(13));
    }

    #[test]
    fn what_never_was_a_point_is_refused_with_the_points_beside_it() {
        let files = healthy();
        let Err(NoPlan::Compacted { inside, nearest, .. }) = plan_txid(&files, &none(), txid(6)) else {
            panic!("6 is only inside of 5-8");
        };
        assert_eq!((inside.min, inside.max), (txid(5), txid(8)));
        assert_eq!(nearest.before.unwrap().txid, txid(4));
        assert_eq!(nearest.after.unwrap().txid, txid(8));
        assert!(matches!(
            plan_txid(&files, &none(), txid(2)),
            Err(NoPlan::BeforeOldest { .. })
        ));
        assert!(matches!(
            plan_txid(&files, &none(), txid(15)),
            Err(NoPlan::AfterNewest { .. })
        ));
        assert!(matches!(
            as_of(&files, &none(), 5),
            Err(NoPlan::BeforeOldest { .. })
        ));
        assert!(matches!(
            as_of(&files, &none(), 15),
            Err(NoPlan::AfterNewest { .. })
        ));
    }

    #[test]
    fn a_gap_is_an_error_for_the_newest_for_a_time_and_for_a_transaction() {
        let mut files = healthy();
        files.retain(|f| f.txids.min != txid(13));
        let expect = |found: NoPlan| {
            let NoPlan::Gap { missing, nearest } = found else {
                panic!("{found:?}")
            };
            assert_eq!((missing.min, missing.max), (txid(13), txid(13)));
            assert_eq!(nearest.before.unwrap().txid, txid(12));
            assert_eq!(nearest.after, None);
        };
        expect(plan_latest(&files, &none()).unwrap_err());
        expect(plan_txid(&files, &none(), txid(14)).unwrap_err());
        expect(plan_txid(&files, &none(), txid(13)).unwrap_err());
        // 13 was synced before 14, so it may have been before this time: 12 would be an older state.
        expect(as_of(&files, &none(), 14).unwrap_err());
        assert_eq!(as_of(&files, &none(), 12).unwrap().plan.end.txid, txid(8));
    }

    #[test]
    fn a_time_after_the_gap_is_an_error_too_and_a_later_image_ends_it() {
        let mut files = healthy();
        files.retain(|f| f.txids.min != txid(9) && f.txids.min != txid(11));
        assert!(matches!(as_of(&files, &none(), 14), Err(NoPlan::Gap { .. })));
        files.push(file(9, 1, 14, 20));
        assert_eq!(plan_latest(&files, &none()).unwrap().files.len(), 1);
        let Err(NoPlan::Gap { missing, nearest }) = as_of(&files, &none(), 14) else {
            panic!()
        };
        assert_eq!((missing.min, missing.max), (txid(9), txid(11)));
        assert_eq!(nearest.after.unwrap().txid, txid(14));
    }

    #[test]
    fn a_damaged_file_still_proves_its_transactions() {
        let files = healthy();
        let last = Excluded::from(["0/14-14".to_owned()]);
        let Err(NoPlan::Gap { missing, .. }) = plan_latest(&files, &last) else {
            panic!()
        };
        assert_eq!(missing.min, txid(14));
        // 11 and 12 are there twice, so the compaction of them can be done without if 9 and 10 are too.
        let twice = Excluded::from(["0/11-11".to_owned(), "0/12-12".to_owned()]);
        assert_eq!(plan_latest(&files, &twice).unwrap().end.txid, txid(14));
        let image = Excluded::from(["9/1-4".to_owned()]);
        assert_eq!(plan_latest(&files, &image), Err(NoPlan::NoImage));
    }

    #[test]
    fn a_damaged_file_counts_as_before_the_time_unless_a_whole_one_proves_it_later() {
        let files = healthy();
        // 13 would have been the state at 14; its damage may have moved its date behind that.
        let damaged = Excluded::from(["0/13-13".to_owned()]);
        let late = |file: &LtxObject| file.created < at(13);
        let Err(NoPlan::Gap { missing, .. }) = plan_as_of(&files, &damaged, late, None) else {
            panic!()
        };
        assert_eq!(missing.min, txid(13));
        // For a time before 12 the compaction up to 12 proves that 13 is later.
        assert_eq!(as_of(&files, &damaged, 12).unwrap().plan.end.txid, txid(8));
    }

    #[test]
    fn a_following_lineage_says_what_came_after_the_newest() {
        let files = healthy();
        let next = Point {
            txid: txid(1),
            at: at(30),
        };
        let plan = plan_as_of(&files, &none(), |_| true, Some(next)).unwrap();
        assert_eq!((plan.plan.end.txid, plan.next), (txid(14), Some(next)));
    }
}
