//! Why a move could not be driven on. Nothing is lost by it: the row says how far it is, and anybody may go on.

use uuid::Uuid;

use crate::client::pod_api::PodApiError;
use crate::domain::ids::PodId;
use crate::store::config_db::StoreError;

/// Why a driver gave up driving. The move itself is where its row says.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The store would not, or is gone.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody else drives it.
    #[error("move {move_id} is driven by {driver}")]
    Driven {
        /// Which move.
        move_id: Uuid,
        /// By whom.
        driver: String,
    },
    /// A pod did not say what is needed before a move begins.
    #[error("{pod} did not say what it has")]
    Pod {
        /// Which pod.
        pod: PodId,
        /// Why.
        #[source]
        source: PodApiError,
    },
    /// The move has flipped: it cannot be given up any more.
    #[error("move {0} has flipped: the guild is served by its new owner, and only a new move brings it back")]
    TooLate(Uuid),
}
