//! Everything that changes while the simulated Discord runs, behind one lock: so that events, effects and
//! the ledger have one order.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::clock::Clock;
use super::faults::Faults;
use super::gateway::connection::Connection;
use super::gateway::identify::IdentifyLimits;
use super::gateway::sessions::Sessions;
use super::interactions::Interactions;
use super::ledger::Ledger;
use super::rest::limits::RestLimits;
use super::rest::nonces::Nonces;
use super::settings::Settings;
use super::snowflake::Snowflake;
use super::world::World;
use super::{Urls, world};

/// What changes.
pub(super) struct State {
    pub(super) settings: Arc<Settings>,
    pub(super) clock: Arc<Clock>,
    pub(super) urls: Urls,
    pub(super) world: World,
    pub(super) sessions: Sessions,
    /// Open gateway connections by number.
    pub(super) connections: BTreeMap<usize, Connection>,
    pub(super) ledger: Ledger,
    pub(super) identify: IdentifyLimits,
    pub(super) faults: Faults,
    pub(super) limits: RestLimits,
    pub(super) nonces: Nonces,
    pub(super) interactions: Interactions,
    /// When a session last asked for all members of a guild, by session and guild, in Unix milliseconds.
    pub(super) asked_for_members: HashMap<(usize, Snowflake), u64>,
    pub(super) rng: fastrand::Rng,
}

impl State {
    /// A fresh world, nobody connected.
    pub(super) fn new(settings: Arc<Settings>, clock: Arc<Clock>, urls: Urls) -> Self {
        Self {
            world: world::generate::world(&settings.world),
            identify: IdentifyLimits::new(&settings.gateway, clock.now_ms()),
            // Session ids and tokens must not come again after a restart, whatever the seed.
            rng: fastrand::Rng::new(),
            settings,
            clock,
            urls,
            sessions: Sessions::default(),
            asked_for_members: HashMap::new(),
            connections: BTreeMap::new(),
            ledger: Ledger::default(),
            faults: Faults::default(),
            limits: RestLimits::default(),
            nonces: Nonces::default(),
            interactions: Interactions::default(),
        }
    }

    /// Unix milliseconds on the simulated Discord's clock.
    pub(super) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// A new id, greater than all before.
    pub(super) fn new_id(&mut self) -> Snowflake {
        self.world.mint.next(self.clock.now_ms())
    }

    /// A random text of `length` characters that goes into a URL.
    pub(super) fn new_secret(&mut self, length: usize) -> String {
        std::iter::repeat_with(|| self.rng.alphanumeric())
            .take(length)
            .collect()
    }

    /// Whether `token`, with or without its prefix, is the bot's and still good.
    pub(super) fn token_is_good(&self, token: &str) -> bool {
        let token = token.strip_prefix("Bot ").unwrap_or(token);
        token == self.settings.token && !self.ledger.token_reset
    }
}

/// What the tasks of one simulated Discord share.
pub(super) struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
    /// Cancelled when it stops.
    pub(super) stop: CancellationToken,
    /// Its tasks.
    pub(super) tasks: TaskTracker,
}

impl Shared {
    /// Shares `state`.
    pub(super) fn new(state: State) -> Self {
        Self {
            state: Mutex::new(state),
            changed: watch::Sender::new(0),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Reads or changes the state, and wakes whoever waits for a condition.
    pub(super) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.send_modify(|times| *times = times.wrapping_add(1));
        result
    }

    /// Reads the state without waking anybody.
    pub(super) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Told after every change.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}
