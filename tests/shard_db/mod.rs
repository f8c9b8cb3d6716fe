//! The pod's database and guild bundles: what may be written, what survives, what is refused.

mod bundles;
mod rows;
mod shards;
