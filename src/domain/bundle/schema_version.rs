//! Versions of the shard database's schema.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How many migrations a file has seen: `1..`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SchemaVersion(u32);

impl SchemaVersion {
    /// The version after `migrations` migrations.
    pub const fn new(migrations: u32) -> Self {
        Self(migrations)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The one before: what a rolling upgrade still has to read.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for SchemaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
