//! Names the rows that the sums say are wrong.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::sums::{Side, Suspects, hash_kept, hash_reason, hasher, kept_hashers, place_of};
use super::{Files, Finding, Report, RowFinding, RowProblem, VerifyError};
use crate::domain::digest::{RowHash, Value};
use crate::domain::ids::GuildId;
use crate::domain::legacy::attribution::Attribution;
use crate::domain::legacy::row::{self, CarriedRow};
use crate::domain::legacy::tables::{OldTable, TableSpec};
use crate::domain::legacy::{OldValue, OwnedValue, Tally, show};
use crate::operations::legacy::census::Census;
use crate::operations::legacy::manifest::{self, Manifest};
use crate::operations::legacy::mapping::{Mapping, guild_of, mappings};
use crate::operations::legacy::walk::{Place, SourceRow, walk};
use crate::store::legacy_db::{LegacyDb, SourceError};
use crate::store::shard_db::ShardReader;

/// Rows named of each kind of problem; the others are counted.
const NAMED: u64 = 20;
/// Rows whose guild in the source is searched for among all guilds; after so many, something else is wrong.
const SEARCHED: u64 = 200;
/// Characters of a key's value.
const KEY_CHARACTERS: usize = 40;

/// What is compared.
pub(super) struct Sides<'v> {
    pub(super) source: &'v LegacyDb,
    pub(super) census: &'v Census,
    pub(super) files: &'v Files,
    pub(super) manifest: &'v Manifest,
}

/// Names the wrong rows among the suspects.
pub(super) fn name_rows(
    sides: &Sides<'_>,
    suspects: &Suspects,
    report: &mut Report,
) -> Result<(), VerifyError> {
    let mut namer = Namer {
        sides,
        suspects,
        report,
        moved: HashSet::new(),
    };
    // First, so that a row that turned up elsewhere is not called missing as well.
    namer.rows_too_many()?;
    namer.rows_missing_or_changed()?;
    namer.kept_rows()
}

struct Namer<'n> {
    sides: &'n Sides<'n>,
    suspects: &'n Suspects,
    report: &'n mut Report,
    /// Rows of the source, by table and rowid, that were found where they do not belong.
    moved: HashSet<(OldTable, i64)>,
}

impl Namer<'_> {
    fn found(&mut self, finding: RowFinding) {
        let named = self.report.wrong_rows.entry(finding.problem.name()).or_default();
        *named += 1;
        if *named <= NAMED {
            self.report.findings.push(Finding::Row(finding));
        }
    }

    fn file_of(&self, guild: GuildId) -> Option<(&ShardReader, &str)> {
        let manifest = self.sides.manifest;
        let at = manifest
            .guilds
            .binary_search_by_key(&guild, |facts| facts.guild)
            .ok()?;
        let at = manifest
            .pods
            .iter()
            .position(|pod| pod.pod == manifest.guilds[at].pod)?;
        Some((self.sides.files.pods[at].as_ref()?, &manifest.pods[at].file))
    }

    /// Rows in the pods' files that the source does not have, or has for another guild.
    fn rows_too_many(&mut self) -> Result<(), VerifyError> {
        let sides = self.sides;
        for mapping in mappings() {
            let spec = mapping.old.spec();
            let mut guilds: Vec<GuildId> = self
                .suspects
                .guilds
                .iter()
                .filter(|(_, table)| *table == mapping.old)
                .map(|(guild, _)| *guild)
                .collect();
            guilds.sort();
            for (facts, file) in sides.manifest.pods.iter().zip(&sides.files.pods) {
                let Some(file) = file else { continue };
                for guild in &guilds {
                    let mut odd = Vec::new();
                    file.for_each_row(mapping.table, &mapping.columns, Some(*guild), |values| {
                        if let Some(finding) = self.judge(&mapping, spec, values, &facts.file)? {
                            odd.push(finding);
                        }
                        Ok::<_, VerifyError>(())
                    })?;
                    for (finding, source_row) in odd {
                        self.moved.extend(source_row.map(|rowid| (mapping.old, rowid)));
                        self.found(finding);
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether a row of a pod's file belongs there; its rowid in the source, where it is another guild's.
    fn judge(
        &self,
        mapping: &Mapping,
        spec: &TableSpec,
        values: &[Value<'_>],
        file: &str,
    ) -> Result<Option<(RowFinding, Option<i64>)>, VerifyError> {
        let Some(guild) = guild_of(values) else {
            return Ok(None);
        };
        let finding = |problem| RowFinding {
            file: file.to_owned(),
            table: mapping.old,
            guild: Some(guild),
            key: new_key(mapping, values),
            problem,
        };
        let restored = mapping
            .carried(values)
            .and_then(|carried| row::restore(spec, guild, &carried).ok());
        let Some(restored) = restored else {
            return Ok(Some((finding(RowProblem::Added), None)));
        };
        let found = self
            .sides
            .source
            .with_row(mapping.old, &old_key(spec, &restored, None), |found| {
                found.map(|(rowid, values)| (rowid, self.sides.census.attribution.home(spec, values).ok()))
            })?;
        Ok(match found {
            Some((_, Some(home))) if home == guild => None,
            Some((rowid, home)) => Some((finding(RowProblem::Moved { from: home }), Some(rowid))),
            // Where the guild is part of the key, the row may stand in the source under another one.
            None => Some(self.elsewhere(mapping, spec, &restored)?.map_or_else(
                || (finding(RowProblem::Added), None),
                |(rowid, home)| (finding(RowProblem::Moved { from: Some(home) }), Some(rowid)),
            )),
        })
    }

    /// A row of the source with the same key but for the guild, which its own guild's file does not have.
    fn elsewhere(
        &self,
        mapping: &Mapping,
        spec: &TableSpec,
        restored: &[OwnedValue],
    ) -> Result<Option<(i64, GuildId)>, VerifyError> {
        let odd: u64 = self.report.wrong_rows.values().sum();
        if spec.key.len() < 2 || !spec.key.contains(&"guild_id") || odd > SEARCHED {
            return Ok(None);
        }
        for (home, _) in self
            .suspects
            .guilds
            .iter()
            .filter(|(_, table)| *table == mapping.old)
        {
            let key = home.to_string();
            let found = self.sides.source.with_row(
                mapping.old,
                &old_key(spec, restored, Some(key.as_bytes())),
                |found| found.map(|(rowid, values)| (rowid, self.is_missing(mapping, *home, values))),
            )?;
            if let Some((rowid, Ok(true))) = found {
                return Ok(Some((rowid, *home)));
            }
        }
        Ok(None)
    }

    /// Whether a row of the source is not in its guild's file.
    fn is_missing(
        &self,
        mapping: &Mapping,
        home: GuildId,
        values: &[OldValue<'_>],
    ) -> Result<bool, VerifyError> {
        let Ok(carried) = row::carry(mapping.old.spec(), home, values, &mut Tally::default()) else {
            return Ok(false);
        };
        let Some((file, _)) = self.file_of(home) else {
            return Ok(true);
        };
        Ok(file.with_row(
            mapping.table,
            &mapping.columns,
            &key_of(mapping, &carried),
            |row| row.is_none(),
        )?)
    }

    /// Rows of the source that their guild's file does not have, or has otherwise.
    fn rows_missing_or_changed(&mut self) -> Result<(), VerifyError> {
        let mappings = mappings();
        let mut attribution: Attribution = self.sides.census.attribution.clone();
        let sides = self.sides;
        walk(
            sides.source,
            &mut attribution,
            &mut Tally::default(),
            |row, place| {
                let Place::Pod(carried) = place else { return Ok(()) };
                if !self.suspects.has_table(row.table)
                    || !self.suspects.guilds.contains(&(carried.guild, row.table))
                    || self.moved.contains(&(row.table, row.rowid))
                {
                    return Ok(());
                }
                let mapping = &mappings[place_of(&mappings, row.table)];
                self.look_up(mapping, &row, &carried)
            },
        )
    }

    fn look_up(
        &mut self,
        mapping: &Mapping,
        row: &SourceRow<'_, '_>,
        carried: &CarriedRow<'_>,
    ) -> Result<(), VerifyError> {
        let Some((file, name)) = self.file_of(carried.guild) else {
            // Said already, or a guild that the manifest does not know.
            let key = key_text(row.table.spec(), row.values);
            let file = "no file".to_owned();
            let problem = RowProblem::Missing;
            if self.sides.files.pods.iter().all(Option::is_some) {
                self.found(RowFinding {
                    file,
                    table: row.table,
                    guild: Some(carried.guild),
                    key,
                    problem,
                });
            }
            return Ok(());
        };
        let problem = file.with_row(
            mapping.table,
            &mapping.columns,
            &key_of(mapping, carried),
            |found| match found {
                None => Some(RowProblem::Missing),
                Some(values) => {
                    let pairs = mapping.values(carried).zip(values).zip(&mapping.columns);
                    let columns: Vec<_> = pairs
                        .filter(|((a, b), _)| a != *b)
                        .map(|(_, name)| *name)
                        .collect();
                    (!columns.is_empty()).then_some(RowProblem::Changed { columns })
                }
            },
        )?;
        if let Some(problem) = problem {
            let key = key_text(row.table.spec(), row.values);
            let file = name.to_owned();
            self.found(RowFinding {
                file,
                table: row.table,
                guild: Some(carried.guild),
                key,
                problem,
            });
        }
        Ok(())
    }

    /// Rows beside the pods' files, compared by rowid.
    fn kept_rows(&mut self) -> Result<(), VerifyError> {
        let sides: [(Side, &str, Option<&LegacyDb>); 2] = [
            (Side::Global, manifest::GLOBAL, self.sides.files.global.as_ref()),
            (
                Side::Quarantine,
                manifest::QUARANTINE,
                self.sides.files.quarantine.as_ref(),
            ),
        ];
        let mut suspects: Vec<(Side, OldTable)> = self.suspects.sides.iter().copied().collect();
        suspects.sort();
        for (side, table) in suspects {
            let group = if side == Side::Reasons {
                Side::Quarantine
            } else {
                side
            };
            let Some((_, name, Some(file))) = sides.iter().find(|(candidate, ..)| *candidate == group) else {
                continue;
            };
            let (expected, found) = (
                self.kept_in_source(side, table)?,
                kept_in_file(file, side, table)?,
            );
            for (rowid, hash) in &expected {
                let problem = match found.get(rowid) {
                    Some(there) if there == hash => continue,
                    None if side == Side::Reasons => continue,
                    None => RowProblem::Missing,
                    Some(_) if side == Side::Reasons => RowProblem::Reason,
                    Some(_) => RowProblem::Changed {
                        columns: vec!["a value"],
                    },
                };
                self.found_kept(name, table, *rowid, problem);
            }
            for rowid in found
                .keys()
                .filter(|rowid| side != Side::Reasons && !expected.contains_key(rowid))
            {
                self.found_kept(name, table, *rowid, RowProblem::Added);
            }
        }
        Ok(())
    }

    fn found_kept(&mut self, file: &str, table: OldTable, rowid: i64, problem: RowProblem) {
        let key = format!("rowid {rowid}");
        self.found(RowFinding {
            file: file.to_owned(),
            table,
            guild: None,
            key,
            problem,
        });
    }

    fn kept_in_source(&self, side: Side, table: OldTable) -> Result<BTreeMap<i64, u128>, VerifyError> {
        let mut kept = kept_hashers();
        let mut hashes = BTreeMap::new();
        let mut attribution = self.sides.census.attribution.clone();
        walk(
            self.sides.source,
            &mut attribution,
            &mut Tally::default(),
            |row, place| {
                if row.table != table {
                    return Ok::<_, SourceError>(());
                }
                let hash = match (side, place) {
                    (Side::Global, Place::Global) | (Side::Quarantine, Place::Quarantine(_)) => {
                        hash_kept(hasher(&mut kept, table), row.rowid, row.values)
                    }
                    (Side::Reasons, Place::Quarantine(refusal)) => hash_reason(
                        hasher(&mut kept, table),
                        row.rowid,
                        refusal.name(),
                        refusal.column(),
                    ),
                    _ => return Ok(()),
                };
                hashes.insert(row.rowid, hash.get());
                Ok(())
            },
        )?;
        Ok(hashes)
    }
}

fn kept_in_file(file: &LegacyDb, side: Side, table: OldTable) -> Result<HashMap<i64, u128>, VerifyError> {
    let mut kept = kept_hashers();
    let mut hashes: HashMap<i64, u128> = HashMap::new();
    let mut put = |rowid: i64, hash: RowHash| hashes.insert(rowid, hash.get());
    if side == Side::Reasons {
        file.for_each_reason(|name, rowid, reason, column| {
            if name == table.name() {
                put(
                    rowid,
                    hash_reason(hasher(&mut kept, table), rowid, reason, column),
                );
            }
        })?;
    } else {
        file.for_each_row(table, |rowid, values| {
            put(rowid, hash_kept(hasher(&mut kept, table), rowid, values));
            Ok::<_, SourceError>(())
        })?;
    }
    Ok(hashes)
}

/// The values of the pod's key of a carried row.
fn key_of<'r>(mapping: &'r Mapping, carried: &'r CarriedRow<'_>) -> Vec<Value<'r>> {
    let place = |name: &str| mapping.columns.iter().position(|column| *column == name);
    let values: Vec<Value<'r>> = mapping.values(carried).collect();
    mapping
        .table
        .key()
        .iter()
        .filter_map(|column| Some(values[place(column.name)?]))
        .collect()
}

/// The values of the old key of a restored row; the guild's replaced by `guild` where that is given.
fn old_key<'r>(spec: &TableSpec, restored: &'r [OwnedValue], guild: Option<&'r [u8]>) -> Vec<OldValue<'r>> {
    let value = |name: &&'static str| match guild {
        Some(guild) if *name == "guild_id" => Some(OldValue::Text(guild)),
        _ => Some(restored[spec.position(name)?].borrowed()),
    };
    spec.key.iter().filter_map(value).collect()
}

/// What names a row of the source.
fn key_text(spec: &TableSpec, values: &[OldValue<'_>]) -> String {
    let part = |name: &&'static str| {
        Some(format!(
            "{name} {}",
            show(&values[spec.position(name)?], KEY_CHARACTERS)
        ))
    };
    let rest: Vec<String> = spec
        .key
        .iter()
        .filter(|name| **name != "guild_id")
        .filter_map(part)
        .collect();
    if rest.is_empty() {
        "the row".to_owned()
    } else {
        rest.join(", ")
    }
}

/// What names a row of a pod's file.
fn new_key(mapping: &Mapping, values: &[Value<'_>]) -> String {
    let own = mapping
        .table
        .key()
        .iter()
        .filter(|column| column.name != "guild_id");
    let part = |name: &'static str| {
        let at = mapping.columns.iter().position(|column| *column == name)?;
        Some(format!("{name} {}", show(&values[at], KEY_CHARACTERS)))
    };
    let parts: Vec<String> = own.filter_map(|column| part(column.name)).collect();
    if parts.is_empty() {
        "the row".to_owned()
    } else {
        parts.join(", ")
    }
}
