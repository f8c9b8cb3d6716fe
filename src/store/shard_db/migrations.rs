//! Numbered migrations, and the guild tables that they make.

use rusqlite::Connection;

use crate::domain::bundle::SchemaVersion;

/// One step of the schema: SQL for guild tables, and SQL that only a shard needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Migration {
    /// The file's name without its ending: number and title.
    pub(super) name: &'static str,
    sql: &'static str,
}

/// What stands below this line is not run on bundles.
const SHARD_ONLY: &str = "\n-- SHARD ONLY\n";

const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "0001_first_tables",
        sql: include_str!("migrations/0001_first_tables.sql"),
    },
    Migration {
        name: "0002_typed_settings",
        sql: include_str!("migrations/0002_typed_settings.sql"),
    },
    Migration {
        name: "0003_acting",
        sql: include_str!("migrations/0003_acting.sql"),
    },
];

/// The schema version this program writes.
#[expect(clippy::cast_possible_truncation, reason = "a handful of migrations")]
pub const CURRENT: SchemaVersion = SchemaVersion::new(MIGRATIONS.len() as u32);

impl Migration {
    /// The SQL that makes or changes guild tables: for shards and bundles.
    pub(super) fn guild_part(&self) -> &'static str {
        self.sql
            .split_once(SHARD_ONLY)
            .map_or(self.sql, |(guild, _)| guild)
    }

    /// The SQL for shards alone: indexes, and the pod's own tables.
    pub(super) fn shard_part(&self) -> &'static str {
        self.sql.split_once(SHARD_ONLY).map_or("", |(_, shard)| shard)
    }
}

/// The migrations that lead from one version to a later one.
pub(super) fn between(
    from: SchemaVersion,
    to: SchemaVersion,
) -> impl Iterator<Item = (SchemaVersion, &'static Migration)> {
    (1..)
        .map(SchemaVersion::new)
        .zip(MIGRATIONS)
        .filter(move |(number, _)| *number > from && *number <= to)
}

/// The version of the file behind a connection.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<SchemaVersion> {
    connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map(SchemaVersion::new)
}

/// Brings a shard's file from its version to `to`, one transaction for each step: a crash leaves a whole version.
///
/// Copies under way do not survive: their triggers and running digests belong to the old tables.
pub(super) fn migrate_shard(connection: &mut Connection, to: SchemaVersion) -> rusqlite::Result<()> {
    let from = version(connection)?;
    for (number, migration) in between(from, to) {
        let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        if number.get() > 1 {
            super::capture::drop_everything(&tx)?;
            tx.execute_batch("DELETE FROM import_progress; DELETE FROM import_table;")?;
        }
        tx.execute_batch(migration.guild_part())?;
        tx.execute_batch(migration.shard_part())?;
        tx.pragma_update(None, "user_version", number.get())?;
        tx.commit()?;
        tracing::info!(migration = migration.name, "the shard database was migrated");
    }
    Ok(())
}

/// Brings the guild tables behind a connection from one version to a later one: how an older bundle is read.
pub(super) fn migrate_guild_tables(
    connection: &Connection,
    from: SchemaVersion,
    to: SchemaVersion,
) -> rusqlite::Result<()> {
    between(from, to).try_for_each(|(_, migration)| connection.execute_batch(migration.guild_part()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_listed_in_order() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/shard_db/migrations");
        let mut files: Vec<String> = std::fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let listed: Vec<String> = MIGRATIONS.iter().map(|m| format!("{}.sql", m.name)).collect();
        assert_eq!(files, listed);
        for (number, migration) in between(SchemaVersion::new(0), CURRENT) {
            assert!(migration.name.starts_with(&format!("{:04}_", number.get())));
            assert!(!migration.shard_part().is_empty() || !migration.sql.contains("SHARD ONLY"));
        }
    }
}
