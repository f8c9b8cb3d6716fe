//! Reading a shard database as a file, without opening it as its pod would: for checks and for the way back.

use std::path::Path;

use rusqlite::types::ValueRef;

use super::header::SHARD_APPLICATION_ID;
use super::open;
use super::open_error::OpenError;
use super::tables::GuildTable;
use crate::domain::digest::Value;
use crate::domain::ids::GuildId;
use crate::store::read_only::{ReadOnlyError, ReadOnlyFile};

/// A shard database, read at one moment; somebody else may be writing to it.
#[derive(Debug)]
pub struct ShardSnapshot(ReadOnlyFile);

/// Why a file cannot be read as a shard database.
#[derive(Debug, thiserror::Error)]
pub enum ShardSnapshotError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] ReadOnlyError),
    /// It is no shard database of this version.
    #[error(transparent)]
    Shard(#[from] OpenError),
}

/// One fence, as far as a reader of files wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FenceFacts {
    /// The guild's id, as the row holds it.
    pub guild: i64,
    /// The owner's number.
    pub epoch: u64,
    /// `importing`, `serving`, `frozen` or `tombstone`.
    pub mode: String,
    /// Whether a move's command led here: a tombstone of a move is an import that was given up.
    pub of_a_move: bool,
    /// Its Discord shard.
    pub shard: i64,
}

impl ShardSnapshot {
    /// Opens the file without leaving a trace; refuses what is no shard database of this version. `scratch` is
    /// where a copy may go.
    pub fn open(path: &Path, scratch: &Path) -> Result<Self, ShardSnapshotError> {
        let file = ReadOnlyFile::open(path, scratch)?;
        let id: i32 = file
            .connection()
            .pragma_query_value(None, "application_id", |row| row.get(0))
            .map_err(|error| ReadOnlyError::from_sqlite(path, "reading the header", error))?;
        if id != SHARD_APPLICATION_ID {
            let what = "another SQLite database";
            return Err(OpenError::Foreign {
                path: path.to_owned(),
                what,
            }
            .into());
        }
        open::check_schema(path, file.connection(), "main")?;
        Ok(Self(file))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Fails where SQLite finds the pages damaged.
    pub fn check_pages(&self) -> Result<(), ShardSnapshotError> {
        Ok(self.0.check_pages()?)
    }

    /// Every fence, by guild.
    pub fn fences(&self) -> Result<Vec<FenceFacts>, ShardSnapshotError> {
        let read = || -> rusqlite::Result<Vec<FenceFacts>> {
            self.0
                .connection()
                .prepare("SELECT guild_id, epoch, mode, shard_id, move_id IS NOT NULL FROM guild_fence ORDER BY guild_id")?
                .query_map([], |row| {
                    Ok(FenceFacts {
                        guild: row.get(0)?,
                        epoch: row.get::<_, i64>(1)?.cast_unsigned(),
                        mode: row.get(2)?,
                        shard: row.get(3)?,
                        of_a_move: row.get(4)?,
                    })
                })?
                .collect()
        };
        read().map_err(|source| self.failed(source))
    }

    /// A fact from `meta`.
    pub fn meta(&self, key: &str) -> Result<Option<String>, ShardSnapshotError> {
        use rusqlite::OptionalExtension as _;
        self.0
            .connection()
            .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
            .optional()
            .map_err(|source| self.failed(source))
    }

    /// What a guild still has to do: actions that were decided and not settled, and timers.
    pub fn unfinished(&self, guild: GuildId) -> Result<(u64, u64), ShardSnapshotError> {
        self.0
            .connection()
            .prepare_cached(
                "SELECT (SELECT count(*) FROM outbox
                          WHERE guild_id = ?1 AND state IN ('pending', 'sending', 'unknown')),
                        (SELECT count(*) FROM timer WHERE guild_id = ?1)",
            )
            .and_then(|mut statement| {
                statement.query_row([guild.as_i64()], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
                })
            })
            .map(|(actions, timers)| (actions.cast_unsigned(), timers.cast_unsigned()))
            .map_err(|source| self.failed(source))
    }

    /// Rows of a table.
    pub fn count(&self, table: &GuildTable) -> Result<u64, ShardSnapshotError> {
        self.0
            .connection()
            .query_row(&format!("SELECT count(*) FROM {}", table.name), [], |row| {
                row.get::<_, i64>(0)
            })
            .map(i64::cast_unsigned)
            .map_err(|source| self.failed(source))
    }

    /// Gives `columns` of every row of a guild table to `each`, by guild and key; of one guild where one is named.
    pub fn for_each_row<E: From<ShardSnapshotError>>(
        &self,
        table: &GuildTable,
        columns: &[&str],
        guild: Option<GuildId>,
        mut each: impl FnMut(&[Value<'_>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = |source| E::from(self.failed(source));
        let only = guild.map_or(String::new(), |guild| format!(" WHERE guild_id = {guild}"));
        let sql = format!("SELECT {} FROM {}{only}", columns.join(", "), table.name);
        let mut statement = self.0.connection().prepare(&sql).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let mut values = [Value::Null; 16];
            for (place, slot) in values.iter_mut().enumerate().take(columns.len()) {
                *slot = row.get_ref(place).map(value).map_err(failed)?;
            }
            each(&values[..columns.len()])?;
        }
        Ok(())
    }

    /// Gives `columns` of the row with this key, where there is one, to `then`.
    pub fn with_row<T>(
        &self,
        table: &GuildTable,
        columns: &[&str],
        key: &[Value<'_>],
        then: impl FnOnce(Option<&[Value<'_>]>) -> T,
    ) -> Result<T, ShardSnapshotError> {
        let failed = |source| self.failed(source);
        let tests: Vec<String> = table
            .key()
            .iter()
            .map(|column| format!("{} = ?", column.name))
            .collect();
        let sql = format!(
            "SELECT {} FROM {} WHERE {}",
            columns.join(", "),
            table.name,
            tests.join(" AND ")
        );
        let mut statement = self.0.connection().prepare_cached(&sql).map_err(failed)?;
        for (place, part) in key.iter().enumerate() {
            let raw = match part {
                Value::Integer(number) => ValueRef::Integer(*number),
                Value::Text(bytes) => ValueRef::Text(bytes),
                _ => ValueRef::Null,
            };
            statement
                .raw_bind_parameter(place + 1, rusqlite::types::ToSqlOutput::Borrowed(raw))
                .map_err(failed)?;
        }
        let mut rows = statement.raw_query();
        let Some(row) = rows.next().map_err(failed)? else {
            return Ok(then(None));
        };
        let mut values = [Value::Null; 16];
        for (place, slot) in values.iter_mut().enumerate().take(columns.len()) {
            *slot = row.get_ref(place).map(value).map_err(failed)?;
        }
        Ok(then(Some(&values[..columns.len()])))
    }

    fn failed(&self, source: rusqlite::Error) -> ShardSnapshotError {
        ReadOnlyError::from_sqlite(self.0.path(), "reading a shard database", source).into()
    }
}

const fn value(raw: ValueRef<'_>) -> Value<'_> {
    match raw {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => Value::Text(bytes),
        ValueRef::Blob(bytes) => Value::Blob(bytes),
    }
}
