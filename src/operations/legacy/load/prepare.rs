//! What there is to load, and whether it can be: everything that is known before anything is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::{LoadError, Request};
use crate::domain::fence::{FenceMode, FenceState};
use crate::domain::ids::{Epoch, GuildId, PodId};
use crate::domain::legacy::tables::OldTable;
use crate::operations::legacy::manifest::{self, GuildFacts, Manifest, PodFacts};
use crate::runtime::files;
use crate::store::legacy_db::LegacyDb;
use crate::store::shard_db::ShardReader;

/// How a pod's rows come into its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The pod has no file: it gets a copy of the split's.
    HandOver,
    /// The pod has a file: its guilds go in one by one, as bundles.
    Import,
    /// All of them are there.
    Nothing,
}

/// One pod of the split, and its file in the fleet.
#[derive(Debug, Clone)]
pub struct Part {
    /// The pod.
    pub pod: PodId,
    /// Its file in the split.
    pub source: PathBuf,
    /// Its file in the fleet.
    pub target: PathBuf,
    /// How the rows come there.
    pub way: Way,
    /// Its guilds.
    pub guilds: Vec<GuildFacts>,
    /// Those that are in its file already, with their epochs there.
    pub here: BTreeMap<GuildId, Epoch>,
    /// The fleet that the file says it belongs to.
    pub store: Option<String>,
}

/// What there is to load.
#[derive(Debug)]
pub struct Prepared {
    pub(super) manifest: Manifest,
    pub(super) split: Uuid,
    pub(super) global: PathBuf,
    pub(super) scratch: PathBuf,
    pub(super) holder: String,
    pub(super) users: u64,
    pub(super) left: Vec<PodId>,
    /// Pod by pod.
    pub parts: Vec<Part>,
}

/// Looks at the split and at the pods' files. Reads no rows; writes nothing. Blocking.
pub fn prepare(request: Request) -> Result<Prepared, LoadError> {
    let manifest = Manifest::read(&request.directory)?;
    let shown = request.directory.join(manifest::MANIFEST);
    let split = manifest.split_id.parse().map_err(|_| LoadError::NotThisSplit {
        file: shown,
        problem: format!("{:?} is no split's id", manifest.split_id),
    })?;
    let left = match_pods(&manifest, &request)?;
    refuse_shared_files(&manifest, &request)?;
    let parts = request
        .targets
        .iter()
        .filter_map(|(pod, target)| {
            let facts = manifest.pods.iter().find(|facts| facts.pod == *pod)?;
            Some(part(&manifest, facts, target, &request))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let global = request.directory.join(manifest::GLOBAL);
    let users = LegacyDb::open(&global, &request.scratch)?.count(OldTable::Users.name())?;
    let expected = manifest.global.get(OldTable::Users.name()).copied().unwrap_or(0);
    if users != expected {
        return Err(LoadError::NotThisSplit {
            file: global,
            problem: format!("it has {users} users, not {expected}"),
        });
    }
    Ok(Prepared {
        manifest,
        split,
        global,
        scratch: request.scratch,
        holder: request.holder,
        users,
        left,
        parts,
    })
}

/// The pods of the split that were not named, which must be meant.
fn match_pods(manifest: &Manifest, request: &Request) -> Result<Vec<PodId>, LoadError> {
    let pods: Vec<PodId> = manifest.pods.iter().map(|facts| facts.pod).collect();
    let mut named = BTreeSet::new();
    for (pod, _) in &request.targets {
        if !pods.contains(pod) {
            return Err(LoadError::NoSuchPart { pod: *pod, pods });
        }
        if !named.insert(*pod) {
            return Err(LoadError::Twice(*pod));
        }
    }
    let left: Vec<PodId> = pods.into_iter().filter(|pod| !named.contains(pod)).collect();
    if left.is_empty() || request.partly {
        Ok(left)
    } else {
        Err(LoadError::Unnamed(left))
    }
}

fn part(manifest: &Manifest, facts: &PodFacts, target: &Path, request: &Request) -> Result<Part, LoadError> {
    let source = request.directory.join(&facts.file);
    expect_split_file(&source, manifest, facts, &request.scratch)?;
    let target = std::path::absolute(target).map_err(|source| files::FileError {
        action: "find",
        path: target.to_owned(),
        source,
    })?;
    let mut part = Part {
        pod: facts.pod,
        source,
        target,
        way: Way::HandOver,
        guilds: manifest
            .guilds
            .iter()
            .filter(|guild| guild.pod == facts.pod)
            .cloned()
            .collect(),
        here: BTreeMap::new(),
        store: None,
    };
    if part.target.symlink_metadata().is_ok() {
        look_at_target(&mut part, manifest, &request.scratch)?;
    } else {
        expect_room(&part)?;
    }
    Ok(part)
}

/// The split's file is of this split and serves exactly the guilds that it should.
fn expect_split_file(
    path: &Path,
    manifest: &Manifest,
    facts: &PodFacts,
    scratch: &Path,
) -> Result<(), LoadError> {
    let wrong = |problem: String| LoadError::NotThisSplit {
        file: path.to_owned(),
        problem,
    };
    let file = ShardReader::open(path, scratch)?;
    if file.meta("legacy_split_id")?.as_deref() != Some(&manifest.split_id) {
        return Err(wrong("it is of another split".to_owned()));
    }
    let fences = file.fences()?;
    for fence in &fences {
        let at = manifest
            .guilds
            .binary_search_by_key(&fence.guild_id, |guild| guild.guild);
        let own = at.is_ok_and(|at| manifest.guilds[at].pod == facts.pod);
        if !own || !is_as_split(&fence.state, manifest.epoch) {
            let (guild, state) = (fence.guild_id, &fence.state);
            return Err(wrong(format!("the fence of guild {guild} says {state}")));
        }
    }
    if fences.len() as u64 == facts.guilds {
        Ok(())
    } else {
        Err(wrong(format!(
            "it has {} guilds, not {}",
            fences.len(),
            facts.guilds
        )))
    }
}

/// Whether a fence is as the split made it: somebody may have served from the file since.
fn is_as_split(state: &FenceState, epoch: Epoch) -> bool {
    state.mode == FenceMode::Serving && state.epoch == epoch && state.move_id.is_none()
}

/// What the pod's file has already.
fn look_at_target(part: &mut Part, manifest: &Manifest, scratch: &Path) -> Result<(), LoadError> {
    let file = ShardReader::open(&part.target, scratch)?;
    part.store = file.meta("store_id")?;
    let own: BTreeSet<GuildId> = part.guilds.iter().map(|facts| facts.guild).collect();
    for fence in file
        .fences()?
        .into_iter()
        .filter(|fence| own.contains(&fence.guild_id))
    {
        let state = fence.state;
        let is_ours = matches!(
            state.mode,
            FenceMode::Serving | FenceMode::Frozen | FenceMode::Tombstone
        ) && state.epoch > manifest.epoch
            && part.store.is_some();
        if !is_ours {
            return Err(LoadError::KnownThere {
                file: part.target.clone(),
                guild: fence.guild_id,
                state,
            });
        }
        part.here.insert(fence.guild_id, state.epoch);
    }
    part.way = if part.here.len() == part.guilds.len() && part.store.is_some() {
        Way::Nothing
    } else {
        Way::Import
    };
    Ok(())
}

/// A new file needs as much room as the split's.
fn expect_room(part: &Part) -> Result<(), LoadError> {
    let needed = std::fs::metadata(&part.source)
        .map_err(|source| files::FileError {
            action: "read",
            path: part.source.clone(),
            source,
        })?
        .len();
    let parent = part.target.parent().unwrap_or(Path::new("/"));
    let free = files::free_bytes(parent)?;
    if free < needed {
        return Err(LoadError::NoRoom {
            file: part.target.clone(),
            needed,
            free,
        });
    }
    Ok(())
}

/// Each pod has a file of its own, and none is the split's: that stays as it is, for the way back.
fn refuse_shared_files(manifest: &Manifest, request: &Request) -> Result<(), LoadError> {
    let real = |path: &Path| {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        absolute.canonicalize().unwrap_or(absolute)
    };
    let mut seen: BTreeMap<PathBuf, String> = manifest
        .pods
        .iter()
        .map(|facts| {
            let file = request.directory.join(&facts.file);
            (real(&file), format!("{}'s file in the split", facts.pod))
        })
        .collect();
    for (pod, target) in &request.targets {
        if let Some(other) = seen.insert(real(target), format!("{pod}'s file")) {
            return Err(LoadError::SameFile {
                file: target.clone(),
                pod: *pod,
                other,
            });
        }
    }
    Ok(())
}
