//! The rows come into the pods' files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use super::{Claims, LoadError, Part, Prepared, Way};
use crate::domain::digest::{TableDigest, TableDigests};
use crate::domain::fence::FenceMode;
use crate::domain::ids::GuildId;
use crate::operations::legacy::manifest::GuildFacts;
use crate::operations::legacy::mapping::{guild_of, mappings};
use crate::operations::legacy::progress::{Progress, Step};
use crate::runtime::clock::{Clock as _, SystemClock};
use crate::runtime::files;
use crate::store::config_db::ClaimState;
use crate::store::read_only;
use crate::store::shard_db::bundle::{self, ExportSource, Pace};
use crate::store::shard_db::{self, CURRENT_SCHEMA, HandOver, Settings, ShardDb, ShardReader, tables};

/// Copies for pods that have no file, each beside its place; in the order of the parts.
pub(super) type Staged = Vec<Option<HandOver>>;

/// Copies the files of pods that have none, and compares the copies with the manifest, row for row.
pub(super) fn stage(prepared: &Prepared, store: Uuid, progress: &dyn Progress) -> Result<Staged, LoadError> {
    let wanted = |part: &&Part| part.way == Way::HandOver;
    if !prepared.parts.iter().any(|part| wanted(&part)) {
        return Ok(prepared.parts.iter().map(|_| None).collect());
    }
    progress.begin(Step::Copying, None);
    let copy = |part: &Part| -> Result<Option<HandOver>, LoadError> {
        if part.way != Way::HandOver {
            return Ok(None);
        }
        let staged = HandOver::stage(
            &part.source,
            &part.target,
            store,
            prepared.epoch(),
            &prepared.holder,
        );
        Ok(Some(staged?))
    };
    let staged = prepared.parts.iter().map(copy).collect::<Result<Staged, _>>()?;
    let rows = prepared.parts.iter().filter(wanted).flat_map(|part| &part.guilds);
    progress.begin(Step::Comparing, Some(rows.map(|facts| facts.rows).sum()));
    for (part, copy) in prepared.parts.iter().zip(&staged) {
        if let Some(copy) = copy {
            compare(copy.path(), part, &prepared.scratch, progress)?;
        }
    }
    Ok(staged)
}

/// Every guild of the copy has the rows that the manifest promises, and nobody else has any.
fn compare(copy: &Path, part: &Part, scratch: &Path, progress: &dyn Progress) -> Result<(), LoadError> {
    let wrong = |problem: String| LoadError::NotThisSplit {
        file: part.source.clone(),
        problem,
    };
    let file = ShardReader::open(copy, scratch)?;
    let mut mappings = mappings();
    let mut found: HashMap<GuildId, TableDigests> = HashMap::new();
    let mut stray = 0_u64;
    for table in tables::guild_tables(CURRENT_SCHEMA) {
        let Some(mapping) = mappings
            .iter_mut()
            .find(|mapping| mapping.table.name == table.name)
        else {
            let rows = file.count(table)?;
            if rows > 0 {
                return Err(wrong(format!(
                    "{} has {rows} rows that the old bot could not have",
                    table.name
                )));
            }
            continue;
        };
        let mut current: Option<(GuildId, TableDigest)> = None;
        let mut keep = |done: Option<(GuildId, TableDigest)>| {
            if let Some((guild, digest)) = done {
                found.entry(guild).or_default().set(table.name, digest);
            }
        };
        let columns = mapping.columns.clone();
        file.for_each_row(table, &columns, None, |values| {
            progress.advance(1);
            let hash = mapping.hash_values(values);
            let Some(guild) = guild_of(values) else {
                stray += 1;
                return Ok(());
            };
            // Rows come by guild.
            match &mut current {
                Some((same, digest)) if *same == guild => digest.add(hash),
                _ => {
                    let mut digest = TableDigest::default();
                    digest.add(hash);
                    keep(current.replace((guild, digest)));
                }
            }
            Ok::<_, LoadError>(())
        })?;
        keep(current.take());
    }
    judge(part, found, stray)
}

/// Compares what was found with the manifest; `stray` rows name no guild at all.
fn judge(part: &Part, mut found: HashMap<GuildId, TableDigests>, stray: u64) -> Result<(), LoadError> {
    for facts in &part.guilds {
        let digests = found.remove(&facts.guild).unwrap_or_default();
        if digests.total() != facts.digest {
            return Err(differs(part, facts, digests.rows()));
        }
    }
    if stray > 0 || !found.is_empty() {
        let others = found.len();
        return Err(LoadError::NotThisSplit {
            file: part.source.clone(),
            problem: format!("it has rows of {others} other guilds, and {stray} of none"),
        });
    }
    Ok(())
}

fn differs(part: &Part, facts: &GuildFacts, rows: u64) -> LoadError {
    LoadError::NotThisSplit {
        file: part.source.clone(),
        problem: if rows == facts.rows {
            format!("a row of guild {} is another", facts.guild)
        } else {
            format!("guild {} has {rows} rows, not {}", facts.guild, facts.rows)
        },
    }
}

/// Puts the rows of claimed guilds where they are served from, and looks whether store and fences agree.
pub(super) fn bring_in(
    prepared: &Prepared,
    staged: Staged,
    claims: &Claims,
    store: Uuid,
    progress: &dyn Progress,
) -> Result<(), LoadError> {
    let rows = prepared
        .parts
        .iter()
        .flat_map(|part| missing(part, claims).map(|facts| facts.rows));
    progress.begin(Step::Writing, Some(rows.sum()));
    for (part, staged) in prepared.parts.iter().zip(staged) {
        match staged {
            Some(copy) if missing(part, claims).count() == part.guilds.len() => {
                hand_over(part, copy, prepared, claims)?;
                progress.advance(part.guilds.iter().map(|facts| facts.rows).sum());
            }
            copy => {
                // Some guilds of this pod live elsewhere by now: the copy has rows that are not for it.
                drop(copy);
                import(prepared, part, claims, store, progress)?;
            }
        }
        expect_agreement(prepared, part, claims)?;
    }
    Ok(())
}

/// Guilds whose rows the pod is to have and has not.
fn missing<'p>(part: &'p Part, claims: &'p Claims) -> impl Iterator<Item = &'p GuildFacts> {
    part.guilds.iter().filter(|facts| {
        let claimed = claims.get(&facts.guild);
        let stays = claimed.is_some_and(|claimed| claimed.state != ClaimState::MovedOn);
        stays && !part.here.contains_key(&facts.guild)
    })
}

fn hand_over(part: &Part, copy: HandOver, prepared: &Prepared, claims: &Claims) -> Result<(), LoadError> {
    for facts in &part.guilds {
        match claims.get(&facts.guild) {
            Some(claimed) if claimed.epoch != prepared.epoch() => {
                copy.set_epoch(facts.guild, claimed.epoch)?;
            }
            _ => {}
        }
    }
    Ok(copy.publish()?)
}

fn import(
    prepared: &Prepared,
    part: &Part,
    claims: &Claims,
    store: Uuid,
    progress: &dyn Progress,
) -> Result<(), LoadError> {
    if part.way == Way::Nothing {
        return Ok(());
    }
    if !part.target.exists() {
        shard_db::create(&part.target, &SystemClock)?;
    }
    let settings = Settings {
        check_pages: true,
        holder: prepared.holder.clone(),
        ..Settings::default()
    };
    let db = ShardDb::open(&part.target, settings, Arc::new(SystemClock))?;
    let store = store.to_string();
    db.writer().write_blocking("belong to a fleet", move |tx| {
        let set = "INSERT OR REPLACE INTO meta (key, value) VALUES ('store_id', ?1)";
        Ok(tx.shard().execute(set, [store])?)
    })?;
    let beside = Beside::new(&part.target)?;
    for facts in missing(part, claims) {
        let source = ExportSource {
            shard: &part.source,
            guild: facts.guild,
            now: SystemClock.unix_ms(),
        };
        let header = bundle::export(source, &beside.0, &mut |_| {})?;
        if header.tables.total() != facts.digest {
            return Err(differs(part, facts, header.tables.rows()));
        }
        let epoch = claims.get(&facts.guild).map(|claimed| claimed.epoch);
        bundle::import(&db, &beside.0, epoch, Pace::AtOnce, &mut |_| {})?;
        files::remove_file(&beside.0)?;
        progress.advance(facts.rows);
    }
    Ok(())
}

/// The bundle of the guild in hand, beside the file it goes into; removed at the end.
struct Beside(PathBuf);

impl Beside {
    /// Clears what an interrupted run left.
    fn new(target: &Path) -> Result<Self, LoadError> {
        let path = read_only::beside(target, ".bundle");
        files::remove_file(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // What cannot be removed is cleared by the next run.
        let _ = files::remove_file(&self.0);
    }
}

/// The file's fences say what the store says.
fn expect_agreement(prepared: &Prepared, part: &Part, claims: &Claims) -> Result<(), LoadError> {
    let fences = ShardReader::open(&part.target, &prepared.scratch)?.fences()?;
    for facts in &part.guilds {
        let Some(claimed) = claims.get(&facts.guild).filter(|claimed| claimed.pod == part.pod) else {
            continue;
        };
        let at = fences.binary_search_by_key(&facts.guild, |fence| fence.guild_id);
        let state = at.ok().map(|at| &fences[at].state);
        let agrees = state.is_some_and(|state| {
            matches!(state.mode, FenceMode::Serving | FenceMode::Frozen) && state.epoch == claimed.epoch
        });
        if !agrees {
            return Err(LoadError::Disagree {
                guild: facts.guild,
                epoch: claimed.epoch,
                file: part.target.clone(),
                found: state.map_or_else(|| "nothing".to_owned(), ToString::to_string),
            });
        }
    }
    Ok(())
}
