//! A pod's shard: its database, the guilds in it, and the Discord shards its pod hosts.

use crate::domain::ids::PodId;
use crate::store::config_db::{
    ConfigDb, DiscordShardRow, GuildFilter, GuildRow, PodRow, Stamped, StoreError,
};

/// A shard as the config store knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct ShardReport {
    /// Its pod, with the sums over all guilds.
    pub pod: PodRow,
    /// Its guilds, the largest first.
    pub guilds: Vec<GuildRow>,
    /// The Discord shards its pod hosts.
    pub hosted: Vec<DiscordShardRow>,
}

/// Looks at one shard. Its parts are read one after the other.
pub async fn inspect(db: &ConfigDb, pod: PodId) -> Result<Stamped<ShardReport>, StoreError> {
    let Stamped {
        value: pod_row,
        stamp,
    } = db.pod(pod).await?;
    let filter = GuildFilter {
        pod: Some(pod),
        limit: u32::MAX,
        ..GuildFilter::default()
    };
    let mut guilds = db.guilds(&filter).await?.value;
    guilds.sort_by_key(|guild| (std::cmp::Reverse(guild.bytes), guild.guild));
    let mut hosted = db.discord_shards().await?.value;
    hosted.retain(|shard| shard.host == Some(pod));
    let value = ShardReport {
        pod: pod_row,
        guilds,
        hosted,
    };
    Ok(Stamped { value, stamp })
}
