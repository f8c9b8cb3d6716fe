//! Exporting a guild from a shard, at one moment, while writers go on.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _};

use super::error::BundleError;
use super::file::{BundleMeta, BundleWriter};
use crate::domain::bundle::{BundleHeader, BundleKind, SchemaVersion};
use crate::domain::fence::{Fence, FenceMode};
use crate::domain::ids::{Epoch, GuildId, MoveId};
use crate::runtime::files::FileError;
use crate::store::shard_db::copy::{Copy, Direction};
use crate::store::shard_db::open::{check_application, check_schema};
use crate::store::shard_db::row_functions::RowCounter;
use crate::store::shard_db::tables::guild_tables;
use crate::store::shard_db::{OpenError, fence_rows, uri};

/// Rows between two reports of progress.
pub(super) const CHUNK: u32 = 20_000;
/// The name under which the shard is attached to the bundle.
pub(super) const SHARD: &str = "shard";

/// How far a copy has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyProgress {
    /// The table at work.
    pub table: &'static str,
    /// Rows copied so far, of all tables.
    pub rows: u64,
    /// Rows there are, where that is known.
    pub total: Option<u64>,
}

/// What to export.
#[derive(Debug, Clone, Copy)]
pub struct ExportSource<'a> {
    /// The shard's file; it may be in use.
    pub shard: &'a Path,
    /// The guild.
    pub guild: GuildId,
    /// Now, in Unix milliseconds.
    pub now: i64,
}

/// Writes a guild's rows at one moment into a bundle at `to`. The shard is only read. Blocking.
pub fn export(
    source: ExportSource<'_>,
    to: &Path,
    on_progress: &mut dyn FnMut(CopyProgress),
) -> Result<BundleHeader, BundleError> {
    export_where(source, to, exportable, on_progress)
}

/// The same for a guild that was given away with a move and whose rows are all still here, for the target of that
/// move. The bundle says that it is of the epoch before. Blocking.
pub fn export_in_custody(
    source: ExportSource<'_>,
    move_id: MoveId,
    to: &Path,
) -> Result<BundleHeader, BundleError> {
    let whole = |connection: &Connection, shard: &Path, guild| {
        let mut fence = found(connection, shard, guild)?;
        if fence.state.in_custody(move_id).is_none() {
            return Err(not_whole(&fence, shard));
        }
        fence.state.epoch = Epoch::new(fence.state.epoch.get().saturating_sub(1));
        Ok(fence)
    };
    export_where(source, to, whole, &mut |_| {})
}

/// Reads the fence in an attached shard, and says whether the guild's rows may be exported.
type Whole<'a> = &'a dyn Fn(&Connection, &Path, GuildId) -> Result<Fence, BundleError>;

fn export_where(
    source: ExportSource<'_>,
    to: &Path,
    whole: impl Fn(&Connection, &Path, GuildId) -> Result<Fence, BundleError>,
    on_progress: &mut dyn FnMut(CopyProgress),
) -> Result<BundleHeader, BundleError> {
    let shard = absolute(source.shard)?;
    let version = version_of(&shard)?;
    let mut writer = BundleWriter::create_at(to, source.guild, version, BundleKind::Full)?;
    let fence = copy_rows(&mut writer, (&shard, &whole), source.guild, version, on_progress)?;
    let label = label(writer.connection()?, &shard);
    writer.finish(BundleMeta {
        kind: BundleKind::Full,
        epoch: fence.state.epoch,
        progress: fence.progress,
        source: label,
        exported_at: source.now,
    })
}

/// The shard's path as it can be attached, if there is such a file.
pub(super) fn absolute(shard: &Path) -> Result<PathBuf, BundleError> {
    let path = std::path::absolute(shard).map_err(|source| FileError {
        action: "find",
        path: shard.to_owned(),
        source,
    })?;
    if path.exists() {
        Ok(path)
    } else {
        Err(OpenError::NotFound { path }.into())
    }
}

/// The shard's schema, once it is clear that it is a shard.
pub(super) fn version_of(shard: &Path) -> Result<SchemaVersion, BundleError> {
    let failed = |source| OpenError::from_sqlite(shard, source);
    let probe = crate::store::shard_db::open::scratch().map_err(failed)?;
    uri::attach_read_only(&probe, shard, SHARD).map_err(failed)?;
    check_application(shard, &probe, SHARD)?;
    Ok(check_schema(shard, &probe, SHARD)?)
}

fn copy_rows(
    writer: &mut BundleWriter,
    (shard, whole): (&Path, Whole<'_>),
    guild: GuildId,
    version: SchemaVersion,
    on_progress: &mut dyn FnMut(CopyProgress),
) -> Result<Fence, BundleError> {
    let failed = |source| OpenError::from_sqlite(shard, source);
    let connection = writer.connection()?;
    attach_for_reading(connection, shard).map_err(failed)?;
    let counter = RowCounter::register(connection).map_err(failed)?;
    // The first read fixes the moment: fence and rows are of the same one.
    let fence = whole(connection, shard, guild)?;
    let mut rows = 0;
    for table in guild_tables(version) {
        loop {
            let copy = Copy {
                connection: writer.connection()?,
                counter: &counter,
                from: SHARD,
                version,
                direction: Direction::Export,
                guild,
            };
            let copied = copy.next_rows(table, CHUNK).map_err(failed)?;
            writer.count(table, copied.digest);
            rows += copied.digest.rows;
            on_progress(CopyProgress {
                table: table.name,
                rows,
                total: None,
            });
            if copied.finished {
                break;
            }
        }
    }
    Ok(fence)
}

/// Attaches the shard to a bundle that has its tables, and opens the transaction in which it is filled.
pub(super) fn attach_for_reading(connection: &Connection, shard: &Path) -> rusqlite::Result<()> {
    // A file cannot be attached inside the transaction that made the tables.
    connection.execute_batch("COMMIT")?;
    uri::attach_read_only(connection, shard, SHARD)?;
    connection.execute_batch("BEGIN")
}

/// The guild's fence, if its rows are whole: an import under way or rows being deleted are no guild.
pub(super) fn exportable(
    connection: &Connection,
    shard: &Path,
    guild: GuildId,
) -> Result<Fence, BundleError> {
    let fence = found(connection, shard, guild)?;
    match fence.state.mode {
        FenceMode::Serving | FenceMode::Frozen => Ok(fence),
        FenceMode::Importing | FenceMode::Tombstone => Err(not_whole(&fence, shard)),
    }
}

fn found(connection: &Connection, shard: &Path, guild: GuildId) -> Result<Fence, BundleError> {
    fence_rows::read_from(connection, SHARD, guild)
        .map_err(|source| OpenError::from_sqlite(shard, source))?
        .ok_or_else(|| BundleError::NoSuchGuild {
            guild,
            shard: shard.to_owned(),
        })
}

fn not_whole(fence: &Fence, shard: &Path) -> BundleError {
    BundleError::NotWhole {
        guild: fence.guild_id,
        mode: fence.state.mode,
        epoch: fence.state.epoch,
        shard: shard.to_owned(),
    }
}

/// The shard's name and identity, for people.
pub(super) fn label(connection: &Connection, shard: &Path) -> String {
    let sql = "SELECT value FROM shard.meta WHERE key = 'file_id'";
    let file_id: Option<String> = connection
        .query_row(sql, [], |row| row.get(0))
        .optional()
        .unwrap_or_default();
    let name = shard
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    match file_id {
        Some(id) => format!("{name} ({id})"),
        None => name,
    }
}
