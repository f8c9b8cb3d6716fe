//! A move's id.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One move of one guild, or one import by hand: a uuid, made by whoever starts it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MoveId(Uuid);

/// A text that is no move id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("move id {0:?} is not a uuid")]
pub struct MoveIdError(String);

impl MoveId {
    /// The move with this uuid.
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The uuid.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl FromStr for MoveId {
    type Err = MoveIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text)
            .map(Self)
            .map_err(|_| MoveIdError(text.chars().take(40).collect()))
    }
}

impl fmt::Display for MoveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for MoveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "move/{}", self.0)
    }
}
