//! One guild as a file: what its header says, and when it may be imported.

mod header;
mod import_plan;
mod schema_version;

pub use header::{BundleHeader, BundleKind, BundleSeal, FORMAT};
pub use import_plan::{ImportPlan, ImportRefusal, ImportTarget, check_readable, plan_import};
pub use schema_version::SchemaVersion;

#[cfg(test)]
mod tests;
