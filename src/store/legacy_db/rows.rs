//! Rows of the old database, one after another.

use rusqlite::types::ValueRef;

use super::db::LegacyDb;
use super::error::SourceError;
use super::schema::quoted;
use crate::domain::legacy::OldValue;
use crate::domain::legacy::tables::OldTable;

/// The most columns that a table of the old bot has.
const MAX_COLUMNS: usize = 13;

impl LegacyDb {
    /// How many rows the table with this name has.
    pub fn count(&self, table: &str) -> Result<u64, SourceError> {
        self.connection()
            .query_row(
                &format!("select count(*) from \"{}\"", table.replace('"', "\"\"")),
                [],
                |row| row.get::<_, i64>(0),
            )
            .map(i64::cast_unsigned)
            .map_err(self.failed("counting rows"))
    }

    /// Gives every row of a table to `each`, in the order of the file, with its rowid.
    pub fn for_each_row<E: From<SourceError>>(
        &self,
        table: OldTable,
        each: impl FnMut(i64, &[OldValue<'_>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let columns: Vec<&str> = table.spec().columns.iter().map(|column| column.name).collect();
        self.for_each_row_of(table, &columns, each)
    }

    /// Gives some columns of every row of a table to `each`, in the order of the file, with its rowid.
    pub fn for_each_row_of<E: From<SourceError>>(
        &self,
        table: OldTable,
        columns: &[&str],
        mut each: impl FnMut(i64, &[OldValue<'_>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = |error| E::from(self.failed("reading rows")(error));
        let sql = format!(
            "select rowid, {} from \"{}\" order by rowid",
            quoted(columns),
            table.name()
        );
        let mut statement = self.connection().prepare(&sql).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let values = values_of(row, columns.len()).map_err(failed)?;
            each(row.get(0).map_err(failed)?, &values[..columns.len()])?;
        }
        Ok(())
    }
}

/// The first `count` values of a row after its rowid.
pub(super) fn values_of<'r>(
    row: &'r rusqlite::Row<'_>,
    count: usize,
) -> rusqlite::Result<[OldValue<'r>; MAX_COLUMNS]> {
    let mut values = [OldValue::Null; MAX_COLUMNS];
    for (at, value) in values.iter_mut().enumerate().take(count) {
        *value = old_value(row.get_ref(at + 1)?);
    }
    Ok(values)
}

/// The value as the domain knows it.
const fn old_value(value: ValueRef<'_>) -> OldValue<'_> {
    match value {
        ValueRef::Null => OldValue::Null,
        ValueRef::Integer(number) => OldValue::Integer(number),
        ValueRef::Real(number) => OldValue::Real(number),
        ValueRef::Text(bytes) => OldValue::Text(bytes),
        ValueRef::Blob(bytes) => OldValue::Blob(bytes),
    }
}
