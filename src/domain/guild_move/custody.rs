//! When the source's rows may go.

use crate::domain::fence::FenceState;
use crate::domain::ids::Epoch;

/// Whether a file with this fence has taken over a guild that was moved into it at `epoch`. If this is so in the target's
/// replica (or in its file, where there is no replica), the source's rows are no longer needed.
pub fn has_taken_over(fence: Option<&FenceState>, epoch: Epoch) -> bool {
    fence.is_some_and(|fence| fence.epoch > epoch || (fence.epoch == epoch && fence.mode.owns()))
}
