//! The store in one look.

use super::connection::ConfigDb;
use super::error::StoreError;
use super::stamp::Stamped;
use crate::domain::ids::NumShards;

/// The store in one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreStatus {
    /// PostgreSQL's version, as in `18.6`.
    pub postgres_version: String,
    /// Discord shards of the fleet.
    pub num_shards: NumShards,
    /// When the store was made, in Unix milliseconds.
    pub created_at_ms: i64,
    /// Why it recovers, if it does.
    pub recovering_reason: Option<String>,
    /// Guilds in all.
    pub guilds: u64,
    /// Guilds that nobody may serve until an operator has looked.
    pub troubled_guilds: u64,
    /// Moves under way.
    pub active_moves: u64,
    /// Things that are still to be deleted.
    pub open_cleanups: u64,
    /// Discord shards that nobody hosts.
    pub unhosted_shards: u64,
    /// Identifies left today, the reserve included; `None`: not known.
    pub identifies_left: Option<u32>,
    /// The size of PostgreSQL's database in bytes.
    pub bytes: u64,
}

impl ConfigDb {
    /// The store in one look.
    pub async fn status(&self) -> Result<Stamped<StoreStatus>, StoreError> {
        let mut read = self.begin_read().await?;
        let row = sqlx::query!(
            r#"select current_setting('server_version') as "version!", num_shards,
                      (extract(epoch from created_at) * 1000)::bigint as "created_at_ms!", recovering_reason,
                      (select count(*) from guild) as "guilds!",
                      (select count(*) from guild where trouble is not null) as "troubled!",
                      (select count(*) from move where step not in ('started', 'cleaned', 'aborted')) as "moves!",
                      (select count(*) from cleanup where done_at is null) as "cleanups!",
                      (select count(*) from discord_shard where host_pod is null) as "unhosted!",
                      (select remaining from identify_budget where resets_at > now()) as identifies_left,
                      pg_database_size(current_database()) as "bytes!"
                 from store_meta"#
        )
        .fetch_one(&mut *read.tx)
        .await?;
        let status = StoreStatus {
            postgres_version: row.version.split(' ').next().unwrap_or_default().to_owned(),
            num_shards: NumShards::new(row.num_shards.cast_unsigned())
                .map_err(|e| super::pods::corrupt(&e))?,
            created_at_ms: row.created_at_ms,
            recovering_reason: row.recovering_reason,
            guilds: row.guilds.cast_unsigned(),
            troubled_guilds: row.troubled.cast_unsigned(),
            active_moves: row.moves.cast_unsigned(),
            open_cleanups: row.cleanups.cast_unsigned(),
            unhosted_shards: row.unhosted.cast_unsigned(),
            identifies_left: row.identifies_left.map(i32::cast_unsigned),
            bytes: row.bytes.cast_unsigned(),
        };
        self.end_read(read, status).await
    }
}
