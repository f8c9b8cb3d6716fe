//! Replicas that Litestream 0.3 left: generations of snapshots and WAL segments.
//!
//! A generation begins whenever continuity was lost. Snapshot `n` is the database before WAL `n`; a WAL is
//! stored in segments named by their offset. There are no times inside: the store's are all there is.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Object;

/// An image of the database before the WAL of the same index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Which WAL comes next.
    pub index: u32,
    /// The object.
    pub object: Object,
}

/// A slice of a WAL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Which WAL.
    pub index: u32,
    /// Where in it the slice begins; 0 begins with the WAL header.
    pub offset: u32,
    /// The object.
    pub object: Object,
}

/// An unbroken stretch of a 0.3 replica, by its random id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// 16 hexadecimal digits.
    pub id: String,
    /// Snapshots, by index.
    pub snapshots: Vec<Snapshot>,
    /// WAL segments, by index and offset.
    pub segments: Vec<Segment>,
}

/// The objects that make up one state, in the order to apply them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyPlan {
    /// The generation.
    pub generation: String,
    /// The base.
    pub snapshot: Snapshot,
    /// The WAL segments to replay on it.
    pub segments: Vec<Segment>,
    /// When the last of these objects was stored.
    pub at: Timestamp,
}

/// Why a 0.3 replica gives no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LegacyNoPlan {
    /// No generation has a usable snapshot.
    #[error("the replica (Litestream 0.3) holds no usable snapshot")]
    NoSnapshot,
    /// A WAL segment that must be there is not, or is damaged.
    #[error(
        "generation {generation} (Litestream 0.3) lacks a usable WAL segment at {index:08x}_{offset:08x}"
    )]
    MissingSegment {
        /// The generation.
        generation: String,
        /// The WAL.
        index: u32,
        /// Where the missing segment begins, or 0.
        offset: u32,
    },
    /// The time is before the first snapshot.
    #[error("the oldest state that can be restored is of {oldest}")]
    BeforeOldest {
        /// When the first snapshot was stored.
        oldest: Timestamp,
    },
    /// The time is after the last object.
    #[error("the newest state is of {newest}, nothing says what came after it")]
    AfterNewest {
        /// When the last object was stored.
        newest: Timestamp,
    },
}

/// What the path below `generations/` names.
pub(super) struct LegacyName {
    generation: String,
    index: u32,
    offset: Option<u32>,
}

impl LegacyName {
    pub(super) fn from_path(path: &str) -> Option<Self> {
        let mut parts = path.split('/');
        let (generation, kind, name) = (parts.next()?, parts.next()?, parts.next()?);
        let is_id = generation.len() == 16 && generation.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_id || parts.next().is_some() {
            return None;
        }
        let (index, offset) = match kind {
            "snapshots" => (hex8(name.strip_suffix(".snapshot.lz4")?)?, None),
            "wal" => {
                let (index, offset) = name.strip_suffix(".wal.lz4")?.split_once('_')?;
                (hex8(index)?, Some(hex8(offset)?))
            }
            _ => return None,
        };
        Some(Self {
            generation: generation.to_owned(),
            index,
            offset,
        })
    }

    pub(super) fn generation(&self) -> &str {
        &self.generation
    }
}

fn hex8(digits: &str) -> Option<u32> {
    let hex = digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

impl Generation {
    pub(super) fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            snapshots: Vec::new(),
            segments: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, name: &LegacyName, object: Object) {
        let index = name.index;
        match name.offset {
            None => self.snapshots.push(Snapshot { index, object }),
            Some(offset) => self.segments.push(Segment {
                index,
                offset,
                object,
            }),
        }
    }

    pub(super) fn sort(&mut self) {
        self.snapshots.sort_by_key(|s| s.index);
        self.segments.sort_by_key(|s| (s.index, s.offset));
    }

    /// Every object, in no order.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        let snapshots = self.snapshots.iter().map(|s| &s.object);
        snapshots.chain(self.segments.iter().map(|s| &s.object))
    }

    /// When its last object was stored.
    pub fn newest(&self) -> Option<Timestamp> {
        self.objects().map(|o| o.modified).max()
    }

    /// The segments to replay on `snapshot`, up to `at`: none may be missing in between.
    fn segments_after(
        &self,
        snapshot: &Snapshot,
        damaged: &BTreeSet<String>,
        at: Option<Timestamp>,
    ) -> Result<Vec<Segment>, LegacyNoPlan> {
        let in_time = |s: &Segment| at.is_none_or(|at| s.object.modified <= at);
        let after: Vec<_> = self
            .segments
            .iter()
            .filter(|s| s.index >= snapshot.index)
            .collect();
        let count = after.iter().rposition(|s| in_time(s)).map_or(0, |last| last + 1);
        let needed = after.get(..count).unwrap_or_default();
        let missing = |index, offset| LegacyNoPlan::MissingSegment {
            generation: self.id.clone(),
            index,
            offset,
        };
        let mut index = snapshot.index;
        let mut begun = false;
        for segment in needed {
            if segment.index != index {
                // Each WAL is followed by the one numbered next, from its very beginning.
                if segment.index != index.saturating_add(1) || !begun {
                    return Err(missing(if begun { index.saturating_add(1) } else { index }, 0));
                }
                (index, begun) = (segment.index, false);
            }
            if !begun && segment.offset != 0 {
                return Err(missing(index, 0));
            }
            begun = true;
            if damaged.contains(&segment.object.key) || !in_time(segment) {
                return Err(missing(segment.index, segment.offset));
            }
        }
        Ok(needed.iter().map(|s| (*s).clone()).collect())
    }
}

/// When the newest snapshot not younger than `at` was stored.
pub fn newest_snapshot(generations: &[Generation], at: Option<Timestamp>) -> Option<Timestamp> {
    let snapshots = generations.iter().flat_map(|g| &g.snapshots);
    let times = snapshots.map(|s| s.object.modified);
    times.filter(|time| at.is_none_or(|at| *time <= at)).max()
}

/// Plans the newest state, or the one at `at`, leaving out objects known to be damaged.
///
/// A time between two generations gives the end of the earlier one: nothing was replicated in between.
pub fn legacy_plan(
    generations: &[Generation],
    damaged: &BTreeSet<String>,
    at: Option<Timestamp>,
) -> Result<LegacyPlan, LegacyNoPlan> {
    let newest = generations.iter().filter_map(Generation::newest).max();
    let newest = newest.ok_or(LegacyNoPlan::NoSnapshot)?;
    let generation = match at {
        Some(at) if at > newest => return Err(LegacyNoPlan::AfterNewest { newest }),
        // The generation is that of the newest snapshot in time, whole or damaged: an older generation
        // would be an older state.
        Some(at) => generations
            .iter()
            .filter(|g| newest_snapshot(std::slice::from_ref(g), Some(at)).is_some())
            .max_by_key(|g| newest_snapshot(std::slice::from_ref(g), Some(at))),
        None => generations.iter().max_by_key(|g| g.newest()),
    };
    let Some(generation) = generation else {
        let oldest = generations
            .iter()
            .flat_map(|g| &g.snapshots)
            .map(|s| s.object.modified)
            .min();
        return Err(
            oldest.map_or(LegacyNoPlan::NoSnapshot, |oldest| LegacyNoPlan::BeforeOldest {
                oldest,
            }),
        );
    };
    let usable =
        |s: &&Snapshot| !damaged.contains(&s.object.key) && at.is_none_or(|at| s.object.modified <= at);
    let snapshot = generation
        .snapshots
        .iter()
        .rfind(usable)
        .ok_or(LegacyNoPlan::NoSnapshot)?;
    let segments = generation.segments_after(snapshot, damaged, at)?;
    let times = segments.iter().map(|s| s.object.modified);
    Ok(LegacyPlan {
        generation: generation.id.clone(),
        snapshot: snapshot.clone(),
        at: times.fold(snapshot.object.modified, Timestamp::max),
        segments,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Layout;
    use super::*;

    fn generations(names: &[(&str, i64)]) -> Vec<Generation> {
        let objects = names.iter().map(|(name, second)| Object {
            key: format!("generations/00000000000000{name}.lz4"),
            bytes: 1,
            modified: Timestamp::from_second(*second).unwrap(),
        });
        Layout::sort(objects).into_values().next().unwrap().generations
    }

    fn keys(plan: &LegacyPlan) -> Vec<(u32, u32)> {
        plan.segments.iter().map(|s| (s.index, s.offset)).collect()
    }

    const WHOLE: [(&str, i64); 7] = [
        ("aa/snapshots/00000000.snapshot", 10),
        ("aa/wal/00000000_00000000.wal", 11),
        ("aa/wal/00000000_00001000.wal", 12),
        ("aa/wal/00000001_00000000.wal", 13),
        ("aa/snapshots/00000001.snapshot", 14),
        ("bb/snapshots/00000000.snapshot", 20),
        ("bb/wal/00000000_00000000.wal", 21),
    ];

    fn second(second: i64) -> Option<Timestamp> {
        Timestamp::from_second(second).ok()
    }

    #[test]
    fn times_pick_snapshot_and_segments() {
        let all = generations(&WHOLE);
        let none = BTreeSet::new();
        let newest = legacy_plan(&all, &none, None).unwrap();
        assert_eq!(
            (newest.generation.as_str(), keys(&newest)),
            ("00000000000000bb", vec![(0, 0)])
        );
        let early = legacy_plan(&all, &none, second(12)).unwrap();
        assert_eq!(
            (early.snapshot.index, keys(&early)),
            (0, vec![(0, 0), (0, 0x1000)])
        );
        let between = legacy_plan(&all, &none, second(18)).unwrap();
        assert_eq!((between.snapshot.index, keys(&between)), (1, vec![(1, 0)]));
        assert_eq!(
            legacy_plan(&all, &none, second(9)),
            Err(LegacyNoPlan::BeforeOldest {
                oldest: second(10).unwrap()
            })
        );
        assert!(matches!(
            legacy_plan(&all, &none, second(22)),
            Err(LegacyNoPlan::AfterNewest { .. })
        ));
    }

    #[test]
    fn a_damaged_snapshot_is_replaced_and_a_hole_is_named() {
        let all = generations(&WHOLE[..5]);
        let damaged = BTreeSet::from([all[0].snapshots[1].object.key.clone()]);
        let plan = legacy_plan(&all, &damaged, None).unwrap();
        assert_eq!(
            (plan.snapshot.index, keys(&plan)),
            (0, vec![(0, 0), (0, 0x1000), (1, 0)])
        );
        let hole = |keep: &dyn Fn(&str) -> bool| {
            let names: Vec<_> = WHOLE[..4].iter().copied().filter(|(n, _)| keep(n)).collect();
            legacy_plan(&generations(&names), &BTreeSet::new(), None)
                .unwrap_err()
                .to_string()
        };
        assert!(hole(&|n| !n.contains("00000000_00000000")).contains("00000000_00000000"));
        assert!(hole(&|n| !n.contains("wal/00000000")).contains("00000000_00000000"));
    }
}
