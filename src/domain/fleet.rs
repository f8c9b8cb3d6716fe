//! The fleet as placing and planning see it: pods, what they may be given, what they carry.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ids::PodId;

/// What an operator wants of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PodState {
    /// Takes new guilds.
    Active,
    /// Keeps what it has, takes nothing new.
    Cordoned,
    /// Is being emptied.
    Draining,
    /// Declared gone, or never started.
    Offline,
}

impl PodState {
    /// The word for it, as in the store and in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Cordoned => "cordoned",
            Self::Draining => "draining",
            Self::Offline => "offline",
        }
    }
}

/// A word that names no pod state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no pod state: active, cordoned, draining or offline")]
pub struct PodStateError(String);

impl FromStr for PodState {
    type Err = PodStateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Active, Self::Cordoned, Self::Draining, Self::Offline]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| PodStateError(text.to_owned()))
    }
}

impl fmt::Display for PodState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Load in thousandths of an idle guild's. One event a second, or 64 MiB of rows, weighs as much as
/// one idle guild.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Load(pub u64);

impl Load {
    /// What a guild weighs before anything is known of it.
    pub const IDLE_GUILD: Self = Self(1_000);
    const BYTES_PER_IDLE_GUILD: u64 = 64 << 20;

    /// The load of `guilds` guilds with `milli_events_per_s` thousandths of an event a second and
    /// `bytes` bytes between them.
    pub const fn of(guilds: u64, milli_events_per_s: u64, bytes: u64) -> Self {
        let by_bytes = bytes.saturating_mul(1_000) / Self::BYTES_PER_IDLE_GUILD;
        Self(
            guilds
                .saturating_mul(1_000)
                .saturating_add(milli_events_per_s)
                .saturating_add(by_bytes),
        )
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// A pod as placing and dealing see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodLoad {
    /// Which pod.
    pub pod: PodId,
    /// What the operator wants of it.
    pub state: PodState,
    /// Whether its lease runs.
    pub leased: bool,
    /// How much it may carry beside the others: a weight over zero.
    pub capacity: u32,
    /// What it carries.
    pub load: Load,
}

impl PodLoad {
    /// Why nothing new may go there, or `None` when something may.
    pub const fn closed_because(&self) -> Option<ClosedBecause> {
        closed_because(self.state, self.leased)
    }
}

/// Why nothing new may go to a pod in this state, or `None` when something may.
pub const fn closed_because(state: PodState, leased: bool) -> Option<ClosedBecause> {
    match state {
        PodState::Active if leased => None,
        PodState::Active => Some(ClosedBecause::Lapsed),
        PodState::Cordoned => Some(ClosedBecause::Cordoned),
        PodState::Draining => Some(ClosedBecause::Draining),
        PodState::Offline => Some(ClosedBecause::Offline),
    }
}

/// Why a pod takes nothing new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedBecause {
    /// Its lease has run out.
    Lapsed,
    /// It is cordoned.
    Cordoned,
    /// It is being emptied.
    Draining,
    /// It is declared gone.
    Offline,
}

impl fmt::Display for ClosedBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lapsed => "its lease has run out",
            Self::Cordoned => "it is cordoned",
            Self::Draining => "it is draining",
            Self::Offline => "it is offline",
        })
    }
}
