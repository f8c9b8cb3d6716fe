//! The pod's database and guild bundles: what may be written, what survives, what is refused.

mod bundles;
mod capture;
mod child;
mod crashes;
mod faults;
mod fences;
mod group_commit;
mod older_schema;
pub(crate) mod rows;
pub(crate) mod shards;
