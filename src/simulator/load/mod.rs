//! Traffic: what users do when nobody looks, drawn from a seed.

mod crowd;
mod spam;

pub(super) use crowd::Crowd;
pub use spam::{SpamMessage, SpamWave};

use serde::{Deserialize, Serialize};

/// Traffic to be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Load {
    /// What every choice is drawn from.
    pub seed: u64,
    /// How many acts happen in a second. An act makes one event, moderation makes several.
    pub acts_per_s: f64,
    /// Stop after so many; without it, when told to.
    pub total: Option<u64>,
    /// A guild is chosen with a weight of its members to this power: 0 all alike, 1 by size, more: the large ones rule.
    pub skew: f64,
    /// What happens how often.
    pub mix: Mix,
}

/// Weights of the kinds of act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Mix {
    pub messages: u32,
    pub edits: u32,
    pub deletes: u32,
    pub reactions: u32,
    pub joins: u32,
    pub leaves: u32,
    pub timeouts: u32,
    pub bans: u32,
    pub threads: u32,
    pub voice: u32,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            seed: 1,
            acts_per_s: 100.0,
            total: None,
            skew: 1.0,
            mix: Mix::default(),
        }
    }
}

impl Default for Mix {
    /// Mostly messages, as in real guilds.
    fn default() -> Self {
        Self {
            messages: 900,
            edits: 25,
            deletes: 15,
            reactions: 30,
            joins: 10,
            leaves: 8,
            timeouts: 3,
            bans: 1,
            threads: 3,
            voice: 5,
        }
    }
}

impl Mix {
    /// Nothing but messages.
    pub const MESSAGES: Self = Self {
        messages: 1,
        edits: 0,
        deletes: 0,
        reactions: 0,
        joins: 0,
        leaves: 0,
        timeouts: 0,
        bans: 0,
        threads: 0,
        voice: 0,
    };
}
