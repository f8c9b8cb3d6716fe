//! The way back: one database that the old bot accepts, with everything that was written since the split.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::domain::fence::{Fence, FenceMode};
use crate::domain::ids::GuildId;
use crate::domain::legacy::holders::{Claim, HolderError, holders};
use crate::domain::legacy::row::{self, LeftOut};
use crate::domain::legacy::tables::OldTable;
use crate::domain::legacy::{OldValue, OwnedValue, show};
use crate::operations::legacy::manifest::{GLOBAL, Manifest, ManifestError, QUARANTINE};
use crate::operations::legacy::mapping::{Mapping, guild_of, mappings};
use crate::operations::legacy::progress::{Progress, Step};
use crate::runtime::files::FileError;
use crate::store::legacy_db::{
    Inserter, LegacyDb, LegacyWriter, SourceError, Staging, StagingError, WriteError,
};
use crate::store::shard_db::{ShardReader, ShardReaderError};

/// What is joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// The pods' files.
    pub shards: Vec<PathBuf>,
    /// The fleet's rows.
    pub global: PathBuf,
    /// The rows in quarantine.
    pub quarantine: PathBuf,
}

impl Sources {
    /// The files of a split.
    pub fn of_split(directory: &Path) -> Result<Self, ManifestError> {
        let manifest = Manifest::read(directory)?;
        Ok(Self {
            shards: manifest
                .pods
                .iter()
                .map(|pod| directory.join(&pod.file))
                .collect(),
            global: directory.join(GLOBAL),
            quarantine: directory.join(QUARANTINE),
        })
    }
}

const NOT_ANSWERED: &str = "discord_has_not_answered";
const OUT_OF_RANGE: &str = "time_out_of_range";
const KEY_TAKEN: &str = "key_is_taken";
const OTHER_TYPE: &str = "value_of_another_type";

/// Why rows were left out, in machine output.
pub const REASONS: [&str; 4] = [NOT_ANSWERED, OUT_OF_RANGE, KEY_TAKEN, OTHER_TYPE];

/// Why nothing was joined.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The directory is not a split.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A pod's file cannot be read.
    #[error(transparent)]
    Shard(#[from] ShardReaderError),
    /// Another file cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Two files, or none, hold a guild.
    #[error("{}: {error}", files.join(" and "))]
    Holder {
        /// The files it is about.
        files: Vec<String>,
        /// What is wrong.
        error: HolderError,
    },
    /// A file has rows of a guild without a fence.
    #[error("{file} has rows of guild {guild}, but no fence that says whose they are")]
    NoFence {
        /// The file.
        file: String,
        /// The guild.
        guild: String,
    },
    /// The place for the output cannot be had.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The output cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
}

/// What was joined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows of the new database per table.
    pub rows: BTreeMap<OldTable, u64>,
    /// Guilds with rows.
    pub guilds: u64,
    /// Rows that the old schema cannot hold, by table and reason; they stand in the file beside the output.
    pub left_out: BTreeMap<(OldTable, &'static str), u64>,
    /// Where they stand, where there are any.
    pub left_out_file: Option<PathBuf>,
    /// Actions that were decided and not settled: the old bot will not take them.
    pub open_actions: u64,
    /// Timers: the old bot finds what is due in its own tables.
    pub timers: u64,
}

impl Report {
    /// Whether everything is in the new database.
    pub fn is_whole(&self) -> bool {
        self.left_out.is_empty() && self.open_actions == 0
    }
}

/// Joins the files into a database of the old schema at `out`, which must not exist.
pub fn join(
    sources: &Sources,
    out: &Path,
    scratch: &Path,
    progress: &dyn Progress,
) -> Result<Report, JoinError> {
    let files = sources
        .shards
        .iter()
        .map(|path| ShardReader::open(path, scratch))
        .collect::<Result<Vec<_>, _>>()?;
    let global = LegacyDb::open(&sources.global, scratch)?;
    let quarantine = LegacyDb::open(&sources.quarantine, scratch)?;
    let holders = find_holders(&files)?;
    let staging = Staging::claim(out)?;
    let writer = LegacyWriter::create(&staging.path("joined.sqlite3"))?;
    progress.begin(Step::Writing, count_rows(&files)?);
    let mut joiner = Joiner {
        files: &files,
        holders: &holders,
        writer: &writer,
        report: Report::default(),
        left_out: String::new(),
        progress,
    };
    for mapping in mappings() {
        joiner.table(&mapping)?;
    }
    joiner.kept(&global, &[OldTable::Users])?;
    joiner.kept(&quarantine, &OldTable::ALL)?;
    joiner.unfinished()?;
    let Joiner {
        mut report, left_out, ..
    } = joiner;
    report.guilds = holders.len() as u64;
    let migrations = global.migrations()?;
    writer.record_migrations(
        migrations
            .iter()
            .map(|(name, time)| (name.as_str(), time.as_str())),
    )?;
    progress.begin(Step::Finishing, None);
    writer.finish()?;
    if !left_out.is_empty() {
        let mut name = out.as_os_str().to_owned();
        name.push(".left-out.jsonl");
        let path = PathBuf::from(name);
        crate::runtime::files::write_atomic(&path, left_out.as_bytes(), 0o600)?;
        report.left_out_file = Some(path);
    }
    staging.publish_file("joined.sqlite3")?;
    Ok(report)
}

fn name_of(file: &ShardReader) -> String {
    file.path()
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn find_holders(files: &[ShardReader]) -> Result<BTreeMap<GuildId, usize>, JoinError> {
    let mut claims = Vec::new();
    for (at, file) in files.iter().enumerate() {
        for fence in file.fences()? {
            let Fence { guild_id, state, .. } = fence;
            // An import that was given up never owned anything.
            let gave_up = state.mode == FenceMode::Tombstone && state.move_id.is_some();
            let mode = if gave_up { FenceMode::Importing } else { state.mode };
            claims.push(Claim {
                file: at,
                guild: guild_id,
                epoch: state.epoch,
                mode,
            });
        }
    }
    holders(&claims).map_err(|error| {
        let places = match &error {
            HolderError::Two { files, .. } => files.to_vec(),
            HolderError::Elsewhere { file, .. } => vec![*file],
        };
        JoinError::Holder {
            files: places.into_iter().map(|at| name_of(&files[at])).collect(),
            error,
        }
    })
}

fn count_rows(files: &[ShardReader]) -> Result<Option<u64>, JoinError> {
    let mut rows = 0;
    for file in files {
        for mapping in mappings() {
            rows += file.count(mapping.table)?;
        }
    }
    Ok(Some(rows))
}

struct Joiner<'j> {
    files: &'j [ShardReader],
    holders: &'j BTreeMap<GuildId, usize>,
    writer: &'j LegacyWriter,
    report: Report,
    /// A JSON object on each line.
    left_out: String,
    progress: &'j dyn Progress,
}

impl Joiner<'_> {
    fn table(&mut self, mapping: &Mapping) -> Result<(), JoinError> {
        let mut inserter = self.writer.inserter(mapping.old)?;
        // A message may have been reported again after its report was deleted; the old schema has room for one of
        // them, and that is the one that counts.
        let passes: &[Option<bool>] = if mapping.old == OldTable::ReportedMessages {
            &[Some(false), Some(true)]
        } else {
            &[None]
        };
        let deleted_at = mapping.columns.iter().position(|name| *name == "deleted_at");
        for pass in passes {
            for (at, file) in self.files.iter().enumerate() {
                file.for_each_row(mapping.table, &mapping.columns, None, |values| {
                    let is_deleted = deleted_at.map(|at| values[at] != OldValue::Null);
                    if pass.is_some() && *pass != is_deleted {
                        return Ok(());
                    }
                    self.progress.advance(1);
                    self.row(mapping, at, values, &mut inserter)
                })?;
            }
        }
        Ok(())
    }

    fn row(
        &mut self,
        mapping: &Mapping,
        file: usize,
        values: &[OldValue<'_>],
        inserter: &mut Inserter<'_>,
    ) -> Result<(), JoinError> {
        let no_fence = || JoinError::NoFence {
            file: name_of(&self.files[file]),
            guild: values.first().map_or_else(String::new, |value| show(value, 20)),
        };
        let guild = guild_of(values).ok_or_else(no_fence)?;
        match self.holders.get(&guild) {
            None if self.knows(file, guild)? => return Ok(()),
            None => return Err(no_fence()),
            // What a move has left behind.
            Some(holder) if *holder != file => return Ok(()),
            Some(_) => {}
        }
        let restored = mapping.carried(values).ok_or(OTHER_TYPE).and_then(|carried| {
            row::restore(mapping.old.spec(), guild, &carried).map_err(|why| reason(&why))
        });
        match restored {
            Ok(restored) if inserter.insert(&restored)? => {
                *self.report.rows.entry(mapping.old).or_default() += 1;
            }
            Ok(_) => self.leave_out(mapping.old, KEY_TAKEN, &mapping.columns, values),
            Err(why) => self.leave_out(mapping.old, why, &mapping.columns, values),
        }
        Ok(())
    }

    /// Whether the file has a fence of the guild, of whatever kind.
    fn knows(&self, file: usize, guild: GuildId) -> Result<bool, JoinError> {
        Ok(self.files[file]
            .fences()?
            .iter()
            .any(|fence| fence.guild_id == guild))
    }

    /// Rows that were kept as they were.
    fn kept(&mut self, source: &LegacyDb, tables: &[OldTable]) -> Result<(), JoinError> {
        for table in tables {
            let mut inserter = self.writer.inserter(*table)?;
            let names: Vec<&'static str> = table.spec().columns.iter().map(|column| column.name).collect();
            source.for_each_row(*table, |_, values| {
                let owned: Vec<OwnedValue> = values.iter().map(OwnedValue::from).collect();
                if inserter.insert(&owned)? {
                    *self.report.rows.entry(*table).or_default() += 1;
                } else {
                    self.leave_out(*table, KEY_TAKEN, &names, values);
                }
                Ok::<_, JoinError>(())
            })?;
        }
        Ok(())
    }

    fn leave_out(&mut self, table: OldTable, why: &'static str, columns: &[&str], values: &[OldValue<'_>]) {
        *self.report.left_out.entry((table, why)).or_default() += 1;
        let row: serde_json::Map<String, serde_json::Value> = columns
            .iter()
            .zip(values)
            .map(|(name, value)| ((*name).to_owned(), json(value)))
            .collect();
        let line = serde_json::json!({ "table": table.name(), "reason": why, "row": row });
        let _ = writeln!(self.left_out, "{line}");
    }

    /// What the old bot will not do.
    fn unfinished(&mut self) -> Result<(), JoinError> {
        for (guild, file) in self.holders {
            let (actions, timers) = self.files[*file].unfinished(*guild)?;
            self.report.open_actions += actions;
            self.report.timers += timers;
        }
        Ok(())
    }
}

const fn reason(left_out: &LeftOut) -> &'static str {
    match left_out {
        LeftOut::Unanswered { .. } => NOT_ANSWERED,
        LeftOut::Unspellable { .. } => OUT_OF_RANGE,
    }
}

/// A value as JSON: numbers as strings where they may be ids, bytes as hex.
fn json(value: &OldValue<'_>) -> serde_json::Value {
    match value {
        OldValue::Null => serde_json::Value::Null,
        OldValue::Integer(number) => number.to_string().into(),
        OldValue::Real(number) => serde_json::json!(number),
        OldValue::Text(bytes) => String::from_utf8_lossy(bytes).into(),
        OldValue::Blob(bytes) => hex::encode(bytes).into(),
    }
}
