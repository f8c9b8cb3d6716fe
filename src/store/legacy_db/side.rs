//! What a split keeps beside the pods' files, byte for byte as the old bot stored it: the fleet's rows, and
//! those in quarantine with their reasons.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params_from_iter};

use super::schema::{self, quoted};
use super::write::WriteError;
use crate::domain::legacy::OldValue;
use crate::domain::legacy::tables::OldTable;

/// A new file with rows of the old schema, rowids kept.
#[derive(Debug)]
pub struct SideWriter {
    path: PathBuf,
    connection: Connection,
}

/// The reasons of a quarantine, by table and rowid.
const REASONS: &str = "create table quarantine (
    table_name  text not null,
    row         integer not null,  -- the rowid, in the source and here
    reason      text not null,
    column_name text,              -- the column at fault, where it is one
    primary key (table_name, row)
) strict, without rowid";

/// When the source recorded each of its migrations.
const MIGRATIONS: &str = "create table kysely_migration (
    name      varchar(255) not null primary key,
    timestamp varchar(255) not null
)";

impl SideWriter {
    /// Makes the file for the fleet's rows: the old bot's users and migrations.
    pub fn create_global(path: &Path) -> Result<Self, WriteError> {
        Self::create(path, &[OldTable::Users], MIGRATIONS)
    }

    /// Makes the file for rows in quarantine: every old table, and a reason for each row.
    pub fn create_quarantine(path: &Path) -> Result<Self, WriteError> {
        Self::create(path, &OldTable::ALL, REASONS)
    }

    fn create(path: &Path, tables: &[OldTable], also: &str) -> Result<Self, WriteError> {
        let make = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(path)?;
            connection.execute_batch(
                "pragma journal_mode = off; pragma synchronous = off; pragma locking_mode = exclusive;
                 pragma cache_size = -4096; begin",
            )?;
            for table in tables {
                // The indexes find rows for the old bot; here every row is read once.
                let statements = schema::create_table(table.spec());
                connection.execute_batch(statements.first().map_or("", String::as_str))?;
            }
            connection.execute_batch(also)?;
            Ok(connection)
        };
        let connection = make().map_err(WriteError::at(path, "create"))?;
        Ok(Self {
            path: path.to_owned(),
            connection,
        })
    }

    /// Writes a row as it was, under its rowid.
    pub fn keep(&self, table: OldTable, rowid: i64, values: &[OldValue<'_>]) -> Result<(), WriteError> {
        let names: Vec<&str> = table.spec().columns.iter().map(|column| column.name).collect();
        let marks = vec!["?"; names.len() + 1].join(", ");
        let sql = format!(
            "insert into \"{}\" (rowid, {}) values ({marks})",
            table.name(),
            quoted(&names)
        );
        let rowid = std::iter::once(OldValue::Integer(rowid));
        self.connection
            .prepare_cached(&sql)
            .and_then(|mut statement| {
                statement.execute(params_from_iter(
                    rowid.chain(values.iter().copied()).map(super::write::Raw),
                ))
            })
            .map(|_| ())
            .map_err(WriteError::at(&self.path, "write to"))
    }

    /// Writes the reason for a row in quarantine.
    pub fn give_reason(
        &self,
        table: OldTable,
        rowid: i64,
        reason: &str,
        column: Option<&str>,
    ) -> Result<(), WriteError> {
        self.connection
            .prepare_cached(
                "insert into quarantine (table_name, row, reason, column_name) values (?1, ?2, ?3, ?4)",
            )
            .and_then(|mut statement| statement.execute((table.name(), rowid, reason, column)))
            .map(|_| ())
            .map_err(WriteError::at(&self.path, "write to"))
    }

    /// Writes when a migration was recorded.
    pub fn keep_migration(&self, name: &str, timestamp: &str) -> Result<(), WriteError> {
        self.connection
            .execute(
                "insert into kysely_migration (name, timestamp) values (?1, ?2)",
                [name, timestamp],
            )
            .map(|_| ())
            .map_err(WriteError::at(&self.path, "write to"))
    }

    /// Closes the file; the caller syncs it.
    pub fn finish(self) -> Result<(), WriteError> {
        self.connection
            .execute_batch("commit")
            .map_err(WriteError::at(&self.path, "finish"))?;
        let path = self.path;
        self.connection
            .close()
            .map_err(|(_, source)| WriteError::at(&path, "close")(source))
    }
}

impl super::LegacyDb {
    /// Gives the reason for every row of a quarantine to `each`: table, rowid, reason, column.
    pub fn for_each_reason(
        &self,
        mut each: impl FnMut(&str, i64, &str, Option<&str>),
    ) -> Result<(), super::SourceError> {
        let failed = |error| self.failed("reading the reasons")(error);
        let mut statement = self
            .connection()
            .prepare("select table_name, row, reason, column_name from quarantine order by table_name, row")
            .map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let (table, rowid): (String, i64) = (row.get(0).map_err(failed)?, row.get(1).map_err(failed)?);
            let (reason, column): (String, Option<String>) =
                (row.get(2).map_err(failed)?, row.get(3).map_err(failed)?);
            each(&table, rowid, &reason, column.as_deref());
        }
        Ok(())
    }

    /// Gives the row with these values of its key to `then`, with its rowid, where there is one.
    pub fn with_row<T>(
        &self,
        table: OldTable,
        key: &[OldValue<'_>],
        then: impl FnOnce(Option<(i64, &[OldValue<'_>])>) -> T,
    ) -> Result<T, super::SourceError> {
        let failed = |error| self.failed("looking up a row")(error);
        let spec = table.spec();
        let names: Vec<&str> = spec.columns.iter().map(|column| column.name).collect();
        let tests: Vec<String> = spec.key.iter().map(|name| format!("\"{name}\" = ?")).collect();
        let sql = format!(
            "select rowid, {} from \"{}\" where {}",
            quoted(&names),
            spec.name,
            tests.join(" and ")
        );
        let mut statement = self.connection().prepare_cached(&sql).map_err(failed)?;
        let mut rows = statement
            .query(params_from_iter(key.iter().copied().map(super::write::Raw)))
            .map_err(failed)?;
        let Some(row) = rows.next().map_err(failed)? else {
            return Ok(then(None));
        };
        let values = super::rows::values_of(row, names.len()).map_err(failed)?;
        Ok(then(Some((row.get(0).map_err(failed)?, &values[..names.len()]))))
    }
}
