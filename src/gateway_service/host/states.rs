//! How each session is, and whether the pod is ready by that.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::metrics::gauge::Gauge;

use crate::domain::ids::DiscordShardId;
use crate::runtime::readiness::Check;

/// A session's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionState {
    /// On its way: connecting, waiting for a ticket, identifying, resuming.
    Connecting,
    /// Receiving events.
    Live,
    /// Discord will not have it, for this reason; it is not tried again.
    Refused(String),
}

/// The states of all sessions of the pod. Clones are the same ones.
#[derive(Clone)]
pub struct SessionStates {
    check: Check,
    live: Gauge,
    states: Arc<Mutex<BTreeMap<DiscordShardId, SessionState>>>,
}

impl SessionStates {
    /// None yet.
    pub fn new(check: Check, live: Gauge) -> Self {
        Self {
            check,
            live,
            states: Arc::default(),
        }
    }

    /// Takes in which sessions this pod is to hold: those that have not begun yet count as connecting.
    pub fn deal(&self, shards: impl IntoIterator<Item = DiscordShardId>) {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        for shard in shards {
            states.entry(shard).or_insert(SessionState::Connecting);
        }
        self.judge(&states);
    }

    /// Forgets a session that is not hosted here any more.
    pub fn remove(&self, shard: DiscordShardId) {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        states.remove(&shard);
        self.judge(&states);
    }

    /// Sets the state of one session.
    pub fn set(&self, shard: DiscordShardId, state: SessionState) {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        states.insert(shard, state);
        self.judge(&states);
    }

    /// Under the lock, so that the last state is the last one told.
    fn judge(&self, states: &BTreeMap<DiscordShardId, SessionState>) {
        let live = states
            .values()
            .filter(|state| **state == SessionState::Live)
            .count();
        self.live.set(i64::try_from(live).unwrap_or(i64::MAX));
        let refused = states.iter().find_map(|(shard, state)| match state {
            SessionState::Refused(why) => Some(format!("Discord shard {shard}: {why}")),
            _ => None,
        });
        match refused {
            Some(why) => self.check.fail(why),
            // A pod may well own guilds whose sessions are all elsewhere.
            None if states.is_empty() => self.check.ok_saying("no sessions dealt"),
            None if live == states.len() => self.check.ok(),
            None => self
                .check
                .fail(format!("{live} of {} sessions are live", states.len())),
        }
    }

    /// Every session's state, by Discord shard.
    pub fn all(&self) -> Vec<(DiscordShardId, SessionState)> {
        let states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        states
            .iter()
            .map(|(shard, state)| (*shard, state.clone()))
            .collect()
    }
}
