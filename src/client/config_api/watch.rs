//! The watch stream: one JSON object a line.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::ids::Revision;

/// One line of `GET /v1/watch?since=`.
///
/// Every line says: all changes up to `revision` have been sent. One without changes keeps the connection
/// alive, or passes over revisions that changed nothing a watcher is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchLine {
    /// The revision.
    pub revision: Revision,
    /// What became true together at this revision, in order.
    pub changes: Vec<WatchChange>,
    /// Why this is the last line, on the last line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<WatchEnd>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchChange {
    /// `guild`, `pod`, `discord_shard`, `move`, `cross_guild_event`, `store`.
    pub kind: String,
    /// Which one, as in `guild/123`.
    pub subject: String,
    /// What changed.
    pub body: Value,
}

/// Why a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WatchEnd {
    /// Changes that were not sent are no longer kept: list everything anew, then watch from there.
    Trimmed,
    /// The daemon stops: watch again from this revision, at another replica.
    Draining,
    /// The store cannot be read: watch again from this revision.
    Unreachable,
}
