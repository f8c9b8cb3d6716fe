//! Sums of row hashes: of what the source should have become, and of what is in the files.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Files, Finding, Report, VerifyError};
use crate::domain::digest::{RowHash, RowHasher, TableDigest, TableDigests, Value};
use crate::domain::ids::GuildId;
use crate::domain::legacy::tables::OldTable;
use crate::domain::legacy::{OldValue, Refusal, Tally};
use crate::operations::legacy::census::Census;
use crate::operations::legacy::manifest::Manifest;
use crate::operations::legacy::mapping::{Mapping, guild_of, mappings};
use crate::operations::legacy::progress::Progress;
use crate::operations::legacy::walk::{Place, walk};
use crate::store::legacy_db::{LegacyDb, SourceError};
use crate::store::shard_db::CURRENT_SCHEMA;
use crate::store::shard_db::tables::guild_tables;

/// The file beside the pods' files that a row is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Side {
    /// The fleet's rows.
    Global,
    /// Rows in quarantine.
    Quarantine,
    /// The reasons for those.
    Reasons,
}

/// Sums over all rows, by where they are or belong.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// Per guild, by the mapping's place.
    guilds: HashMap<GuildId, Vec<TableDigest>>,
    /// Rows per guild and file, where they were counted in files.
    per_file: HashMap<(GuildId, usize), u64>,
    sides: BTreeMap<(Side, OldTable), TableDigest>,
    not_carried: BTreeMap<OldTable, u64>,
}

/// What differs between two [`Sums`].
#[derive(Debug, Default)]
pub(super) struct Suspects {
    /// Tables of guilds.
    pub(super) guilds: HashSet<(GuildId, OldTable)>,
    /// Tables of files.
    pub(super) sides: HashSet<(Side, OldTable)>,
}

impl Suspects {
    pub(super) fn is_empty(&self) -> bool {
        self.guilds.is_empty() && self.sides.is_empty()
    }

    /// Whether any guild's rows of the table are in doubt.
    pub(super) fn has_table(&self, table: OldTable) -> bool {
        self.guilds.iter().any(|(_, suspect)| *suspect == table)
    }
}

/// The hash of a row that is kept as it was, with its rowid.
pub(super) fn hash_kept(hasher: &mut RowHasher, rowid: i64, values: &[OldValue<'_>]) -> RowHash {
    hasher.push(Value::Integer(rowid));
    for value in values {
        hasher.push(*value);
    }
    hasher.finish()
}

/// The hash of a reason.
pub(super) fn hash_reason(hasher: &mut RowHasher, rowid: i64, reason: &str, column: Option<&str>) -> RowHash {
    hasher.push(Value::Integer(rowid));
    hasher.push(Value::Text(reason.as_bytes()));
    hasher.push(column.map_or(Value::Null, |column| Value::Text(column.as_bytes())));
    hasher.finish()
}

impl Sums {
    fn add(&mut self, guild: GuildId, mapping: usize, tables: usize, hash: RowHash) {
        let digests = self
            .guilds
            .entry(guild)
            .or_insert_with(|| vec![TableDigest::default(); tables]);
        digests[mapping].add(hash);
    }

    fn add_side(&mut self, side: Side, table: OldTable, hash: RowHash) {
        self.sides.entry((side, table)).or_default().add(hash);
    }

    /// What the source should have become.
    pub(super) fn of_source(
        source: &LegacyDb,
        census: &Census,
        progress: &dyn Progress,
    ) -> Result<Self, SourceError> {
        let mut sums = Self::default();
        let mut mappings = mappings();
        let tables = mappings.len();
        let mut kept = kept_hashers();
        let mut attribution = census.attribution.clone();
        walk(source, &mut attribution, &mut Tally::default(), |row, place| {
            progress.advance(1);
            match place {
                Place::Pod(carried) => {
                    let at = place_of(&mappings, row.table);
                    let hash = mappings[at].hash(&carried);
                    sums.add(carried.guild, at, tables, hash);
                }
                Place::Quarantine(refusal) => {
                    sums.add_refused(&mut kept, row.table, row.rowid, row.values, refusal);
                }
                Place::Global => {
                    let hash = hash_kept(hasher(&mut kept, row.table), row.rowid, row.values);
                    sums.add_side(Side::Global, row.table, hash);
                }
                Place::Dropped => *sums.not_carried.entry(row.table).or_default() += 1,
            }
            Ok::<_, SourceError>(())
        })?;
        Ok(sums)
    }

    fn add_refused(
        &mut self,
        kept: &mut HashMap<OldTable, RowHasher>,
        table: OldTable,
        rowid: i64,
        values: &[OldValue<'_>],
        refusal: Refusal,
    ) {
        let hash = hash_kept(hasher(kept, table), rowid, values);
        self.add_side(Side::Quarantine, table, hash);
        let hash = hash_reason(hasher(kept, table), rowid, refusal.name(), refusal.column());
        self.add_side(Side::Reasons, table, hash);
    }

    /// What is in the files.
    pub(super) fn of_files(
        files: &Files,
        progress: &dyn Progress,
        report: &mut Report,
    ) -> Result<Self, VerifyError> {
        let mut sums = Self::default();
        let mut mappings = mappings();
        for (at, file) in files
            .pods
            .iter()
            .enumerate()
            .filter_map(|(at, file)| Some((at, file.as_ref()?)))
        {
            let name = file
                .path()
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            for table in guild_tables(CURRENT_SCHEMA) {
                let Some(place) = mappings
                    .iter()
                    .position(|mapping| mapping.table.name == table.name)
                else {
                    let rows = file.count(table)?;
                    if rows > 0 {
                        report.findings.push(Finding::NewRows {
                            file: name.clone(),
                            table: table.name,
                            rows,
                        });
                    }
                    continue;
                };
                let tables = mappings.len();
                let mapping = &mut mappings[place];
                let columns = mapping.columns.clone();
                file.for_each_row(table, &columns, None, |values| {
                    progress.advance(1);
                    let hash = mapping.hash_values(values);
                    // The schema keeps ids positive only by what is written: an odd one belongs to nobody.
                    let Some(guild) = guild_of(values) else {
                        return Ok(());
                    };
                    sums.add(guild, place, tables, hash);
                    *sums.per_file.entry((guild, at)).or_default() += 1;
                    Ok::<_, VerifyError>(())
                })?;
            }
        }
        sums.add_sides(files, progress)?;
        Ok(sums)
    }

    fn add_sides(&mut self, files: &Files, progress: &dyn Progress) -> Result<(), VerifyError> {
        let mut kept = kept_hashers();
        let every_table: &[OldTable] = &OldTable::ALL;
        let sides = [
            (Side::Global, &files.global, &[OldTable::Users][..]),
            (Side::Quarantine, &files.quarantine, every_table),
        ];
        for (side, file, tables) in sides {
            let Some(file) = file else { continue };
            for table in tables {
                file.for_each_row(*table, |rowid, values| {
                    progress.advance(1);
                    let hash = hash_kept(hasher(&mut kept, *table), rowid, values);
                    self.add_side(side, *table, hash);
                    Ok::<_, SourceError>(())
                })?;
            }
        }
        if let Some(file) = &files.quarantine {
            file.for_each_reason(|table, rowid, reason, column| {
                let Some(table) = OldTable::named(table) else {
                    return;
                };
                let hash = hash_reason(hasher(&mut kept, table), rowid, reason, column);
                self.add_side(Side::Reasons, table, hash);
            })?;
        }
        Ok(())
    }

    /// What differs.
    pub(super) fn differences(&self, other: &Self) -> Suspects {
        let mappings = mappings();
        let mut suspects = Suspects::default();
        let empty = vec![TableDigest::default(); mappings.len()];
        for guild in self.guilds.keys().chain(other.guilds.keys()) {
            let (ours, theirs) = (
                self.guilds.get(guild).unwrap_or(&empty),
                other.guilds.get(guild).unwrap_or(&empty),
            );
            let differing = mappings
                .iter()
                .zip(ours.iter().zip(theirs))
                .filter(|(_, (a, b))| a != b);
            suspects
                .guilds
                .extend(differing.map(|(mapping, _)| (*guild, mapping.old)));
        }
        for key in self.sides.keys().chain(other.sides.keys()) {
            if self.sides.get(key) != other.sides.get(key) {
                suspects.sides.insert(*key);
            }
        }
        suspects
    }

    /// Whether these are the sums that the manifest was written with.
    pub(super) fn is_of(&self, manifest: &Manifest) -> bool {
        let names: Vec<String> = mappings()
            .iter()
            .map(|mapping| mapping.table.name.to_owned())
            .collect();
        self.guilds.len() == manifest.guilds.len()
            && manifest.guilds.iter().all(|facts| {
                self.guilds.get(&facts.guild).is_some_and(|digests| {
                    let tables = names.iter().cloned().zip(digests.iter().copied());
                    tables.collect::<TableDigests>().total() == facts.digest
                })
            })
    }

    /// Guilds with rows.
    pub(super) fn guilds(&self) -> impl Iterator<Item = GuildId> {
        self.guilds.keys().copied()
    }

    /// The files that each guild has rows in, with their number.
    pub(super) fn pods_of_guilds(&self) -> BTreeMap<GuildId, Vec<(usize, u64)>> {
        let mut pods: BTreeMap<GuildId, Vec<(usize, u64)>> = BTreeMap::new();
        for ((guild, at), rows) in &self.per_file {
            pods.entry(*guild).or_default().push((*at, *rows));
        }
        for files in pods.values_mut() {
            files.sort_unstable();
        }
        pods
    }

    /// Rows of a table over all guilds.
    pub(super) fn pod_rows(&self, table: OldTable) -> u64 {
        let mappings = mappings();
        let Some(at) = mappings.iter().position(|mapping| mapping.old == table) else {
            return 0;
        };
        self.guilds.values().map(|digests| digests[at].rows).sum()
    }

    /// Rows of a table beside the pods' files.
    pub(super) fn side_rows(&self, table: OldTable, side: Side) -> u64 {
        self.sides.get(&(side, table)).map_or(0, |digest| digest.rows)
    }

    /// Rows of a table that are left behind.
    pub(super) fn not_carried(&self, table: OldTable) -> u64 {
        self.not_carried.get(&table).copied().unwrap_or(0)
    }
}

/// The place of a table's mapping.
pub(super) fn place_of(mappings: &[Mapping], table: OldTable) -> usize {
    mappings
        .iter()
        .position(|mapping| mapping.old == table)
        .unwrap_or_default()
}

/// Hashers for rows that are kept as they were.
pub(super) fn kept_hashers() -> HashMap<OldTable, RowHasher> {
    OldTable::ALL
        .map(|table| (table, RowHasher::for_table(table.name())))
        .into()
}

/// The hasher of a table.
pub(super) fn hasher(kept: &mut HashMap<OldTable, RowHasher>, table: OldTable) -> &mut RowHasher {
    kept.entry(table)
        .or_insert_with(|| RowHasher::for_table(table.name()))
}
