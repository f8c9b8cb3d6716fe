//! The old database becomes one file per pod, one for the fleet, and one for what nobody can place.

mod loaders;
mod output;

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use crate::domain::ids::{GuildId, NumShards, PodId};
use crate::domain::legacy::balance::{Assigned, Balance};
use crate::operations::legacy::census::{Census, census};
use crate::operations::legacy::manifest::Manifest;
use crate::operations::legacy::progress::{Progress, Step};
use crate::runtime::clock::Clock;
use crate::runtime::files::FileError;
use crate::store::legacy_db::{LegacyDb, SourceError, Staging, StagingError, WriteError};
use crate::store::shard_db::BulkLoadError;

/// How to split.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where guilds go.
    pub placement: Placement,
    /// How many Discord shards the fleet has: fixed for good.
    pub num_shards: NumShards,
    /// Threads that write files beside the one that reads.
    pub writers: usize,
    /// Tables that are not the old bot's and may stay behind.
    pub leave: Vec<String>,
}

/// Twice as many writers as cores: writing a row costs some three times what reading it does, files differ in size,
/// and at the end the indexes of several are built at once.
pub fn usual_writers() -> usize {
    std::thread::available_parallelism().map_or(2, |cores| (2 * cores.get()).min(8))
}

/// Where guilds go.
#[derive(Debug, Clone)]
pub enum Placement {
    /// Evenly to so many pods: `pod-0` and on.
    Even(NonZeroU32),
    /// Where the config store has them, or will.
    Store(Assigned),
}

/// Why nothing was split.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// There are more pods than Discord shards to deal.
    #[error("{pods} pods cannot share {num_shards} Discord shards: each pod needs one at least")]
    TooManyPods {
        /// The pods.
        pods: u32,
        /// The Discord shards.
        num_shards: u32,
    },
    /// The source has a table that nothing here knows.
    #[error("the old bot has no table {table}, but the file has one with {rows} rows")]
    ForeignTable {
        /// Its name.
        table: String,
        /// Its rows.
        rows: u64,
    },
    /// The source cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The place for the output cannot be had.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// A pod's file cannot be written.
    #[error(transparent)]
    Load(#[from] BulkLoadError),
    /// Another file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A thread could not be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// A bug.
    #[error("a thread that writes a file panicked")]
    Panicked,
}

/// What a split would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The pods, in order.
    pub pods: Vec<PlannedPod>,
    /// Rows of the whole source.
    pub rows: u64,
    /// Rows that belong to guilds.
    pub guild_rows: u64,
    /// Those guilds.
    pub guilds: BTreeSet<GuildId>,
}

/// What one pod would get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedPod {
    /// The pod.
    pub pod: PodId,
    /// How many Discord shards.
    pub discord_shards: u64,
    /// How many guilds.
    pub guilds: u64,
    /// How many rows, those that will be refused included.
    pub rows: u64,
    /// Its largest guild, with its rows.
    pub largest: Option<(GuildId, u64)>,
}

/// An old database that is ready to be split: opened, checked, counted.
#[derive(Debug)]
struct Prepared {
    source: LegacyDb,
    census: Census,
    balance: Balance,
    options: Options,
}

/// Says what a split would do; makes nothing but, perhaps, a copy in `scratch`.
pub fn plan(
    source: &Path,
    scratch: &Path,
    options: Options,
    progress: &dyn Progress,
) -> Result<Plan, SplitError> {
    Ok(Prepared::new(source, scratch, options, progress)?.plan())
}

/// Splits into `out`, which must not exist: it appears when everything is in it, or not at all.
pub fn split(
    source: &Path,
    out: &Path,
    scratch: &Path,
    options: Options,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<(Plan, Manifest), SplitError> {
    // First, so that nobody waits for a refusal.
    let staging = Staging::claim(out)?;
    let prepared = Prepared::new(source, scratch, options, progress)?;
    let plan = prepared.plan();
    let manifest = output::write(&prepared, &staging, clock, progress)?;
    manifest.write(staging.directory())?;
    staging.publish()?;
    Ok((plan, manifest))
}

impl Prepared {
    fn new(
        source: &Path,
        scratch: &Path,
        options: Options,
        progress: &dyn Progress,
    ) -> Result<Self, SplitError> {
        let num_shards = options.num_shards.get();
        if let Placement::Even(pods) = options.placement
            && pods.get() > num_shards
        {
            let pods = pods.get();
            return Err(SplitError::TooManyPods { pods, num_shards });
        }
        let source = LegacyDb::open(source, scratch)?;
        source.check_schema()?;
        let unknown = source
            .foreign_tables()?
            .into_iter()
            .find(|(table, _)| !options.leave.contains(table));
        if let Some((table, rows)) = unknown {
            return Err(SplitError::ForeignTable { table, rows });
        }
        progress.begin(Step::Checking, None);
        source.check_pages()?;
        let census = census(&source, progress)?;
        let balance = match &options.placement {
            Placement::Even(pods) => Balance::by_rows(&census.rows, options.num_shards, *pods),
            Placement::Store(fleet) => Balance::within(fleet, &census.rows, options.num_shards),
        };
        Ok(Self {
            source,
            census,
            balance,
            options,
        })
    }

    /// What would be done.
    fn plan(&self) -> Plan {
        let mut per_pod: Vec<Vec<(GuildId, u64)>> = vec![Vec::new(); self.balance.pods().len()];
        for (guild, rows) in &self.census.rows {
            per_pod[self.balance.place_of(*guild)].push((*guild, *rows));
        }
        let pods = self.balance.pods().iter().zip(per_pod).enumerate();
        let pods = pods.map(|(place, (pod, guilds))| PlannedPod {
            pod: *pod,
            discord_shards: self.balance.shards_of(place).count() as u64,
            guilds: guilds.len() as u64,
            rows: guilds.iter().map(|(_, rows)| rows).sum(),
            largest: guilds
                .into_iter()
                .max_by_key(|(guild, rows)| (*rows, std::cmp::Reverse(*guild))),
        });
        Plan {
            pods: pods.collect(),
            rows: self.census.total(),
            guild_rows: self.census.rows.values().sum(),
            guilds: self.census.rows.keys().copied().collect(),
        }
    }
}

/// The name of a pod's file in a split.
pub fn shard_file_name(pod: PodId) -> String {
    format!("shard-{}.sqlite3", pod.get())
}

/// Where a pod's file is made.
fn shard_path(staging: &Staging, pod: PodId) -> PathBuf {
    staging.path(&shard_file_name(pod))
}
