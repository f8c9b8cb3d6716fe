//! What a plan says.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::fleet::Load;
use crate::domain::ids::{Epoch, GuildId, PodId};

/// An ordered plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The hash of what it was made from ([`super::Snapshot::hash`]).
    pub inputs: String,
    /// What to move, in order.
    pub moves: Vec<PlannedMove>,
    /// What stays though a rule or the balance would have it moved, and why.
    pub left: Vec<Left>,
    /// What each pod carries now.
    pub before: Vec<PodShare>,
    /// What each pod carries afterwards.
    pub after: Vec<PodShare>,
}

/// One move of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedMove {
    /// Which guild.
    pub guild: GuildId,
    /// From where.
    pub src: PodId,
    /// To where.
    pub dst: PodId,
    /// The guild's epoch before it.
    pub epoch: Epoch,
    /// What it weighs.
    pub load: Load,
    /// Why.
    pub why: Why,
}

/// Why a guild is to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Its pod is being emptied.
    Draining,
    /// Its pod carries more than its share, in percent above it.
    Overloaded(u64),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Draining => f.write_str("its pod is draining"),
            Self::Overloaded(percent) => write!(f, "its pod carries {percent} % more than its share"),
        }
    }
}

/// Something that stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Left {
    /// A pinned guild on a pod that is being emptied.
    Pinned {
        /// Which guild.
        guild: GuildId,
        /// Where.
        pod: PodId,
    },
    /// A guild on a pod that is being emptied, being moved or in trouble.
    Busy {
        /// Which guild.
        guild: GuildId,
        /// Where.
        pod: PodId,
    },
    /// No pod takes the guilds of one that is being emptied.
    Nowhere {
        /// Which guild.
        guild: GuildId,
        /// Where.
        pod: PodId,
    },
    /// A pod that does not answer: its guilds cannot be moved, only rebuilt elsewhere.
    Dead {
        /// Which pod.
        pod: PodId,
        /// How many guilds it owns.
        guilds: usize,
    },
    /// A pod stays above its share: what it has is pinned, busy, or larger than what another pod lacks.
    TooLarge {
        /// Which pod.
        pod: PodId,
        /// How far above, in percent.
        percent: u64,
    },
    /// The plan is as long as it may be.
    TooLong {
        /// How long.
        moves: usize,
    },
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pinned { guild, pod } => {
                write!(f, "guild {guild} stays on {pod}, which is draining: it is pinned")
            }
            Self::Busy { guild, pod } => {
                write!(
                    f,
                    "guild {guild} stays on {pod}, which is draining: it is being moved or in trouble"
                )
            }
            Self::Nowhere { guild, pod } => write!(
                f,
                "guild {guild} stays on {pod}, which is draining: no pod takes guilds"
            ),
            Self::Dead { pod, guilds } => write!(f, "{guilds} guilds stay on {pod}: it does not answer"),
            Self::TooLarge { pod, percent } => write!(
                f,
                "{pod} stays {percent} % above its share: its guilds are pinned, busy, or larger than what any pod lacks"
            ),
            Self::TooLong { moves } => write!(f, "more could be moved: a plan has at most {moves} moves"),
        }
    }
}

/// What one pod carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodShare {
    /// Which pod.
    pub pod: PodId,
    /// How many guilds.
    pub guilds: usize,
    /// Their load.
    pub load: Load,
    /// Its load against its share, in percent: 100 is just its share; none where it takes nothing.
    pub percent: Option<u64>,
}
