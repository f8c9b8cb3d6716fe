//! One guild, as its pod has it.

use serde::{Deserialize, Serialize};

use super::{GuildFence, Held};
use crate::domain::bundle::SchemaVersion;

/// `GET /v1/guilds/{guild}`: what is in the file of a guild, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuildReport {
    /// Its fence.
    pub fence: GuildFence,
    /// The schema of its rows.
    pub schema: SchemaVersion,
    /// Every table with rows of it, by name.
    pub tables: Vec<TableSize>,
    /// Rows of all tables.
    pub rows: u64,
    /// What they hold, in bytes: texts and blobs by their length, numbers as eight. Indexes not counted.
    pub bytes: u64,
    /// Frames of it that wait here.
    pub forward: Held,
    /// Frames of it that could not be applied.
    pub dead_frames: u64,
    /// Its actions.
    pub actions: Actions,
    /// Its timers.
    pub timers: u64,
    /// Timers that wait for someone to say go.
    pub timers_held: u64,
    /// Stretches of its events that Discord will not replay.
    pub gaps: u64,
}

/// The rows of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSize {
    /// The table.
    pub table: String,
    /// Rows.
    pub rows: u64,
    /// What they hold, in bytes.
    pub bytes: u64,
}

/// Actions by state; those that are done are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Actions {
    /// Not yet sent.
    pub pending: u64,
    /// On the wire.
    pub sending: u64,
    /// Nobody knows whether they were carried out.
    pub unknown: u64,
    /// Given up.
    pub dead: u64,
}
