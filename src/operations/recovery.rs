//! What an operator can do while the config store recovers.

use super::consent::Authority;
use super::overview::is_awaited;
use crate::domain::ids::PodId;
use crate::store::config_db::{ConfigDb, Stamped, StoreError};

/// Gives the operator's word that a pod is gone for good: the recovery no longer waits for its fences. What
/// only that pod knew is lost with it. Answers whether that is new; repeating it changes nothing.
///
/// # Errors
/// [`StoreError::Refused`] where no recovery waits for it.
pub async fn waive(db: &ConfigDb, pod: PodId, authority: &Authority) -> Result<Stamped<bool>, StoreError> {
    let progress = db.recovery_progress().await?;
    let part = progress.value.pods.iter().find(|part| part.pod == pod);
    match part.filter(|_| progress.value.reason.is_some()) {
        Some(part) if part.waived_by.is_some() => Ok(progress.map(|_| false)),
        Some(part) if is_awaited(part) => {
            let waived = db.waive_recovery_pod(pod, authority.by()).await?;
            Ok(waived.map(|()| true))
        }
        _ => Err(StoreError::Refused(format!("no recovery waits for {pod}"))),
    }
}
