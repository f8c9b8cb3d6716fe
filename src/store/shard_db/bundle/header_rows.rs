//! The header of a bundle, as rows.

use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::domain::bundle::{BundleHeader, BundleKind, BundleSeal, FORMAT, SchemaVersion};
use crate::domain::digest::{GuildDigest, TableDigest, TableDigests};
use crate::domain::fence::{Position, Progress};
use crate::domain::ids::{Epoch, GuildId, Revision, SessionNo};

/// The tables of the header.
pub(in crate::store::shard_db) const SQL: &str = "
    CREATE TABLE bundle (
        format       INTEGER NOT NULL,
        kind         TEXT NOT NULL,
        since        INTEGER NOT NULL,
        round        INTEGER NOT NULL,
        schema       INTEGER NOT NULL,
        guild_id     INTEGER NOT NULL,
        epoch        INTEGER NOT NULL,
        shard_id     INTEGER NOT NULL,
        session_no   INTEGER NOT NULL,
        seq          INTEGER NOT NULL,
        writes       INTEGER NOT NULL,
        cross_rev    INTEGER NOT NULL,
        source       TEXT NOT NULL,
        exported_at  INTEGER NOT NULL,
        program      TEXT NOT NULL,
        guild_digest BLOB,
        seal         BLOB NOT NULL,
        PRIMARY KEY (guild_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE bundle_table (
        name      TEXT NOT NULL,
        row_count INTEGER NOT NULL,
        digest    BLOB NOT NULL,
        PRIMARY KEY (name)
    ) STRICT, WITHOUT ROWID;";

/// Writes the header into its empty tables.
pub(super) fn write(connection: &Connection, header: &BundleHeader) -> rusqlite::Result<()> {
    let (kind, since, round) = match header.kind {
        BundleKind::Full => ("full", 0, 0),
        BundleKind::Delta { since, round } => ("delta", since, round),
    };
    let progress = &header.progress;
    connection.execute(
        "INSERT INTO bundle VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        rusqlite::params![
            FORMAT,
            kind,
            since.cast_signed(),
            round.cast_signed(),
            header.schema.get(),
            header.guild_id.as_i64(),
            header.epoch.as_i64(),
            progress.shard_id,
            progress.position.session_no.as_i64(),
            progress.position.seq.cast_signed(),
            progress.writes.cast_signed(),
            progress.cross_rev.as_i64(),
            header.source,
            header.exported_at,
            header.program,
            header.guild_digest.as_ref().map(GuildDigest::as_bytes),
            header.seal().as_bytes(),
        ],
    )?;
    let mut insert = connection.prepare("INSERT INTO bundle_table VALUES (?1, ?2, ?3)")?;
    for (name, digest) in header.tables.iter() {
        insert.execute((name, digest.rows.cast_signed(), digest.sum_bytes()))?;
    }
    Ok(())
}

/// The format alone, which tells whether the rest can be understood.
pub(super) fn read_format(connection: &Connection) -> rusqlite::Result<Option<u32>> {
    connection
        .query_row("SELECT format FROM bundle", [], |row| row.get(0))
        .optional()
}

/// Reads the header with the seal that was written beside it.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<(BundleHeader, BundleSeal)> {
    let tables = connection
        .prepare("SELECT name, row_count, digest FROM bundle_table")?
        .query_map([], |row| {
            let digest = TableDigest {
                rows: row.get::<_, i64>(1)?.cast_unsigned(),
                sum: u128::from_le_bytes(row.get(2)?),
            };
            Ok((row.get(0)?, digest))
        })?
        .collect::<rusqlite::Result<TableDigests>>()?;
    connection.query_row(
        "SELECT kind, since, round, schema, guild_id, epoch, shard_id, session_no, seq, writes, cross_rev, source,
                exported_at, program, guild_digest, seal FROM bundle",
        [],
        |row| from_row(row, tables),
    )
}

fn from_row(row: &Row<'_>, tables: TableDigests) -> rusqlite::Result<(BundleHeader, BundleSeal)> {
    let since = row.get::<_, i64>(1)?.cast_unsigned();
    let round = row.get::<_, i64>(2)?.cast_unsigned();
    let kind = if row.get_ref(0)?.as_str()? == "full" {
        BundleKind::Full
    } else {
        BundleKind::Delta { since, round }
    };
    let guild_id = GuildId::from_i64(row.get(4)?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(4, rusqlite::types::Type::Integer, Box::new(error))
    })?;
    let header = BundleHeader {
        kind,
        schema: SchemaVersion::new(row.get(3)?),
        guild_id,
        epoch: Epoch::from_i64(row.get(5)?),
        progress: Progress {
            shard_id: row.get(6)?,
            position: Position {
                session_no: SessionNo::from_i64(row.get(7)?),
                seq: row.get::<_, i64>(8)?.cast_unsigned(),
            },
            writes: row.get::<_, i64>(9)?.cast_unsigned(),
            cross_rev: Revision::from_i64(row.get(10)?),
        },
        source: row.get(11)?,
        exported_at: row.get(12)?,
        program: row.get(13)?,
        tables,
        guild_digest: row.get::<_, Option<[u8; 32]>>(14)?.map(GuildDigest::from_bytes),
    };
    Ok((header, BundleSeal::from_bytes(row.get(15)?)))
}
