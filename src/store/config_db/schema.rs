//! The store's schema: migrating it, and knowing whether it is ours.

use sqlx::migrate::{MigrateError, Migrator};

use super::connection::ConfigDb;
use super::error::StoreError;
use crate::domain::ids::NumShards;

static MIGRATOR: Migrator = sqlx::migrate!("src/store/config_db/migrations");

/// Why the schema cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// No tables yet.
    #[error("the config store has no schema yet")]
    Missing,
    /// Made by an older modbot.
    #[error("the config store's schema is {found}, this program needs {needed}")]
    Older {
        /// Its version.
        found: i64,
        /// Ours.
        needed: i64,
    },
    /// Made by a newer modbot.
    #[error("the config store's schema is {found}, newer than the {needed} this program knows")]
    Newer {
        /// Its version.
        found: i64,
        /// Ours.
        needed: i64,
    },
    /// A migration was altered after it ran, or stopped half-way.
    #[error("migration {version} of the config store is not the one this program knows")]
    Altered {
        /// Which one.
        version: i64,
    },
}

/// The schema found and the schema needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaState {
    /// The store's version; 0: none.
    pub found: i64,
    /// The version this program was built for.
    pub needed: i64,
}

/// The version this program was built for.
fn needed() -> i64 {
    MIGRATOR.iter().map(|m| m.version).max().unwrap_or_default()
}

impl ConfigDb {
    /// The schema's version, without judging it.
    pub async fn schema_state(&self) -> Result<SchemaState, StoreError> {
        let found = match self.applied().await {
            Ok(applied) => applied.last().map_or(0, |m| m.0),
            Err(StoreError::Schema(SchemaError::Missing)) => 0,
            Err(other) => return Err(other),
        };
        Ok(SchemaState {
            found,
            needed: needed(),
        })
    }

    /// Checks that the schema is exactly the one this program was built for.
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        let applied = self.applied().await?;
        let needed = needed();
        let found = applied.last().map_or(0, |m| m.0);
        if found == 0 {
            return Err(SchemaError::Missing.into());
        }
        if found > needed {
            return Err(SchemaError::Newer { found, needed }.into());
        }
        for migration in MIGRATOR.iter().filter(|m| m.version <= found) {
            let same = applied
                .iter()
                .any(|(v, sum)| *v == migration.version && *sum == *migration.checksum);
            if !same {
                return Err(SchemaError::Altered {
                    version: migration.version,
                }
                .into());
            }
        }
        if found < needed {
            Err(SchemaError::Older { found, needed }.into())
        } else {
            Ok(())
        }
    }

    /// Brings the schema up to date, one migrator at a time, and makes the store's own row. Repeating it
    /// changes nothing; `num_shards` counts only for a store that is made now.
    pub async fn migrate(&self, num_shards: NumShards) -> Result<SchemaState, StoreError> {
        let state = self.schema_state().await?;
        if state.found > state.needed {
            return Err(SchemaError::Newer {
                found: state.found,
                needed: state.needed,
            }
            .into());
        }
        MIGRATOR.run(&self.pool).await.map_err(migrate_error)?;
        self.make_store(num_shards).await?;
        self.check_schema().await?;
        Ok(state)
    }

    async fn make_store(&self, num_shards: NumShards) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        let made = sqlx::query!(
            "insert into store_meta (system_identifier, timeline, num_shards)
             select system_identifier::text, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), $1
               from pg_control_system()
             on conflict do nothing",
            num_shards.get().cast_signed()
        )
        .execute(&mut *tx)
        .await?;
        if made.rows_affected() == 1 {
            sqlx::query!(
                "insert into discord_shard (num_shards, shard_id) select $1, generate_series(0, $1 - 1)",
                num_shards.get().cast_signed()
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Versions and checksums of the migrations that ran, in order.
    async fn applied(&self) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        // Not checked at compile time: the table is sqlx's own, not one of our migrations'.
        let rows: Vec<(i64, Vec<u8>, bool)> =
            sqlx::query_as("select version, checksum, success from _sqlx_migrations order by version")
                .fetch_all(&self.pool)
                .await?;
        match rows.iter().find(|(_, _, success)| !success) {
            Some((version, ..)) => Err(SchemaError::Altered { version: *version }.into()),
            None => Ok(rows
                .into_iter()
                .map(|(version, checksum, _)| (version, checksum))
                .collect()),
        }
    }
}

fn migrate_error(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => source.into(),
        MigrateError::VersionMismatch(version)
        | MigrateError::VersionMissing(version)
        | MigrateError::Dirty(version) => SchemaError::Altered { version }.into(),
        other => StoreError::Failed(sqlx::Error::Migrate(Box::new(other))),
    }
}
