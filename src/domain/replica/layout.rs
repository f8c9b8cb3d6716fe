//! From object keys to pods, lineages, levels and files.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::legacy::{Generation, LegacyName};
use crate::domain::ids::PodId;
use crate::domain::ltx::TxidRange;

/// The level of images that Litestream takes by itself; compaction fills the levels below.
const HIGHEST_LEVEL: u8 = 9;

/// An object as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key, relative to the place that was listed.
    pub key: String,
    /// Its length.
    pub bytes: u64,
    /// When the store says it was written.
    pub modified: Timestamp,
}

/// One life of a pod's replica: `lineage-L` under `pod-N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LineageNo(u64);

impl LineageNo {
    /// The lineage with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    fn from_segment(segment: &str) -> Option<Self> {
        let digits = segment.strip_prefix("lineage-")?;
        let one_spelling = digits == "0" || !digits.starts_with('0');
        if !one_spelling || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok().map(Self)
    }
}

impl fmt::Display for LineageNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("lineage-{}", self.0))
    }
}

/// Under which pod and lineage a file lies, as far as its key says so below the listed place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The pod, if the listing began above it.
    pub pod: Option<PodId>,
    /// The lineage, if the listing began above it.
    pub lineage: Option<LineageNo>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.pod, self.lineage) {
            (Some(pod), Some(lineage)) => write!(f, "{pod}/{lineage}"),
            (Some(pod), None) => pod.fmt(f),
            (None, Some(lineage)) => lineage.fmt(f),
            (None, None) => f.write_str("replica"),
        }
    }
}

/// An LTX file of a replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LtxObject {
    /// Its key, relative to the place that was listed.
    pub key: String,
    /// Its length.
    pub bytes: u64,
    /// 0: a sync; 1 to 8: compacted; 9: an image taken by itself.
    pub level: u8,
    /// The transactions inside, by its name.
    pub txids: TxidRange,
    /// When its last transaction was synced: the store's time until the header's has been put here.
    pub created: Timestamp,
}

/// Everything that one replica holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// LTX files, by level and transactions.
    pub ltx: Vec<LtxObject>,
    /// What Litestream 0.3 left, by generation.
    pub generations: Vec<Generation>,
    /// Keys that are no part of a replica (temporary files among them).
    pub ignored: Vec<String>,
}

impl Layout {
    /// Sorts a listing into replicas.
    pub fn sort(objects: impl IntoIterator<Item = Object>) -> BTreeMap<Place, Self> {
        let mut replicas: BTreeMap<Place, Self> = BTreeMap::new();
        for object in objects {
            let (place, rest) = place_of(&object.key);
            match File::from_path(rest) {
                Some(File::Ltx { level, txids }) => {
                    let replica = replicas.entry(place).or_default();
                    replica.ltx.push(LtxObject {
                        key: object.key,
                        bytes: object.bytes,
                        level,
                        txids,
                        created: object.modified,
                    });
                }
                Some(File::Legacy(name)) => replicas.entry(place).or_default().add_legacy(&name, object),
                None => replicas.entry(place).or_default().ignored.push(object.key),
            }
        }
        for replica in replicas.values_mut() {
            replica
                .ltx
                .sort_by_key(|file| (file.level, file.txids.max, file.txids.min));
            replica.generations.iter_mut().for_each(Generation::sort);
        }
        replicas
    }

    /// Whether anything of a replica is there.
    pub fn is_empty(&self) -> bool {
        self.ltx.is_empty() && self.generations.is_empty()
    }

    /// When the newest LTX file was stored.
    pub fn newest_ltx(&self) -> Option<Timestamp> {
        self.ltx.iter().map(|file| file.created).max()
    }

    fn add_legacy(&mut self, name: &LegacyName, object: Object) {
        let id = name.generation();
        if let Some(generation) = self.generations.iter_mut().find(|g| g.id == id) {
            generation.add(name, object);
        } else {
            let mut generation = Generation::new(id);
            generation.add(name, object);
            self.generations.push(generation);
        }
    }
}

fn place_of(key: &str) -> (Place, &str) {
    let (pod, rest) = match key.split_once('/') {
        Some((first, rest)) if first.starts_with("pod-") => match first.parse().ok() {
            Some(pod) => (Some(pod), rest),
            None => (None, key),
        },
        _ => (None, key),
    };
    let (lineage, rest) = match rest.split_once('/') {
        Some((first, below)) => match LineageNo::from_segment(first) {
            Some(lineage) => (Some(lineage), below),
            None => (None, rest),
        },
        None => (None, rest),
    };
    (Place { pod, lineage }, rest)
}

enum File {
    Ltx { level: u8, txids: TxidRange },
    Legacy(LegacyName),
}

impl File {
    /// `ltx/<level>/<min>-<max>.ltx` in directories, `<level as four digits>/<min>-<max>.ltx` in S3.
    fn from_path(path: &str) -> Option<Self> {
        if let Some(rest) = path.strip_prefix("generations/") {
            return LegacyName::from_path(rest).map(Self::Legacy);
        }
        let (folder, name) = path.rsplit_once('/')?;
        let level = match folder.strip_prefix("ltx/") {
            Some(digit) if digit.len() == 1 => digit,
            None if folder.len() == 4 => folder.strip_prefix("000")?,
            _ => return None,
        };
        let level = level.bytes().next().filter(u8::is_ascii_digit)? - b'0';
        let txids = TxidRange::from_file_name(name)?;
        // Syncs are one transaction each, and images of level 9 start at the first.
        let plausible = match level {
            0 => txids.min == txids.max,
            HIGHEST_LEVEL => txids.is_full_image(),
            _ => true,
        };
        plausible.then_some(Self::Ltx { level, txids })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: &str) -> Object {
        Object {
            key: key.to_owned(),
            bytes: 1,
            modified: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn both_layouts_and_every_depth_are_understood() {
        let sync = "0000000000000007-0000000000000007.ltx";
        let replicas = Layout::sort([
            object(&format!("ltx/0/{sync}")),
            object(&format!("0000/{sync}")),
            object(&format!("lineage-2/0000/{sync}")),
            object(&format!("pod-3/lineage-2/0000/{sync}")),
            object("pod-3/evicted"),
            object(&format!("ltx/0/{sync}.tmp")),
        ]);
        let found: Vec<_> = replicas
            .iter()
            .map(|(place, r)| (place.to_string(), r.ltx.len()))
            .collect();
        let expected = [
            ("replica", 2),
            ("lineage-2", 1),
            ("pod-3", 0),
            ("pod-3/lineage-2", 1),
        ];
        assert_eq!(found, expected.map(|(place, n)| (place.to_owned(), n)));
        let ignored: Vec<_> = replicas.values().flat_map(|r| &r.ignored).collect();
        assert_eq!(ignored, [&format!("ltx/0/{sync}.tmp"), "pod-3/evicted"]);
    }

    #[test]
    fn what_only_looks_like_a_file_is_ignored() {
        for key in [
            "ltx/0/0000000000000007-0000000000000008.ltx",
            "ltx/9/0000000000000002-0000000000000008.ltx",
            "ltx/10/0000000000000001-0000000000000008.ltx",
            "000a/0000000000000001-0000000000000008.ltx",
            "ltx/x/0000000000000001-0000000000000008.ltx",
            "lineage-02/ltx/1/0000000000000001-0000000000000008.ltx",
            "0000000000000001-0000000000000008.ltx",
        ] {
            let replicas = Layout::sort([object(key)]);
            assert!(replicas.values().all(Layout::is_empty), "{key}");
        }
    }
}
