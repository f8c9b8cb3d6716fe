//! Reads every row of the source once and sends it where it belongs.

use std::collections::{BTreeMap, HashMap};

use super::loaders::{FileFacts, Loaders};
use super::{Prepared, SplitError, shard_file_name, shard_path};
use crate::domain::digest::{TableDigest, TableDigests};
use crate::domain::ids::{Epoch, GuildId};
use crate::domain::legacy::tables::OldTable;
use crate::domain::legacy::{Refusal, Tally};
use crate::operations::legacy::manifest::{
    self, GuildFacts, Manifest, PodFacts, QuarantineFacts, SourceFacts,
};
use crate::operations::legacy::mapping::{Mapping, mappings};
use crate::operations::legacy::progress::{Progress, Step};
use crate::operations::legacy::walk::{Place, SourceRow, walk};
use crate::runtime::clock::Clock;
use crate::store::legacy_db::{SideWriter, SourceError, Staging, WriteError};

/// The epoch of the old bot, before the guild's first owner in the fleet, which has 1: a file that was split and
/// never loaded is behind whatever the config store says.
const OLD_BOT: Epoch = Epoch::new(0);

/// The one error that stops reading early: the loaders know the real one.
enum Stop {
    Loader,
    Error(SplitError),
}

impl From<SourceError> for Stop {
    fn from(error: SourceError) -> Self {
        Self::Error(error.into())
    }
}

impl From<WriteError> for Stop {
    fn from(error: WriteError) -> Self {
        Self::Error(error.into())
    }
}

/// Where the rows have gone so far.
struct Sorter<'p> {
    loaders: Loaders,
    global: SideWriter,
    quarantine: SideWriter,
    mappings: Vec<Mapping>,
    prepared: &'p Prepared,
    digests: HashMap<GuildId, Vec<TableDigest>>,
    global_rows: BTreeMap<String, u64>,
    dropped: BTreeMap<String, u64>,
    refused: BTreeMap<(OldTable, Refusal), u64>,
}

/// Makes every file of the split but the manifest, which it returns.
pub(super) fn write(
    prepared: &Prepared,
    staging: &Staging,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<Manifest, SplitError> {
    let facts = FileFacts {
        split_id: uuid::Uuid::new_v4().to_string(),
        epoch: OLD_BOT,
        num_shards: prepared.options.num_shards.get(),
    };
    let pods = prepared.balance.pods().iter();
    let paths = pods.map(|pod| shard_path(staging, *pod)).collect();
    let mut sorter = Sorter {
        loaders: Loaders::start(paths, &facts, prepared.options.writers, clock)?,
        global: SideWriter::create_global(&staging.path(manifest::GLOBAL))?,
        quarantine: SideWriter::create_quarantine(&staging.path(manifest::QUARANTINE))?,
        mappings: mappings(),
        prepared,
        digests: HashMap::new(),
        global_rows: BTreeMap::new(),
        dropped: BTreeMap::new(),
        refused: BTreeMap::new(),
    };
    for (name, timestamp) in prepared.source.migrations()? {
        sorter.global.keep_migration(&name, &timestamp)?;
    }
    progress.begin(Step::Writing, Some(prepared.census.total()));
    let mut attribution = prepared.census.attribution.clone();
    let mut changes = Tally::default();
    let walked = walk(&prepared.source, &mut attribution, &mut changes, |row, place| {
        progress.advance(1);
        sorter.sort(&row, &place)
    });
    if let Err(Stop::Error(error)) = walked {
        return Err(error);
    }
    progress.begin(Step::Finishing, None);
    let made = sorter.finish()?;
    prepared.source.check_unchanged()?;
    made.into_manifest(prepared, facts.split_id, &changes, clock)
}

impl Sorter<'_> {
    fn sort(&mut self, row: &SourceRow<'_, '_>, place: &Place<'_>) -> Result<(), Stop> {
        match place {
            Place::Pod(carried) => {
                let at = self
                    .mappings
                    .iter()
                    .position(|mapping| mapping.old == row.table)
                    .unwrap_or_default();
                let hash = self.mappings[at].hash(carried);
                let tables = self.mappings.len();
                let digests = self
                    .digests
                    .entry(carried.guild)
                    .or_insert_with(|| vec![TableDigest::default(); tables]);
                digests[at].add(hash);
                let pod = self.prepared.balance.place_of(carried.guild);
                let taken = self.loaders.add(pod, at, self.mappings[at].values(carried));
                return if taken { Ok(()) } else { Err(Stop::Loader) };
            }
            Place::Quarantine(refusal) => {
                self.quarantine.keep(row.table, row.rowid, row.values)?;
                self.quarantine
                    .give_reason(row.table, row.rowid, refusal.name(), refusal.column())?;
                *self.refused.entry((row.table, *refusal)).or_default() += 1;
            }
            Place::Global => {
                self.global.keep(row.table, row.rowid, row.values)?;
                *self.global_rows.entry(row.table.to_string()).or_default() += 1;
            }
            Place::Dropped => *self.dropped.entry(row.table.to_string()).or_default() += 1,
        }
        Ok(())
    }

    /// Fences every guild, finishes every file.
    fn finish(mut self) -> Result<Made, SplitError> {
        let mut guilds: Vec<(GuildId, TableDigests)> = Vec::with_capacity(self.digests.len());
        for (guild, digests) in self.digests {
            let named = self.mappings.iter().map(|mapping| mapping.table.name.to_owned());
            guilds.push((guild, named.zip(digests).collect()));
        }
        guilds.sort_by_key(|(guild, _)| *guild);
        for (guild, _) in &guilds {
            let shard = guild.discord_shard(self.prepared.balance.num_shards());
            if !self
                .loaders
                .serve(self.prepared.balance.place_of(*guild), *guild, shard)
            {
                break;
            }
        }
        self.loaders.finish()?;
        self.global.finish()?;
        self.quarantine.finish()?;
        Ok(Made {
            guilds,
            global: self.global_rows,
            dropped: self.dropped,
            refused: self.refused,
        })
    }
}

/// What was made.
struct Made {
    guilds: Vec<(GuildId, TableDigests)>,
    global: BTreeMap<String, u64>,
    dropped: BTreeMap<String, u64>,
    refused: BTreeMap<(OldTable, Refusal), u64>,
}

/// What the manifest says of the source.
fn source_facts(prepared: &Prepared) -> Result<SourceFacts, SplitError> {
    let source = &prepared.source;
    let last_migration = source.migrations()?.pop().map(|(name, _)| name);
    let tables = prepared.census.tables.iter();
    Ok(SourceFacts {
        path: source.path().display().to_string(),
        bytes: source.bytes(),
        wal_bytes: source.wal_bytes(),
        migration: last_migration.unwrap_or_default(),
        rows: tables.map(|(table, rows)| (table.to_string(), *rows)).collect(),
    })
}

impl Made {
    fn into_manifest(
        self,
        prepared: &Prepared,
        split_id: String,
        changes: &Tally,
        clock: &dyn Clock,
    ) -> Result<Manifest, SplitError> {
        let guilds: Vec<GuildFacts> = self
            .guilds
            .iter()
            .map(|(guild, digests)| GuildFacts {
                guild: *guild,
                pod: prepared.balance.pod_of(*guild),
                rows: digests.rows(),
                digest: digests.total(),
            })
            .collect();
        let pods = prepared.balance.pods().iter().enumerate().map(|(place, pod)| {
            let own = || guilds.iter().filter(|guild| guild.pod == *pod);
            PodFacts {
                pod: *pod,
                file: shard_file_name(*pod),
                discord_shards: prepared.balance.shards_of(place).collect(),
                guilds: own().count() as u64,
                rows: own().map(|guild| guild.rows).sum(),
            }
        });
        let pods = pods.collect();
        let mut not_carried = self.dropped;
        not_carried.extend(prepared.source.foreign_tables()?);
        let refused = self
            .refused
            .into_iter()
            .map(|((table, refusal), rows)| QuarantineFacts {
                table: table.to_string(),
                reason: refusal.name().to_owned(),
                column: refusal.column().map(str::to_owned),
                rows,
            });
        Ok(Manifest {
            format: manifest::FORMAT.to_owned(),
            split_id,
            made_at: rfc3339(clock.unix_ms()),
            made_by: env!("CARGO_PKG_VERSION").to_owned(),
            source: source_facts(prepared)?,
            num_shards: prepared.options.num_shards,
            epoch: OLD_BOT,
            pods,
            guilds,
            global: self.global,
            quarantine: refused.collect(),
            not_carried,
            changes: changes
                .named()
                .map(|(name, count)| (name.to_owned(), count))
                .collect(),
        })
    }
}

fn rfc3339(ms: i64) -> String {
    crate::domain::legacy::instant::write(ms).unwrap_or_default()
}
