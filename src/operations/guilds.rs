//! Guilds and where they belong. None of this changes an owner: that is a move.

use super::consent::Authority;
use crate::domain::ids::{GuildId, PodId};
use crate::store::config_db::{ConfigDb, GuildRow, Placed, Stamped, StoreError};

/// A guild that is known.
///
/// # Errors
/// [`StoreError::NoSuchGuild`] for one that was never placed.
pub async fn get(db: &ConfigDb, guild: GuildId) -> Result<Stamped<GuildRow>, StoreError> {
    let Stamped { value, stamp } = db.guild(guild).await?;
    let value = value.ok_or(StoreError::NoSuchGuild(guild))?;
    Ok(Stamped { value, stamp })
}

/// Gives a guild that nobody has seen yet to a pod. The same pod again changes nothing.
///
/// # Errors
/// [`StoreError::OwnedElsewhere`] where another pod owns it.
pub async fn assign(
    db: &ConfigDb,
    guild: GuildId,
    pod: PodId,
    authority: &Authority,
) -> Result<Stamped<Placed>, StoreError> {
    db.assign(guild, pod, authority.by()).await
}

/// Pins a guild where it is, or lets it go; answers whether it was pinned. Repeating it changes nothing.
pub async fn set_pinned(
    db: &ConfigDb,
    guild: GuildId,
    pinned: bool,
    authority: &Authority,
) -> Result<Stamped<bool>, StoreError> {
    db.set_pinned(guild, pinned, authority.by()).await
}
