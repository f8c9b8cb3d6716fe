//! What the API's handlers share.

use std::sync::{Arc, PoisonError, RwLock};

use super::guild_batch::GuildBatch;
use super::settings::ConfigSettings;
use super::watch::Hub;
use crate::domain::store_stamp::{History, StorePosition, StoreStamp};
use crate::runtime::background::Poke;
use crate::store::config_db::{ConfigDb, GuildRow, PlaceOutcome};

/// One replica.
pub(super) struct Service {
    pub(super) db: ConfigDb,
    pub(super) settings: ConfigSettings,
    pub(super) place: GuildBatch<PlaceOutcome>,
    pub(super) lookup: GuildBatch<Option<GuildRow>>,
    pub(super) hub: Arc<Hub>,
    pub(super) last_stamp: LastStamp,
    pub(super) pokes: Pokes,
}

/// Loops that requests hurry.
pub(super) struct Pokes {
    /// Looks at the store.
    pub(super) store: Poke,
    /// Deals Discord shards.
    pub(super) deal: Poke,
}

/// Where the store was last seen by this replica: what an answer carries that could not ask it.
#[derive(Debug, Clone, Default)]
pub(super) struct LastStamp(Arc<RwLock<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    stamp: Option<StoreStamp>,
    /// The highest position that a caller claimed and the store has been told of.
    claimed: Option<StorePosition>,
}

impl LastStamp {
    /// The latest one.
    pub(super) fn get(&self) -> Option<StoreStamp> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .stamp
            .clone()
    }

    /// Takes in a fresh one. Answers overtake each other: an older one changes nothing, unless it says that
    /// the store recovers.
    pub(super) fn saw(&self, stamp: &StoreStamp) {
        let is_news = |last: &StoreStamp| {
            *last != *stamp && (stamp.recovering || stamp.position.revision >= last.position.revision)
        };
        let news = {
            let seen = self.0.read().unwrap_or_else(PoisonError::into_inner);
            seen.stamp.as_ref().is_none_or(is_news)
        };
        if news {
            self.0.write().unwrap_or_else(PoisonError::into_inner).stamp = Some(stamp.clone());
        }
    }

    /// Whether what a caller has seen must be held against the store: it has seen more than we have, and the
    /// store has not been told.
    pub(super) fn is_news(&self, known: &StorePosition) -> bool {
        let seen = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let covers = |position: &StorePosition| known.history(position) == History::Continues;
        let told = seen.stamp.as_ref().is_some_and(|stamp| stamp.recovering)
            && seen.claimed.as_ref().is_some_and(covers);
        !told && !seen.stamp.as_ref().is_some_and(|stamp| covers(&stamp.position))
    }

    /// Notes that the store has been told of a caller's position.
    pub(super) fn told(&self, known: &StorePosition) {
        let mut seen = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if seen
            .claimed
            .as_ref()
            .is_none_or(|c| c.history(known) == History::Continues)
        {
            seen.claimed = Some(known.clone());
        }
    }
}
