//! The drill itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::client::replica::{Bucket, BucketOptions};
use crate::domain::drill::{Finding, Found, Limits, Owned, judge_guilds, judge_times};
use crate::domain::ids::PodId;
use crate::domain::ltx::Txid;
use crate::operations::restore::{
    Integrity, Note, Progress, ReadLimits, Request, RestoreError, Restored, Wanted, restore, status,
};
use crate::operations::shard_file;
use crate::runtime::clock::Clock;
use crate::runtime::error_chain::Chain;
use crate::runtime::files::{self, FileError};

/// What the pod's clock may differ from the store's.
const CLOCKS_DIFFER_MS: i64 = 10_000;

/// How to drill.
#[derive(Debug, Clone)]
pub struct Options {
    /// Only these pods; empty: every pod that has a replica or owns guilds.
    pub pods: BTreeSet<PodId>,
    /// What may not be exceeded.
    pub limits: Limits,
    /// How SQLite checks what was restored.
    pub integrity: Integrity,
    /// The directory for restored files; one at a time is in it.
    pub scratch: PathBuf,
}

/// Why there was no drill.
#[derive(Debug, thiserror::Error)]
pub enum DrillError {
    /// The bucket cannot be listed.
    #[error("cannot list the fleet's replicas")]
    Bucket(#[from] RestoreError),
    /// There is no place for restored files.
    #[error("cannot use the scratch directory")]
    Scratch(#[from] FileError),
    /// There is nothing to drill.
    #[error("there is no replica of {0}, and the config store knows no such pod with guilds")]
    NoSuchPod(PodId),
}

/// What a drill of one shard found.
#[derive(Debug, Clone, PartialEq)]
pub struct Drilled {
    /// The shard's pod.
    pub pod: PodId,
    /// What was restored.
    pub restored: Option<Restorable>,
    /// What must not be.
    pub findings: Vec<Finding>,
    /// What should be known.
    pub notes: Vec<Note>,
}

/// A state that was restored.
#[derive(Debug, Clone, PartialEq)]
pub struct Restorable {
    /// From which lineage.
    pub place: String,
    /// Its last transaction, where such are counted.
    pub txid: Option<Txid>,
    /// When it was replicated.
    pub at: Timestamp,
    /// How old that was when the drill of the shard began.
    pub age: Duration,
    /// How long it took to restore and check.
    pub took: Duration,
    /// Bytes of the file.
    pub bytes: u64,
    /// Guilds that it would serve.
    pub guilds: u64,
    /// Rows of all guilds.
    pub rows: u64,
}

impl Drilled {
    /// Whether the shard can be relied on.
    pub fn passed(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Drills the shards below `bucket`, one after the other. `owned`: what the store says of every guild, if it is asked.
/// Before each, `begin` hears which it is; `tell` hears how far the restore has come.
pub async fn drill(
    bucket: &Bucket,
    owned: Option<&[Owned]>,
    options: &Options,
    clock: &dyn Clock,
    mut begin: impl FnMut(PodId),
    tell: impl Fn(Progress) + Send + Sync,
) -> Result<Vec<Drilled>, DrillError> {
    let pods = pods(bucket, owned.unwrap_or_default(), options).await?;
    files::create_dir_all(&options.scratch)?;
    let mut drilled = Vec::with_capacity(pods.len());
    for (pod, replicated) in pods {
        begin(pod);
        let one = if replicated {
            let below = bucket.url().join(&pod.to_string());
            let below = Arc::new(Bucket::open(below, BucketOptions::default()).await);
            drill_one(pod, &below, owned, options, clock, &tell).await?
        } else {
            let guilds = owned.unwrap_or_default().iter();
            let guilds = guilds.filter(|one| one.pod == pod && one.born).count() as u64;
            failed(pod, Finding::NoReplica { guilds })
        };
        drilled.push(one);
    }
    Ok(drilled)
}

/// Which pods, and whether each has a replica.
async fn pods(
    bucket: &Bucket,
    owned: &[Owned],
    options: &Options,
) -> Result<BTreeMap<PodId, bool>, DrillError> {
    let owners = owned.iter().filter(|one| one.born).map(|one| (one.pod, false));
    let mut pods: BTreeMap<PodId, bool> = owners.collect();
    match status(bucket).await {
        Ok(replicas) => {
            pods.extend(
                replicas
                    .iter()
                    .filter_map(|one| one.place.pod)
                    .map(|pod| (pod, true)),
            );
        }
        // Every shard fails by its own name, where there is any.
        Err(RestoreError::NoReplica { .. }) if !pods.is_empty() => {}
        Err(error) => return Err(error.into()),
    }
    if options.pods.is_empty() {
        return Ok(pods);
    }
    if let Some(unknown) = options.pods.iter().find(|pod| !pods.contains_key(pod)) {
        return Err(DrillError::NoSuchPod(*unknown));
    }
    pods.retain(|pod, _| options.pods.contains(pod));
    Ok(pods)
}

fn failed(pod: PodId, finding: Finding) -> Drilled {
    Drilled {
        pod,
        restored: None,
        findings: vec![finding],
        notes: Vec::new(),
    }
}

async fn drill_one(
    pod: PodId,
    bucket: &Arc<Bucket>,
    owned: Option<&[Owned]>,
    options: &Options,
    clock: &dyn Clock,
    tell: &(impl Fn(Progress) + Send + Sync),
) -> Result<Drilled, DrillError> {
    let now_ms = clock.unix_ms();
    // A name of its own: whatever else is in that directory is none of our business.
    let output = options
        .scratch
        .join(format!("{pod}.{}.drill", uuid::Uuid::new_v4()));
    let request = Request {
        wanted: Wanted::Latest,
        lineage: None,
        output: output.clone(),
        integrity: options.integrity,
        limits: ReadLimits::default(),
    };
    let restored = match restore(bucket, &request, tell).await {
        Ok(restored) => restored,
        Err(error) => {
            let damaged = error.damaged().iter().map(|one| format!("; {one}"));
            let why = format!("{}{}", Chain(&error), damaged.collect::<String>());
            return Ok(failed(pod, Finding::NotRestored(why)));
        }
    };
    let looked = tokio::task::spawn_blocking({
        let output = output.clone();
        move || shard_file::inspect(&output, false)
    });
    let looked = looked.await;
    remove(&output)?;
    let file = match looked {
        Ok(Ok(file)) => file,
        Ok(Err(error)) => return Ok(failed(pod, Finding::NotAShard(Chain(&error).to_string()))),
        Err(error) => return Ok(failed(pod, Finding::NotAShard(error.to_string()))),
    };
    let found = file.guilds.into_iter().map(|one| Found {
        guild: one.guild_id,
        fence: one.fence.map(|fence| fence.state),
        rows: one.rows,
    });
    let found: Vec<Found> = found.collect();
    Ok(judged(pod, now_ms, restored, &found, owned, &options.limits))
}

fn judged(
    pod: PodId,
    now_ms: i64,
    restored: Restored,
    found: &[Found],
    owned: Option<&[Owned]>,
    limits: &Limits,
) -> Drilled {
    let at_ms = restored.at.as_millisecond();
    let age = Duration::from_millis(now_ms.saturating_sub(at_ms).max(0).unsigned_abs());
    let mut findings = judge_times(age, restored.took, limits);
    if let Some(owned) = owned {
        findings.extend(judge_guilds(pod, at_ms - CLOCKS_DIFFER_MS, owned, found));
    }
    let serving = |one: &&Found| one.fence.as_ref().is_some_and(|fence| fence.mode.owns());
    Drilled {
        pod,
        findings,
        notes: restored.notes,
        restored: Some(Restorable {
            place: restored.place.to_string(),
            txid: restored.txid,
            at: restored.at,
            age,
            took: restored.took,
            bytes: restored.bytes,
            guilds: found.iter().filter(serving).count() as u64,
            rows: found.iter().map(|one| one.rows).sum(),
        }),
    }
}

/// Removes a restored file, and what looking at it left beside it.
fn remove(output: &Path) -> Result<(), FileError> {
    files::remove_file(output)?;
    for suffix in ["-wal", "-shm"] {
        let mut beside = output.as_os_str().to_owned();
        beside.push(suffix);
        let beside = PathBuf::from(beside);
        if beside.exists() {
            files::remove_file(&beside)?;
        }
    }
    Ok(())
}
