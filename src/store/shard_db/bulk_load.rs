//! Filling a new shard database in one go, without fences, journals or indexes in the way.
//!
//! Only for a file that nobody else knows yet: a crash leaves something that must be thrown away.

use std::path::{Path, PathBuf};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags};

use super::open;
use crate::domain::digest::Value;
use crate::domain::ids::{DiscordShardId, Epoch, GuildId};
use crate::runtime::clock::Clock;

/// A shard database that is being filled.
#[derive(Debug)]
pub struct BulkLoad {
    path: PathBuf,
    connection: Connection,
    /// The statements that make the indexes again.
    indexes: Vec<String>,
}

/// Why a new file could not be filled.
#[derive(Debug, thiserror::Error)]
pub enum BulkLoadError {
    /// Two rows have one key.
    #[error("two rows of {table} have the same key")]
    Duplicate {
        /// The table.
        table: &'static str,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// SQLite cannot write it.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
}

/// Where the values of one row go.
pub struct RowSlot<'s, 'c> {
    statement: &'s mut rusqlite::CachedStatement<'c>,
    failed: rusqlite::Result<()>,
}

impl RowSlot<'_, '_> {
    /// Sets the value at a place of the column list.
    pub fn set(&mut self, place: usize, value: Value<'_>) {
        let raw = ToSqlOutput::Borrowed(match value {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(number),
            Value::Real(number) => ValueRef::Real(number),
            Value::Text(bytes) => ValueRef::Text(bytes),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        });
        if self.failed.is_ok() {
            self.failed = self.statement.raw_bind_parameter(place + 1, raw);
        }
    }
}

impl BulkLoad {
    /// Makes an empty shard database and makes it ready to be filled; `cache_kib` bounds its memory.
    pub fn create(path: &Path, cache_kib: u32, clock: &dyn Clock) -> Result<Self, BulkLoadError> {
        let failed = |source| BulkLoadError::Write {
            path: path.to_owned(),
            source,
        };
        open::write_new(path, clock).map_err(failed)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        let prepare = || -> rusqlite::Result<Vec<String>> {
            connection.execute_batch(&format!(
                "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
                 PRAGMA cache_size = -{cache_kib}; PRAGMA temp_store = FILE;"
            ))?;
            connection.execute_batch("BEGIN")?;
            take_indexes(&connection)
        };
        let indexes = prepare().map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            connection,
            indexes,
        })
    }

    /// Inserts rows into a guild table as long as `next` fills one; it is given the places of `columns`.
    pub fn insert(
        &mut self,
        table: &'static str,
        columns: &[&str],
        mut next: impl FnMut(&mut RowSlot<'_, '_>) -> bool,
    ) -> Result<(), BulkLoadError> {
        let marks = vec!["?"; columns.len()].join(", ");
        let sql = format!("INSERT INTO {table} ({}) VALUES ({marks})", columns.join(", "));
        let mut insert = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare_cached(&sql)?;
            loop {
                let mut slot = RowSlot {
                    statement: &mut statement,
                    failed: Ok(()),
                };
                if !next(&mut slot) {
                    return Ok(());
                }
                slot.failed?;
                statement.raw_execute()?;
            }
        };
        insert().map_err(|source| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::ConstraintViolation) => BulkLoadError::Duplicate { table, source },
            _ => self.failed(source),
        })
    }

    /// Lets the guild be served from this file, as the first owner it ever had.
    pub fn serve(&self, guild: GuildId, shard: DiscordShardId, epoch: Epoch) -> Result<(), BulkLoadError> {
        self.connection
            .prepare_cached(
                "INSERT INTO guild_fence (guild_id, epoch, mode, shard_id) VALUES (?1, ?2, 'serving', ?3)",
            )
            .and_then(|mut statement| statement.execute((guild.as_i64(), epoch.as_i64(), shard.as_i32())))
            .map(|_| ())
            .map_err(|source| self.failed(source))
    }

    /// Writes a fact about the file into `meta`.
    pub fn set_meta(&self, key: &str, value: &str) -> Result<(), BulkLoadError> {
        self.connection
            .execute("INSERT INTO meta (key, value) VALUES (?1, ?2)", (key, value))
            .map(|_| ())
            .map_err(|source| self.failed(source))
    }

    /// Builds the indexes, puts the file into WAL mode and closes it; the caller syncs it.
    pub fn finish(self) -> Result<(), BulkLoadError> {
        let finish = || -> rusqlite::Result<()> {
            for index in &self.indexes {
                self.connection.execute_batch(index)?;
            }
            self.connection
                .execute_batch("COMMIT; PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL;")
        };
        finish().map_err(|source| self.failed(source))?;
        let path = self.path;
        self.connection
            .close()
            .map_err(|(_, source)| BulkLoadError::Write { path, source })
    }

    fn failed(&self, source: rusqlite::Error) -> BulkLoadError {
        BulkLoadError::Write {
            path: self.path.clone(),
            source,
        }
    }
}

/// Drops every index that a statement made, and returns those statements.
fn take_indexes(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut indexes = connection.prepare(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY rowid",
    )?;
    let found: Vec<(String, String)> = indexes
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (name, _) in &found {
        connection.execute_batch(&format!("DROP INDEX {name}"))?;
    }
    Ok(found.into_iter().map(|(_, sql)| sql).collect())
}
