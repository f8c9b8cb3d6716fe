//! The sender: open actions of the guilds that are served here, to Discord, each claimed before it is sent.
//!
//! Actions of one channel go one after another, and so do those about a guild's members; everything else side by side,
//! as far as Discord's limits allow. What may have been sent is looked up before it is sent again.

mod gate;
mod lane;
mod look;
mod metrics;
mod refusals;
mod wire;

pub use gate::Gate;
pub use metrics::SenderMetrics;
pub use wire::Wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::host::Host;
use super::owner::OpenAction;
use super::pause::Pause;
use crate::client::discord::DiscordRest;
use crate::domain::discord_event::ChannelId;
use crate::domain::ids::GuildId;
use crate::runtime::clock::Clock;
use crate::runtime::error_chain::Chain;
use refusals::Refusals;

/// How the sender behaves.
#[derive(Debug, Clone)]
pub struct SenderSettings {
    /// How often it is looked for open actions that nobody told of.
    pub poll: Duration,
    /// How long after the start the bot's own messages are waited for, before one that may have been sent is sent again.
    pub settle_wait: Duration,
    /// How long a freeze waits for calls on the wire.
    pub drain_time: Duration,
}

/// What sending needs.
pub struct Sender {
    /// How to behave.
    pub settings: SenderSettings,
    /// Discord.
    pub rest: DiscordRest,
    /// How fast it may be called.
    pub gate: Gate,
    /// What is on the wire.
    pub wire: Wire,
    /// What happened, counted.
    pub metrics: SenderMetrics,
    /// What Discord refuses for want of a permission.
    refusals: Refusals,
    clock: Arc<dyn Clock>,
}

/// Actions that wait for each other: those of a channel, or of a guild's members.
type LaneKey = (GuildId, Option<ChannelId>);

impl Sender {
    /// One that may make so many thousandths of a call a second, and risk so many invalid requests in ten minutes.
    pub fn new(
        settings: SenderSettings,
        rest: DiscordRest,
        clock: Arc<dyn Clock>,
        metrics: SenderMetrics,
        (milli_per_s, invalid_max): (u32, usize),
    ) -> Self {
        Self {
            settings,
            rest,
            gate: Gate::new(Arc::clone(&clock), milli_per_s, invalid_max),
            wire: Wire::default(),
            metrics,
            refusals: Refusals::default(),
            clock,
        }
    }
}

impl Sender {
    /// An operator has seen to what Discord refused in a guild: it is asked again.
    pub fn ask_again(&self, guild: GuildId) {
        self.refusals.forget(guild);
    }
}

/// Sends until the pod stops; calls that are on the wire then are waited for.
pub(super) async fn run(host: Arc<Host>) {
    let mut pause = Pause::new(host.settings.retry_max);
    while let Err(error) = host.owner.doubt_open_actions().await {
        tracing::error!(error = %Chain(&error), "nothing is sent: what became of earlier actions cannot be noted");
        if !pause.wait(&host.stop).await {
            return;
        }
    }
    let mut lanes: JoinSet<LaneKey> = JoinSet::new();
    let mut running = BTreeSet::new();
    while !host.stop.is_cancelled() {
        match host.owner.open_actions().await {
            Ok(open) => {
                pause.reset();
                start_lanes(&host, open, &mut lanes, &mut running);
            }
            Err(error) => {
                tracing::error!(error = %Chain(&error), "the outbox cannot be read");
                pause.wait(&host.stop).await;
            }
        }
        tokio::select! {
            () = host.owner.new_actions() => {}
            () = tokio::time::sleep(host.sender.settings.poll) => {}
            Some(ended) = lanes.join_next() => note_end(ended, &mut running),
            () = host.stop.cancelled() => {}
        }
        // Those that ended together are looked after together.
        while let Some(ended) = lanes.try_join_next() {
            note_end(ended, &mut running);
        }
    }
    while lanes.join_next().await.is_some() {}
}

fn note_end(ended: Result<LaneKey, tokio::task::JoinError>, running: &mut BTreeSet<LaneKey>) {
    match ended {
        Ok(key) => {
            running.remove(&key);
        }
        // Which one it was is lost with it: all are looked at again, and a claim keeps them apart.
        Err(error) => {
            tracing::error!(error = %error, "sending broke off");
            running.clear();
        }
    }
}

fn start_lanes(
    host: &Arc<Host>,
    open: Vec<OpenAction>,
    lanes: &mut JoinSet<LaneKey>,
    running: &mut BTreeSet<LaneKey>,
) {
    let mut by_lane: BTreeMap<LaneKey, Vec<OpenAction>> = BTreeMap::new();
    for action in open {
        let key = (action.guild, action.planned.action.channel());
        if !running.contains(&key) && !host.sender.wire.is_stopped(action.guild) {
            by_lane.entry(key).or_default().push(action);
        }
    }
    for (key, actions) in by_lane {
        running.insert(key);
        let host = Arc::clone(host);
        lanes.spawn(async move {
            lane::run(&host, actions).await;
            key
        });
    }
}
