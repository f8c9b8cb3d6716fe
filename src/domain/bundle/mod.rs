//! One guild as a file: what its header says, and when it may be imported.

mod schema_version;

pub use schema_version::SchemaVersion;
