//! What an operator wants of a pod.

use super::consent::Authority;
use crate::domain::fleet::PodState;
use crate::domain::ids::PodId;
use crate::store::config_db::{ConfigDb, Stamped, StoreError};

/// A pod's state before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateChange {
    /// What it was.
    pub from: PodState,
    /// What it is.
    pub to: PodState,
}

/// Lets a pod keep what it has and take nothing new.
///
/// # Errors
/// [`StoreError::Refused`] for a pod that is draining: it takes nothing new as it is, and cordoning it would
/// end the draining.
pub async fn cordon(
    db: &ConfigDb,
    pod: PodId,
    authority: &Authority,
) -> Result<Stamped<StateChange>, StoreError> {
    if db.pod(pod).await?.value.state == PodState::Draining {
        let refused = format!("{pod} is draining: it takes nothing new already");
        return Err(StoreError::Refused(refused));
    }
    set(db, pod, PodState::Cordoned, authority).await
}

/// Lets a pod take nothing new, and rebalancing move its guilds away.
pub async fn drain(
    db: &ConfigDb,
    pod: PodId,
    authority: &Authority,
) -> Result<Stamped<StateChange>, StoreError> {
    set(db, pod, PodState::Draining, authority).await
}

/// Lets a pod take new guilds and Discord shards again. Ends its draining too.
pub async fn uncordon(
    db: &ConfigDb,
    pod: PodId,
    authority: &Authority,
) -> Result<Stamped<StateChange>, StoreError> {
    set(db, pod, PodState::Active, authority).await
}

async fn set(
    db: &ConfigDb,
    pod: PodId,
    to: PodState,
    authority: &Authority,
) -> Result<Stamped<StateChange>, StoreError> {
    let was = db.set_pod_state(pod, to, authority.by()).await?;
    Ok(was.map(|from| StateChange { from, to }))
}
