//! The host: one session with Discord for each Discord shard of this pod, its frames handed to the owner in order.

mod applier;
mod close_codes;
mod connect;
mod fleet_tickets;
mod metrics;
mod queue;
mod session;
mod sessions;
mod states;
mod tickets;

pub use fleet_tickets::{FleetTickets, FleetTicketsSettings};
pub use metrics::HostMetrics;
pub use queue::Tickets;
pub use sessions::{Hosted, Hosting};
pub use states::{SessionState, SessionStates};
pub use tickets::{LocalTickets, TicketSettings};

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::lease::Lease;
use super::owner::Owner;
use super::pause::Pause;
use super::sender::{self, Sender};
use crate::domain::ids::NumShards;
use crate::runtime::error_chain::Chain;
use crate::runtime::settings::Secret;

/// How the host behaves.
#[derive(Debug, Clone)]
pub struct HostSettings {
    /// The bot's token.
    pub token: Secret,
    /// Discord's gateway, where a session knows no better address.
    pub gateway_url: String,
    /// Of how many Discord shards the sessions are.
    pub num_shards: NumShards,
    /// Frames of one session between socket and disk.
    pub frames_in_flight: usize,
    /// Longest wait between two tries.
    pub retry_max: Duration,
    /// Time for a session to close.
    pub close_time: Duration,
    /// How often kept texts are looked through.
    pub expiry_interval: Duration,
}

/// What every session of the pod works with.
pub struct Host {
    /// Where frames go.
    pub owner: Owner,
    /// How to behave.
    pub settings: HostSettings,
    /// Who may IDENTIFY when.
    pub tickets: Tickets,
    /// What to host.
    pub hosted: watch::Sender<Hosted>,
    /// Until when the pod may act.
    pub lease: Lease,
    /// How the sessions are.
    pub states: SessionStates,
    /// What happened, counted.
    pub metrics: HostMetrics,
    /// What is done at Discord.
    pub sender: Sender,
    /// Who is to see to stored frames.
    pub waiting: Pokes,
    /// Cancelled when the pod stops.
    pub stop: CancellationToken,
}

/// Pokes those who see to stored frames.
#[derive(Debug, Default)]
pub struct Pokes {
    /// The guild is served here by now.
    pub backlog: Notify,
    /// Nobody knows the guild's owner, or it was never served.
    pub placing: Notify,
    /// Another pod owns the guild.
    pub forwarding: Notify,
}

impl Pokes {
    /// Pokes everybody: who owns what has changed.
    pub fn all(&self) {
        for one in [&self.backlog, &self.placing, &self.forwarding] {
            one.notify_one();
        }
    }
}

/// Runs every session until the pod stops: each then closed so that it can be resumed, with all that was read committed.
pub async fn run(host: Arc<Host>) {
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(sessions::run(Arc::clone(&host)));
    tasks.spawn(backlog(Arc::clone(&host)));
    tasks.spawn(expiry(Arc::clone(&host)));
    tasks.spawn(sender::run(Arc::clone(&host)));
    while tasks.join_next().await.is_some() {}
}

/// Applies stored frames whose guild is served here: at the start, and whenever one was stored.
async fn backlog(host: Arc<Host>) {
    let mut pause = Pause::new(host.settings.retry_max);
    loop {
        match host.owner.apply_backlog().await {
            Ok(0) => pause.reset(),
            Ok(frames) => tracing::info!(frames, "stored frames were applied"),
            Err(error) => {
                tracing::error!(error = %Chain(&error), "stored frames could not be applied");
                if !pause.wait(&host.stop).await {
                    return;
                }
                continue;
            }
        }
        tokio::select! {
            () = host.waiting.backlog.notified() => {}
            () = host.stop.cancelled() => return,
        }
    }
}

async fn expiry(host: Arc<Host>) {
    let mut tick = tokio::time::interval(host.settings.expiry_interval);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = host.stop.cancelled() => return,
        }
        let owner = host.owner.clone();
        match tokio::task::spawn_blocking(move || owner.expire_texts()).await {
            Ok(Ok(rows)) => {
                host.metrics
                    .expired
                    .inc_by(u64::try_from(rows).unwrap_or_default());
            }
            Ok(Err(error)) => {
                tracing::error!(error = %Chain(&error), "kept message texts could not be ended");
            }
            Err(error) => tracing::error!(error = %error, "ending kept message texts broke off"),
        }
    }
}
