//! A shard's file as it lies there, whoever has it open.

use std::path::Path;

use crate::store::shard_db::{self, OpenError, ShardFile};

/// What the file holds, guilds the largest first. With `pages`, SQLite looks through every page first. Blocking.
pub fn inspect(path: &Path, pages: bool) -> Result<ShardFile, OpenError> {
    let mut file = shard_db::inspect(path, pages)?;
    file.guilds
        .sort_by_key(|guild| (std::cmp::Reverse(guild.bytes), guild.guild_id));
    Ok(file)
}
