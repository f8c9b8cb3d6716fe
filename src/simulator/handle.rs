//! A running simulated Discord.

mod start;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::acts::{Act, ActError};
use super::faults::Fault;
use super::ledger::Ledger;
use super::load::{Crowd, Load, SpamMessage, SpamWave};
use super::snowflake::Snowflake;
use super::state::Shared;
use super::views::{GuildView, MemberView, SessionView, Summary};

pub use start::StartError;
pub use wait::WaitError;

/// Where it listens.
#[derive(Debug, Clone, Serialize)]
pub struct Urls {
    /// `ws://127.0.0.1:PORT`: the gateway that `GET /gateway/bot` names.
    pub gateway: String,
    /// `ws://127.0.0.1:PORT`: what READY gives as `resume_gateway_url`.
    pub resume_gateway: String,
    /// `http://127.0.0.1:PORT`: the API is under `/api/v10`.
    pub rest: String,
    /// `http://127.0.0.1:PORT`: the control API is under `/control`.
    pub control: String,
}

/// A simulated Discord. Dropping it ends it.
pub struct Simulator {
    pub(super) shared: Arc<Shared>,
}

/// Traffic under way. Dropping it lets the traffic go on.
pub struct LoadRun {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<u64>,
}

impl Simulator {
    /// Where it listens.
    pub fn urls(&self) -> Urls {
        self.shared.read(|state| state.urls.clone())
    }

    /// The bot's token, without a prefix.
    pub fn token(&self) -> String {
        self.shared.read(|state| state.settings.token.clone())
    }

    /// The bot's user id, which is also the application's.
    pub fn bot(&self) -> Snowflake {
        self.shared.read(|state| state.world.bot)
    }

    /// Lets somebody do something. Returns the id of what came of it, or of what it was done to.
    pub fn act(&self, act: Act) -> Result<Snowflake, ActError> {
        self.shared.with(|state| state.act(act))
    }

    /// Brings a fault about. Returns how many connections or sessions it met.
    pub fn fault(&self, fault: Fault) -> usize {
        self.shared.with(|state| state.fault(fault))
    }

    /// Moves the clock forward: windows (resume, identify, rate limits, nonces) end sooner.
    pub fn advance(&self, by: Duration) {
        self.shared.with(|state| {
            state.clock.advance(by);
            let now = state.now_ms();
            state.end_expired_sessions(now);
        });
    }

    /// A copy of the ledger.
    pub fn ledger(&self) -> Ledger {
        self.shared.read(|state| state.ledger.clone())
    }

    /// Looks at the ledger without copying it.
    pub fn with_ledger<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        self.shared.read(|state| look(&state.ledger))
    }

    /// The guilds that the bot is in, in order of id.
    pub fn guilds(&self) -> Vec<GuildView> {
        self.shared.read(super::state::State::guild_views)
    }

    /// A member, where there is one.
    pub fn member(&self, guild: Snowflake, user: Snowflake) -> Option<MemberView> {
        self.shared.read(|state| state.member_view(guild, user))
    }

    /// Unix milliseconds on the simulated clock.
    pub fn now_ms(&self) -> u64 {
        self.shared.read(super::state::State::now_ms)
    }

    /// The token of an interaction, as `INTERACTION_CREATE` carries it.
    pub fn interaction_token(&self, interaction: Snowflake) -> Option<String> {
        self.shared.read(|state| state.interactions.token_of(interaction))
    }

    /// What a message says, where it is (still) there.
    pub fn message(&self, channel: Snowflake, message: Snowflake) -> Option<String> {
        self.shared
            .read(|state| Some(state.world.messages.get(channel, message)?.body.content.clone()))
    }

    /// The ids of a channel's messages, oldest first.
    pub fn messages(&self, channel: Snowflake) -> Vec<Snowflake> {
        self.shared.read(|state| {
            state
                .world
                .messages
                .of(channel)
                .map(|message| message.id)
                .collect()
        })
    }

    /// All sessions that ever were.
    pub fn sessions(&self) -> Vec<SessionView> {
        self.shared
            .read(|state| state.ledger.sessions.iter().map(SessionView::from).collect())
    }

    /// The whole in figures.
    pub fn summary(&self) -> Summary {
        self.shared.read(super::state::State::summary)
    }

    /// Lets `acts` acts of a load happen at once.
    pub fn burst(&self, load: &Load, acts: u64) {
        self.shared.with(|state| {
            let mut crowd = Crowd::new(state, load);
            (0..acts).for_each(|_| crowd.step(state));
        });
    }

    /// Lets a spam wave happen at once. Returns its messages in order.
    pub fn spam_wave(&self, wave: &SpamWave) -> Vec<SpamMessage> {
        self.shared.with(|state| state.spam_wave(wave))
    }

    /// Starts traffic.
    pub fn load(&self, load: Load) -> LoadRun {
        start_load(&self.shared, load)
    }

    /// Runs until the process is told to stop some other way.
    pub async fn run(&self) {
        self.shared.stop.cancelled().await;
    }

    /// Ends it: listeners first, then every connection.
    pub async fn stop(self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

impl LoadRun {
    /// Ends the traffic. Returns how many acts there were.
    pub async fn stop(self) -> u64 {
        self.stop.cancel();
        self.join().await
    }

    /// Waits until the load's total is reached. Returns how many acts there were.
    pub async fn join(self) -> u64 {
        self.task.await.unwrap_or_default()
    }
}

/// How often due acts are done.
const TICK: Duration = Duration::from_millis(5);
/// Acts done while the lock is held: others must get their turn.
const CHUNK: u64 = 200;

/// Starts traffic in a task of its own.
pub(super) fn start_load(shared: &Arc<Shared>, load: Load) -> LoadRun {
    let stop = shared.stop.child_token();
    let (shared, stopped) = (Arc::clone(shared), stop.clone());
    let tracker = shared.tasks.clone();
    let task = tracker.spawn(async move {
        let mut crowd = shared.read(|state| Crowd::new(state, &load));
        let mut tick = tokio::time::interval(TICK);
        let started = tokio::time::Instant::now();
        let mut made = 0;
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = stopped.cancelled() => return made,
            }
            let due = due(&load, started.elapsed());
            while made < due && !stopped.is_cancelled() {
                let chunk = (due - made).min(CHUNK);
                shared.with(|state| (0..chunk).for_each(|_| crowd.step(state)));
                made += chunk;
                tokio::task::yield_now().await;
            }
            if load.total.is_some_and(|total| made >= total) {
                return made;
            }
        }
    });
    LoadRun { stop, task }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates and times are small and positive"
)]
fn due(load: &Load, run: Duration) -> u64 {
    let due = (run.as_secs_f64() * load.acts_per_s) as u64;
    due.min(load.total.unwrap_or(u64::MAX))
}
