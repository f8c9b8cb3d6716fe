//! A bundle with what changed: the rows of noted keys as they are, and the keys of rows that went.

use std::path::Path;

use rusqlite::Connection;

use super::error::BundleError;
use super::export::{ExportSource, SHARD, attach_for_reading, exportable, label, version_of};
use super::file::{BundleMeta, BundleWriter};
use crate::domain::bundle::{BundleHeader, BundleKind, SchemaVersion};
use crate::domain::digest::{GuildDigest, TableDigest, TableDigests};
use crate::domain::fence::FenceMode;
use crate::domain::ids::{GuildId, MoveId};
use crate::store::shard_db::capture::{self, Capture, captured_table, changes};
use crate::store::shard_db::row_functions::RowCounter;
use crate::store::shard_db::tables::{GuildTable, guild_tables};
use crate::store::shard_db::{OpenError, row_sql};

/// Writes the rounds up to `round` that the copy does not have yet. From a frozen guild that is the last one: it then
/// carries the guild's digest, computed from the changed rows alone. Blocking.
pub fn export_delta(
    source: ExportSource<'_>,
    move_id: MoveId,
    round: u64,
    to: &Path,
) -> Result<BundleHeader, BundleError> {
    let shard = super::export::absolute(source.shard)?;
    let failed = |error| OpenError::from_sqlite(&shard, error);
    let version = version_of(&shard)?;
    let kind = BundleKind::Delta { since: 0, round };
    let mut writer = BundleWriter::create_at(to, source.guild, version, kind)?;
    attach_for_reading(writer.connection()?, &shard).map_err(failed)?;
    let counter = RowCounter::register(writer.connection()?).map_err(failed)?;
    let fence = exportable(writer.connection()?, &shard, source.guild)?;
    let capture = capture::read_from(writer.connection()?, SHARD, source.guild)
        .map_err(failed)?
        .filter(|capture| capture.move_id == move_id && round < capture.round)
        .ok_or_else(|| BundleError::NotCaptured {
            guild: source.guild,
            move_id,
            round,
        })?;
    for table in guild_tables(version) {
        let copied = copy_changed(
            writer.connection()?,
            &counter,
            version,
            table,
            source.guild,
            round,
        );
        let (rows, gone) = copied.map_err(failed)?;
        writer.count(table, rows);
        writer.count_gone(table, gone);
    }
    let frozen = fence.state.mode == FenceMode::Frozen;
    let connection = writer.connection()?;
    let digest = frozen
        .then(|| digest_now(connection, version, source.guild, &capture))
        .transpose();
    let digest = digest.map_err(failed)?.flatten();
    let meta = BundleMeta {
        kind: BundleKind::Delta {
            since: capture.settled,
            round,
        },
        epoch: fence.state.epoch,
        progress: fence.progress,
        source: label(connection, &shard),
        exported_at: source.now,
    };
    writer.finish_with(meta, digest)
}

/// Rows and keys of one table, with their digests.
fn copy_changed(
    connection: &Connection,
    counter: &RowCounter,
    version: SchemaVersion,
    table: &GuildTable,
    guild: GuildId,
    round: u64,
) -> rusqlite::Result<(TableDigest, TableDigest)> {
    let noted = format!(
        "{SHARD}.{captured} c LEFT JOIN {SHARD}.{name} t ON {row}
         WHERE c.guild_id = ?1 AND c.captured_round <= ?2 AND NOT EXISTS (
             SELECT 1 FROM {SHARD}.{captured} e WHERE {first} AND e.captured_round < c.captured_round)",
        captured = captured_table(table),
        name = table.name,
        row = row_sql::same_key(table, "t.", "c."),
        first = row_sql::same_key(table, "e.", "c."),
    );
    let params = (guild.as_i64(), round.cast_signed());
    let rows = format!(
        "INSERT INTO main.{} ({}) SELECT {} FROM {noted} AND t.guild_id IS NOT NULL",
        table.name,
        row_sql::columns(table, version, ""),
        row_sql::exported_columns(table, version, "t."),
    );
    counter.take(table);
    connection.prepare_cached(&rows)?.execute(params)?;
    let rows = counter.take(table);
    let gone = format!(
        "INSERT INTO main.gone_{} ({}) SELECT counted_row({}, {key}){rest} FROM {noted} AND t.guild_id IS NULL",
        table.name,
        row_sql::list(table.key(), ""),
        table.index(),
        key = row_sql::list(table.key(), "c."),
        rest = row_sql::key_rest(table, "c.")
            .split(", ")
            .filter(|c| !c.is_empty())
            .fold(String::new(), |all, c| all + ", " + c),
    );
    connection.prepare_cached(&gone)?.execute(params)?;
    Ok((rows, counter.take(table)))
}

/// The guild's digest as it follows from the base and the noted keys, if the base was counted.
fn digest_now(
    connection: &Connection,
    version: SchemaVersion,
    guild: GuildId,
    capture: &Capture,
) -> rusqlite::Result<Option<GuildDigest>> {
    let Some(base) = &capture.base else {
        return Ok(None);
    };
    let now: TableDigests = changes(connection, SHARD, version, guild)?
        .into_iter()
        .map(|(table, side)| (table.to_owned(), side.applied_to(base.get(table))))
        .collect();
    Ok(Some(now.total()))
}
