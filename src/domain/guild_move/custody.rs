//! When the source's rows may go.

use crate::domain::fence::FenceMode;
use crate::domain::ids::Epoch;

/// Whether a file whose fence says this has taken over a guild that was moved into it at `since`. If it is so in the
/// target's replica (or in its file, where there is no replica), the source's rows are no longer needed.
pub fn has_taken_over(epoch: Epoch, mode: FenceMode, since: Epoch) -> bool {
    epoch > since || (epoch == since && mode.owns())
}
