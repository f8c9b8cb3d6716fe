//! Whether an opened file is the old bot's, at its last schema, with whole pages.

use std::collections::BTreeSet;

use super::db::LegacyDb;
use super::error::SourceError;
use super::migrations::MIGRATIONS;
use super::schema;

impl LegacyDb {
    /// Fails unless the tables are the old bot's after its last migration.
    pub fn check_schema(&self) -> Result<(), SourceError> {
        let path = || self.path().to_owned();
        let differences =
            schema::differences(self.connection()).map_err(self.failed("reading the schema"))?;
        if !self.has_table("kysely_migration")? || !self.has_table("kysely_migration_lock")? {
            let mut differences = differences;
            differences.insert(0, "the table of its migrations is missing".to_owned());
            return Err(SourceError::OtherSchema {
                path: path(),
                differences,
            });
        }
        let applied = self.applied_migrations()?;
        let known = MIGRATIONS.map(str::to_owned);
        let missing: Vec<_> = known
            .iter()
            .filter(|name| !applied.contains(*name))
            .cloned()
            .collect();
        let unknown: Vec<_> = applied.into_iter().filter(|name| !known.contains(name)).collect();
        // A missing migration explains a differing schema, so it is what to say first.
        if !missing.is_empty() && missing.len() < MIGRATIONS.len() {
            return Err(SourceError::OlderMigrations {
                path: path(),
                missing,
            });
        }
        if !unknown.is_empty() {
            return Err(SourceError::NewerMigrations {
                path: path(),
                unknown,
            });
        }
        if !differences.is_empty() || !missing.is_empty() {
            return Err(SourceError::OtherSchema {
                path: path(),
                differences,
            });
        }
        Ok(())
    }

    /// Tables that are not the old bot's, with their rows: nothing reads or carries them.
    pub fn foreign_tables(&self) -> Result<Vec<(String, u64)>, SourceError> {
        schema::foreign_tables(self.connection())
            .map_err(self.failed("reading the schema"))?
            .into_iter()
            .map(|name| {
                let rows = self.count(&name)?;
                Ok((name, rows))
            })
            .collect()
    }

    /// The migrations that the old bot recorded, with the time of each as it was written.
    pub fn migrations(&self) -> Result<Vec<(String, String)>, SourceError> {
        self.connection()
            .prepare("select name, timestamp from kysely_migration order by name")
            .and_then(|mut statement| {
                statement
                    .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect()
            })
            .map_err(self.failed("reading the migrations"))
    }

    fn applied_migrations(&self) -> Result<BTreeSet<String>, SourceError> {
        Ok(self.migrations()?.into_iter().map(|(name, _)| name).collect())
    }

    fn has_table(&self, name: &str) -> Result<bool, SourceError> {
        self.connection()
            .query_row(
                "select exists (select 1 from sqlite_schema where type = 'table' and name = ?1)",
                [name],
                |row| row.get(0),
            )
            .map_err(self.failed("reading the schema"))
    }
}
