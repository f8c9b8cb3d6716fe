//! Where in the config store's history an answer stands, and how to notice that history was lost.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ids::Revision;

/// A position in one store's history. To people and in headers: `<store id>/<timeline>/<revision>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorePosition {
    /// Which store: made once, when the store is.
    pub store_id: Uuid,
    /// PostgreSQL's timeline (8 hexadecimal digits): another one means a restore or a failover.
    pub timeline: String,
    /// How far its history has come.
    pub revision: Revision,
}

/// What every answer of the store carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreStamp {
    /// Where the answer stands.
    pub position: StorePosition,
    /// Whether the store is recovering: nothing is handed out.
    pub recovering: bool,
}

/// What a caller's memory says of a fresh answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// The store has gone on, or stands still.
    Continues,
    /// The store has forgotten revisions that the caller has seen.
    WentBack,
    /// Another store altogether.
    Foreign,
}

impl StorePosition {
    /// What a caller that has seen `self` must conclude from `fresh`, which was read after it.
    pub fn history(&self, fresh: &Self) -> History {
        if self.store_id != fresh.store_id {
            History::Foreign
        } else if fresh.revision < self.revision {
            History::WentBack
        } else {
            History::Continues
        }
    }
}

impl fmt::Display for StorePosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.store_id, self.timeline, self.revision)
    }
}

/// A text that is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no store position: <store id>/<timeline>/<revision>")]
pub struct StorePositionError(String);

impl FromStr for StorePosition {
    type Err = StorePositionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = || {
            let mut parts = text.split('/');
            let store_id = parts.next()?.parse().ok()?;
            let timeline = parts
                .next()
                .filter(|t| t.len() == 8 && t.bytes().all(|b| b.is_ascii_hexdigit()))?;
            let revision: u64 = parts.next()?.parse().ok().filter(|r| i64::try_from(*r).is_ok())?;
            let position = Self {
                store_id,
                timeline: timeline.to_owned(),
                revision: Revision::new(revision),
            };
            parts.next().is_none().then_some(position)
        };
        parsed().ok_or_else(|| StorePositionError(text.chars().take(100).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(timeline: &str, revision: u64) -> StorePosition {
        StorePosition {
            store_id: Uuid::nil(),
            timeline: timeline.into(),
            revision: Revision::new(revision),
        }
    }

    #[test]
    fn knows_a_lost_history() {
        let known = at("00000001", 7);
        assert_eq!(known.history(&at("00000001", 7)), History::Continues);
        assert_eq!(known.history(&at("00000001", 8)), History::Continues);
        assert_eq!(known.history(&at("00000001", 6)), History::WentBack);
        assert_eq!(known.history(&at("00000002", 6)), History::WentBack);
        // Whether a new timeline has lost anything is the store's business: it knows which one it accepted.
        assert_eq!(known.history(&at("00000002", 9)), History::Continues);
        let foreign = StorePosition {
            store_id: Uuid::max(),
            ..at("00000001", 9)
        };
        assert_eq!(known.history(&foreign), History::Foreign);
    }

    #[test]
    fn reads_what_it_writes() {
        let position = at("0000000A", 12);
        assert_eq!(position.to_string().parse(), Ok(position));
        for text in [
            "",
            "a/b/c",
            "00000000-0000-0000-0000-000000000000/00000001/-1",
            "00000000-0000-0000-0000-000000000000/1/1",
        ] {
            assert!(text.parse::<StorePosition>().is_err(), "{text}");
        }
    }
}
