//! Which guilds should move where, and why.
//!
//! Pure and deterministic: a snapshot of the fleet in, an ordered plan out. Hard rules come first (guilds leave pods that
//! are being drained), then balance: a pod above its share by more than the threshold gives guilds to pods below theirs.
//! A pod never gives so much that it falls below its share, and never takes so much that it rises above: so no guild
//! moves twice, each move improves on the one before, a plan that is stopped half-way has done good, and planning its
//! result gives the empty plan.

mod balance;
mod fleet;
mod snapshot;
mod view;

pub use balance::plan;
pub use snapshot::{PlanGuild, PlanPod, Rules, Snapshot};
pub use view::{Left, Plan, PlannedMove, PodShare, Why};

#[cfg(test)]
mod tests;
