//! Reading a shard database as a file, without opening it as its pod would: for checks and for the way back.

use std::path::Path;

use rusqlite::types::ValueRef;

use super::fence_rows;
use super::open;
use super::open_error::OpenError;
use super::tables::GuildTable;
use super::values::value;
use crate::domain::digest::Value;
use crate::domain::fence::Fence;
use crate::domain::ids::GuildId;
use crate::store::read_only::{ReadOnlyError, ReadOnlyFile};

/// The name of the file that a connection was opened on.
const MAIN: &str = "main";

/// A shard database, read at one moment; somebody else may be writing to it.
#[derive(Debug)]
pub struct ShardReader(ReadOnlyFile);

/// Why a file cannot be read as a shard database.
#[derive(Debug, thiserror::Error)]
pub enum ShardReaderError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] ReadOnlyError),
    /// It is no shard database of this version.
    #[error(transparent)]
    Shard(#[from] OpenError),
}

impl ShardReader {
    /// Opens the file without leaving a trace; refuses what is no shard database of this version. `scratch` is
    /// where a copy may go.
    pub fn open(path: &Path, scratch: &Path) -> Result<Self, ShardReaderError> {
        let file = ReadOnlyFile::open(path, scratch)?;
        open::check_application(path, file.connection(), MAIN)?;
        open::check_schema(path, file.connection(), MAIN)?;
        Ok(Self(file))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Fails where SQLite finds the pages damaged.
    pub fn check_pages(&self) -> Result<(), ShardReaderError> {
        Ok(self.0.check_pages()?)
    }

    /// Every fence, by guild.
    pub fn fences(&self) -> Result<Vec<Fence>, ShardReaderError> {
        fence_rows::read_all_from(self.0.connection(), MAIN).map_err(|source| self.failed(source))
    }

    /// A fact from `meta`.
    pub fn meta(&self, key: &str) -> Result<Option<String>, ShardReaderError> {
        use rusqlite::OptionalExtension as _;
        self.0
            .connection()
            .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
            .optional()
            .map_err(|source| self.failed(source))
    }

    /// What a guild still has to do: actions that were decided and not settled, and timers.
    pub fn unfinished(&self, guild: GuildId) -> Result<(u64, u64), ShardReaderError> {
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
    pub fn count(&self, table: &GuildTable) -> Result<u64, ShardReaderError> {
        self.0
            .connection()
            .query_row(&format!("SELECT count(*) FROM {}", table.name), [], |row| {
                row.get::<_, i64>(0)
            })
            .map(i64::cast_unsigned)
            .map_err(|source| self.failed(source))
    }

    /// Gives `columns` of every row of a guild table to `each`, by guild and key; of one guild where one is named.
    pub fn for_each_row<E: From<ShardReaderError>>(
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
    ) -> Result<T, ShardReaderError> {
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

    fn failed(&self, source: rusqlite::Error) -> ShardReaderError {
        ReadOnlyError::from_sqlite(self.0.path(), "reading a shard database", source).into()
    }
}
