//! Making a database that the old bot accepts.

use std::path::{Path, PathBuf};

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, params_from_iter};

use super::migrations::MIGRATIONS;
use super::schema::{self, quoted};
use crate::domain::legacy::tables::OldTable;
use crate::domain::legacy::{OldValue, OwnedValue};

/// The old database could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {}", path.display())]
pub struct WriteError {
    doing: &'static str,
    path: PathBuf,
    #[source]
    source: rusqlite::Error,
}

impl WriteError {
    /// Wraps an error of SQLite, saying what was being done to which file.
    pub(super) fn at(path: &Path, doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self {
            doing,
            path: path.to_owned(),
            source,
        }
    }

    /// Whether the disk is full.
    pub fn is_disk_full(&self) -> bool {
        self.source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
    }
}

/// A new database of the old schema, written in one go: a crash leaves a file that nobody should use, so it
/// belongs into a [`super::Staging`].
#[derive(Debug)]
pub struct LegacyWriter {
    path: PathBuf,
    connection: Connection,
}

/// A value to be bound exactly as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'a>(pub(super) OldValue<'a>);

impl ToSql for Raw<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            OldValue::Null => ValueRef::Null,
            OldValue::Integer(number) => ValueRef::Integer(number),
            OldValue::Real(number) => ValueRef::Real(number),
            OldValue::Text(bytes) => ValueRef::Text(bytes),
            OldValue::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl LegacyWriter {
    /// Makes the file with the old bot's tables and what keeps keys unique; the other indexes come with
    /// [`LegacyWriter::finish`], when sorting all rows once is cheaper than keeping every index in order.
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        let failed = |source| WriteError {
            doing: "create",
            path: path.to_owned(),
            source,
        };
        let connection = Connection::open(path).map_err(failed)?;
        connection
            .execute_batch(
                "pragma journal_mode = off; pragma synchronous = off; pragma locking_mode = exclusive;
                 pragma cache_size = -16384; begin",
            )
            .map_err(failed)?;
        for statement in schema::create_statements().iter().filter(|sql| !is_late(sql)) {
            connection.execute_batch(statement).map_err(failed)?;
        }
        Ok(Self {
            path: path.to_owned(),
            connection,
        })
    }

    /// A statement that inserts rows into a table.
    pub fn inserter(&self, table: OldTable) -> Result<Inserter<'_>, WriteError> {
        let spec = table.spec();
        let names: Vec<&str> = spec.columns.iter().map(|column| column.name).collect();
        let marks = vec!["?"; names.len()].join(", ");
        let sql = format!(
            "insert or ignore into \"{}\" ({}) values ({marks})",
            spec.name,
            quoted(&names)
        );
        let statement = self
            .connection
            .prepare_cached(&sql)
            .map_err(|e| self.failed("write to")(e))?;
        Ok(Inserter {
            path: &self.path,
            statement,
        })
    }

    /// Records the migrations that the old bot's migrator looks for, each with the time given for it.
    pub fn record_migrations<'a>(
        &self,
        migrations: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), WriteError> {
        for (name, timestamp) in migrations {
            self.connection
                .execute(
                    "insert into kysely_migration (name, timestamp) values (?1, ?2)",
                    [name, timestamp],
                )
                .map_err(self.failed("write to"))?;
        }
        self.connection
            .execute(
                "insert into kysely_migration_lock (id, is_locked) values ('migration_lock', 0)",
                [],
            )
            .map(|_| ())
            .map_err(self.failed("write to"))
    }

    /// Makes the indexes, writes everything out and closes the file.
    pub fn finish(self) -> Result<(), WriteError> {
        let failed = |source| WriteError {
            doing: "finish",
            path: self.path.clone(),
            source,
        };
        for statement in schema::create_statements().iter().filter(|sql| is_late(sql)) {
            self.connection.execute_batch(statement).map_err(failed)?;
        }
        self.connection
            .execute_batch("commit; pragma journal_mode = delete")
            .map_err(failed)?;
        self.connection.close().map_err(|(_, source)| WriteError {
            doing: "close",
            path: self.path,
            source,
        })
    }

    fn failed(&self, doing: &'static str) -> impl FnOnce(rusqlite::Error) -> WriteError + use<> {
        let path = self.path.clone();
        move |source| WriteError { doing, path, source }
    }
}

/// Whether the statement makes an index that only finds rows.
fn is_late(sql: &str) -> bool {
    sql.starts_with("create index")
}

/// Inserts rows of one table.
pub struct Inserter<'w> {
    path: &'w Path,
    statement: CachedStatement<'w>,
}

impl Inserter<'_> {
    /// Inserts one row; values in the order of the declared columns. False where its key, or a unique index, is
    /// taken, or a column that must be filled is not: nothing is written then.
    pub fn insert(&mut self, values: &[OwnedValue]) -> Result<bool, WriteError> {
        let values = values.iter().map(|value| Raw(value.borrowed()));
        self.statement
            .execute(params_from_iter(values))
            .map(|rows| rows == 1)
            .map_err(|source| WriteError {
                doing: "write to",
                path: self.path.to_owned(),
                source,
            })
    }
}

/// Names for [`LegacyWriter::record_migrations`], each with the same time.
pub fn migrations_at(timestamp: &str) -> impl Iterator<Item = (&'static str, &str)> {
    MIGRATIONS.into_iter().map(move |name| (name, timestamp))
}
