//! Guilds and where they belong. None of this changes an owner: that is a move.

use super::consent::Authority;
use crate::domain::fleet::{ClosedBecause, closed_because};
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

/// A guild given to a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// Who owns it now.
    pub placed: Placed,
    /// Why that pod would not have been chosen: the operator may, and should know.
    pub doubt: Option<ClosedBecause>,
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
) -> Result<Stamped<Assigned>, StoreError> {
    let target = db.pod(pod).await?.value;
    let doubt = closed_because(target.state, target.leased());
    let placed = db.assign(guild, pod, authority.by()).await?;
    Ok(placed.map(|placed| Assigned { placed, doubt }))
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
