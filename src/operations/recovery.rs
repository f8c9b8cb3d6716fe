//! What an operator can do while the config store recovers.

use super::consent::Authority;
use crate::domain::ids::PodId;
use crate::store::config_db::{ConfigDb, Stamped, StoreError};

/// Gives the operator's word that a pod is gone for good: the recovery no longer waits for its fences. What
/// only that pod knew is lost with it.
///
/// # Errors
/// [`StoreError::Refused`] where no recovery waits for it.
pub async fn waive(db: &ConfigDb, pod: PodId, authority: &Authority) -> Result<Stamped<()>, StoreError> {
    db.waive_recovery_pod(pod, authority.by()).await
}
