//! Looking at a shard's file without opening it for writing: it may be in use, or damaged, or on a read-only medium.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _};

use super::lock::OpenerLock;
use super::open::{check_application, check_pages, check_schema, scratch};
use super::tables::guild_tables;
use super::{OpenError, capture, fence_rows, migrations, row_sql, uri};
use crate::domain::bundle::SchemaVersion;
use crate::domain::fence::{Fence, Position};
use crate::domain::ids::{GuildId, SessionNo};
use crate::runtime::files::FileError;

/// The name under which the file is attached.
const SHARD: &str = "shard";

/// What a shard's file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct ShardFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its length, in bytes.
    pub bytes: u64,
    /// The length of its write-ahead log, in bytes.
    pub wal_bytes: u64,
    /// Bytes of pages that are free and not given back.
    pub free_bytes: u64,
    /// Its schema, and the newest this program knows.
    pub schema: SchemaVersion,
    /// The facts the file keeps about itself.
    pub meta: BTreeMap<String, String>,
    /// Who has it open for writing, in their words.
    pub holder: Option<String>,
    /// Guilds with a fence or with rows, by id.
    pub guilds: Vec<GuildInFile>,
    /// Hosted sessions, by Discord shard.
    pub sessions: Vec<SessionInFile>,
    /// What is waiting.
    pub queues: Queues,
}

/// One guild in a shard's file.
#[derive(Debug, Clone, PartialEq)]
pub struct GuildInFile {
    /// The guild.
    pub guild_id: GuildId,
    /// Its fence; rows without one are nobody's.
    pub fence: Option<Fence>,
    /// Its rows, in all tables.
    pub rows: u64,
    /// What the rows hold, in bytes: texts and blobs by their length, numbers as eight. Indexes not counted.
    pub bytes: u64,
    /// Whether its changed rows are being noted, for a copy out of here.
    pub captured: bool,
}

/// One session in a shard's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInFile {
    /// The Discord shard.
    pub shard_id: u32,
    /// Of how many.
    pub num_shards: u32,
    /// The host's number when it was written.
    pub host_epoch: u64,
    /// Where to RESUME.
    pub position: Position,
    /// Whether Discord's session id is known.
    pub resumable: bool,
    /// When it was written last, in Unix milliseconds.
    pub updated_at: i64,
}

/// How much is waiting, over all guilds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Queues {
    /// Frames kept for other pods, and their bytes.
    pub forwarded: u64,
    /// Bytes of those frames.
    pub forwarded_bytes: u64,
    /// Actions not yet sent.
    pub pending: u64,
    /// Actions on the wire when the file was last written.
    pub sending: u64,
    /// Actions of which nobody knows whether they were carried out.
    pub unknown: u64,
    /// Actions given up.
    pub dead: u64,
    /// Timers.
    pub timers: u64,
    /// Timers that wait for someone to say go.
    pub held_timers: u64,
    /// Frames whose handler failed every time.
    pub dead_frames: u64,
    /// Stretches of events that Discord will not replay.
    pub gaps: u64,
    /// Imports under way.
    pub imports: u64,
}

/// Looks at a shard's file, at one moment. With `pages`, SQLite looks through every page first. Blocking.
pub fn inspect(path: &Path, pages: bool) -> Result<ShardFile, OpenError> {
    let path = std::path::absolute(path).map_err(|source| file_error("find", path, source))?;
    if !path.exists() {
        return Err(OpenError::NotFound { path });
    }
    let sqlite = |source| OpenError::from_sqlite(&path, source);
    let connection = scratch().map_err(sqlite)?;
    uri::attach_read_only(&connection, &path, SHARD).map_err(sqlite)?;
    check_application(&path, &connection, SHARD)?;
    let schema = check_schema(&path, &connection, SHARD)?;
    if pages {
        check_pages(&path, &connection, SHARD)?;
    }
    connection.execute_batch("BEGIN").map_err(sqlite)?;
    let report = read(&path, &connection, schema).map_err(sqlite)?;
    Ok(ShardFile {
        bytes: len(&path)?,
        wal_bytes: len(&with_suffix(&path, "-wal")).unwrap_or_default(),
        holder: OpenerLock::holder(&path),
        ..report
    })
}

fn len(path: &Path) -> Result<u64, OpenError> {
    Ok(std::fs::metadata(path)
        .map_err(|source| file_error("read", path, source))?
        .len())
}

fn file_error(action: &'static str, path: &Path, source: std::io::Error) -> FileError {
    FileError {
        action,
        path: path.to_owned(),
        source,
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn read(path: &Path, connection: &Connection, schema: SchemaVersion) -> rusqlite::Result<ShardFile> {
    let pragma = |name: &str| -> rusqlite::Result<u64> {
        let number: i64 = connection.pragma_query_value(Some(SHARD), name, |row| row.get(0))?;
        Ok(number.cast_unsigned())
    };
    let meta = connection
        .prepare("SELECT key, value FROM shard.meta")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(ShardFile {
        path: path.to_owned(),
        bytes: 0,
        wal_bytes: 0,
        free_bytes: pragma("freelist_count")? * pragma("page_size")?,
        schema,
        meta,
        holder: None,
        guilds: guilds(connection, schema)?,
        sessions: sessions(connection)?,
        queues: queues(connection)?,
    })
}

fn guilds(connection: &Connection, schema: SchemaVersion) -> rusqlite::Result<Vec<GuildInFile>> {
    let mut sizes: BTreeMap<GuildId, (u64, u64)> = BTreeMap::new();
    for table in guild_tables(schema) {
        let sql = format!(
            "SELECT guild_id, count(*), {} FROM shard.{} GROUP BY guild_id",
            row_sql::size(table, schema),
            table.name
        );
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let Ok(guild) = GuildId::from_i64(row.get(0)?) else {
                continue;
            };
            let size = sizes.entry(guild).or_default();
            size.0 += row.get::<_, i64>(1)?.cast_unsigned();
            size.1 += row.get::<_, i64>(2)?.cast_unsigned();
        }
    }
    let fences: BTreeMap<GuildId, Fence> = fence_rows::read_all_from(connection, SHARD)?
        .into_iter()
        .map(|fence| (fence.guild_id, fence))
        .collect();
    let mut ids: Vec<GuildId> = sizes.keys().chain(fences.keys()).copied().collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter()
        .map(|guild_id| {
            let (rows, bytes) = sizes.get(&guild_id).copied().unwrap_or_default();
            Ok(GuildInFile {
                guild_id,
                fence: fences.get(&guild_id).cloned(),
                rows,
                bytes,
                captured: capture::read_from(connection, SHARD, guild_id)?.is_some(),
            })
        })
        .collect()
}

fn sessions(connection: &Connection) -> rusqlite::Result<Vec<SessionInFile>> {
    connection
        .prepare(
            "SELECT shard_id, num_shards, host_epoch, session_no, seq, session_id IS NOT NULL, updated_at
             FROM shard.discord_session ORDER BY shard_id",
        )?
        .query_map([], |row| {
            Ok(SessionInFile {
                shard_id: row.get(0)?,
                num_shards: row.get(1)?,
                host_epoch: row.get::<_, i64>(2)?.cast_unsigned(),
                position: Position {
                    session_no: SessionNo::from_i64(row.get(3)?),
                    seq: row.get::<_, i64>(4)?.cast_unsigned(),
                },
                resumable: row.get(5)?,
                updated_at: row.get(6)?,
            })
        })?
        .collect()
}

fn queues(connection: &Connection) -> rusqlite::Result<Queues> {
    let count = |sql: &str| -> rusqlite::Result<u64> {
        let number: Option<i64> = connection
            .query_row(sql, [], |row| row.get(0))
            .optional()?
            .flatten();
        Ok(number.unwrap_or_default().cast_unsigned())
    };
    let actions = |state: &str| {
        count(&format!(
            "SELECT count(*) FROM shard.outbox WHERE state = '{state}'"
        ))
    };
    Ok(Queues {
        forwarded: count("SELECT count(*) FROM shard.forward")?,
        forwarded_bytes: count("SELECT sum(octet_length(raw)) FROM shard.forward")?,
        pending: actions("pending")?,
        sending: actions("sending")?,
        unknown: actions("unknown")?,
        dead: actions("dead")?,
        timers: count("SELECT count(*) FROM shard.timer")?,
        held_timers: count("SELECT count(*) FROM shard.timer WHERE held")?,
        dead_frames: count("SELECT count(*) FROM shard.dead_frame")?,
        gaps: count("SELECT count(*) FROM shard.gap")?,
        imports: count("SELECT count(*) FROM shard.import_progress")?,
    })
}

impl ShardFile {
    /// The newest schema this program knows.
    pub const fn known_schema() -> SchemaVersion {
        migrations::CURRENT
    }
}
