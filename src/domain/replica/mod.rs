//! What a Litestream replica holds and what can be restored from it: from one flat listing to a plan, or to
//! the reason why there is none.
//!
//! [`Layout`] sorts a listing by pod, lineage and format; [`Chains`] finds every restorable transaction and
//! the cheapest files for each; [`plan_latest`], [`plan_txid`] and [`plan_as_of`] pick one. Nothing here
//! reads an object: times are the store's until the caller puts those of the headers in their place.

mod chain;
mod layout;
mod legacy;
mod plan;
mod points;

pub use chain::{Chains, Point};
pub use layout::{Layout, LineageNo, LtxObject, Object, Place};
pub use legacy::{Generation, LegacyNoPlan, LegacyPlan, Segment, Snapshot, legacy_plan, newest_snapshot};
pub use plan::{AsOfPlan, Excluded, Nearest, NoPlan, Plan, plan_as_of, plan_latest, plan_txid};
pub use points::{Gap, LineageStatus, gaps, lineage_status};
