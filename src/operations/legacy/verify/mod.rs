//! Is everything there? The source against the split, row for row, by sums first and by name where they differ.

mod finding;
mod naming;
mod sums;

use std::collections::BTreeMap;
use std::path::Path;

pub use finding::{Finding, RowFinding, RowProblem};

use crate::domain::fence::FenceMode;
use crate::domain::ids::GuildId;
use crate::domain::legacy::tables::OldTable;
use crate::operations::legacy::census::{Census, census};
use crate::operations::legacy::manifest::{self, Manifest, ManifestError};
use crate::operations::legacy::progress::{Progress, Step};
use crate::store::legacy_db::{LegacyDb, SourceError};
use crate::store::shard_db::{ShardReader, ShardReaderError};
use sums::Sums;

/// Why nothing could be compared.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The directory is not a split.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The source cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A pod's file cannot be read any more.
    #[error(transparent)]
    Shard(#[from] ShardReaderError),
}

/// What comparing has shown.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Where the rows of each table are.
    pub tables: Vec<TableReport>,
    /// What is wrong; rows are named up to a limit.
    pub findings: Vec<Finding>,
    /// Rows that are wrong, by kind of problem, named or not.
    pub wrong_rows: BTreeMap<&'static str, u64>,
    /// Whether the source is no longer what was split: the split itself is as it was made.
    pub source_changed: bool,
}

/// Rows of one table, by where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableReport {
    /// The table.
    pub table: OldTable,
    /// In the source.
    pub source: u64,
    /// In the pods' files.
    pub pods: u64,
    /// In the fleet's file.
    pub global: u64,
    /// In quarantine.
    pub quarantine: u64,
    /// Left behind on purpose.
    pub not_carried: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty() && self.wrong_rows.is_empty()
    }
}

/// The files of a split, as far as they can be opened.
#[derive(Debug)]
struct Files {
    pods: Vec<Option<ShardReader>>,
    global: Option<LegacyDb>,
    quarantine: Option<LegacyDb>,
}

/// Compares a source with a split of it.
///
/// Reads every row of both twice at most; memory grows with the guilds, not with the rows.
pub fn verify(
    source: &Path,
    directory: &Path,
    scratch: &Path,
    progress: &dyn Progress,
) -> Result<Report, VerifyError> {
    let manifest = Manifest::read(directory)?;
    let source = LegacyDb::open(source, scratch)?;
    source.check_schema()?;
    progress.begin(Step::Checking, None);
    source.check_pages()?;
    let mut report = Report::default();
    let files = open_files(&manifest, directory, scratch, &mut report);
    let census = census(&source, progress)?;
    progress.begin(Step::Comparing, Some(census.total() * 2));
    let expected = Sums::of_source(&source, &census, progress)?;
    let found = Sums::of_files(&files, progress, &mut report)?;
    check_fences(&manifest, &expected, &files, &mut report)?;
    check_pods(&manifest, &found, &mut report);
    let suspects = expected.differences(&found);
    if !suspects.is_empty() {
        naming::name_rows(
            &naming::Sides {
                source: &source,
                census: &census,
                files: &files,
                manifest: &manifest,
            },
            &suspects,
            &mut report,
        )?;
        report.source_changed = !expected.is_of(&manifest) && found.is_of(&manifest);
    }
    report.tables = table_reports(&census, &found, &expected);
    source.check_unchanged()?;
    Ok(report)
}

fn open_files(manifest: &Manifest, directory: &Path, scratch: &Path, report: &mut Report) -> Files {
    let mut broken = |file: &str, error: &(dyn std::error::Error + 'static)| {
        report.findings.push(Finding::File {
            file: file.to_owned(),
            problem: chain(error),
        });
    };
    let mut pods = Vec::new();
    for pod in &manifest.pods {
        let opened = ShardReader::open(&directory.join(&pod.file), scratch)
            .and_then(|file| file.check_pages().map(|()| file));
        let opened = opened.map_err(|error| broken(&pod.file, &error)).ok();
        if let Some(file) = &opened
            && file.meta("legacy_split_id").ok().flatten().as_ref() != Some(&manifest.split_id)
        {
            broken(&pod.file, &finding::OfAnotherSplit);
        }
        pods.push(opened);
    }
    let mut side = |name: &str| {
        let opened =
            LegacyDb::open(&directory.join(name), scratch).and_then(|file| file.check_pages().map(|()| file));
        opened.map_err(|error| broken(name, &error)).ok()
    };
    Files {
        global: side(manifest::GLOBAL),
        quarantine: side(manifest::QUARANTINE),
        pods,
    }
}

/// An error with its causes on one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Every guild with rows is fenced as served, at the split's epoch, in its pod's file and nowhere else.
fn check_fences(
    manifest: &Manifest,
    expected: &Sums,
    files: &Files,
    report: &mut Report,
) -> Result<(), VerifyError> {
    let mut missing: BTreeMap<GuildId, &str> = BTreeMap::new();
    for guild in expected.guilds() {
        let pod = manifest
            .guilds
            .binary_search_by_key(&guild, |facts| facts.guild)
            .map(|at| manifest.guilds[at].pod);
        let file = manifest
            .pods
            .iter()
            .find(|facts| Ok(facts.pod) == pod)
            .map_or("", |facts| &facts.file);
        missing.insert(guild, file);
    }
    for (facts, file) in manifest.pods.iter().zip(&files.pods) {
        let Some(file) = file else {
            missing.retain(|_, name| *name != facts.file);
            continue;
        };
        for fence in file.fences()? {
            let (guild, state) = (fence.guild_id, fence.state);
            let shard = guild.discord_shard(manifest.num_shards);
            let is_here = missing.get(&guild) == Some(&facts.file.as_str());
            let is_right = state.mode == FenceMode::Serving
                && state.epoch == manifest.epoch
                && fence.progress.shard_id == shard.get();
            missing.remove(&guild);
            let problem = match (is_here, is_right) {
                (true, true) => continue,
                (true, false) => format!(
                    "the fence says {state} on Discord shard {}",
                    fence.progress.shard_id
                ),
                (false, _) => "the file has a fence of a guild that is not its own".to_owned(),
            };
            report.findings.push(Finding::Fence {
                file: facts.file.clone(),
                guild,
                problem,
            });
        }
    }
    for (guild, file) in missing {
        report.findings.push(Finding::Fence {
            file: file.to_owned(),
            guild,
            problem: "the file has no fence of the guild".to_owned(),
        });
    }
    Ok(())
}

/// No guild has rows in a file that is not its pod's.
fn check_pods(manifest: &Manifest, found: &Sums, report: &mut Report) {
    for (guild, pods) in found.pods_of_guilds() {
        let own = manifest
            .guilds
            .binary_search_by_key(&guild, |facts| facts.guild)
            .map(|at| manifest.guilds[at].pod);
        for (at, rows) in pods {
            let Some(facts) = manifest.pods.get(at) else {
                continue;
            };
            if own != Ok(facts.pod) {
                report.findings.push(Finding::WrongFile {
                    file: facts.file.clone(),
                    guild,
                    rows,
                });
            }
        }
    }
}

fn table_reports(census: &Census, found: &Sums, expected: &Sums) -> Vec<TableReport> {
    let report = |(table, source): &(OldTable, u64)| TableReport {
        table: *table,
        source: *source,
        pods: found.pod_rows(*table),
        global: found.side_rows(*table, sums::Side::Global),
        quarantine: found.side_rows(*table, sums::Side::Quarantine),
        not_carried: expected.not_carried(*table),
    };
    census.tables.iter().map(report).collect()
}
