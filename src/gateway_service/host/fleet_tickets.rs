//! Who may IDENTIFY when, for a pod of a fleet: config says, and without it nobody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use tokio::sync::{oneshot, watch};
use twilight_gateway::queue::Queue;

use super::sessions::Hosted;
use crate::client::config_api::{BudgetRequest, ConfigApi, ConfigApiError, TicketRequest};
use crate::client::discord::DiscordRest;
use crate::domain::ids::{DiscordShardId, Incarnation, NumShards, PodId, SessionNo};
use crate::gateway_service::owner::Owner;
use crate::gateway_service::pause::Pause;
use crate::runtime::clock::Clock;
use crate::runtime::error_chain::Chain;

/// What asking config for a ticket takes.
pub struct FleetTicketsSettings {
    /// Config.
    pub api: ConfigApi,
    /// This pod.
    pub pod: PodId,
    /// Its present life.
    pub incarnation: Incarnation,
    /// Of how many Discord shards the sessions are.
    pub num_shards: NumShards,
    /// What the pod hosts, under which host epochs.
    pub hosted: watch::Receiver<Hosted>,
    /// Longest wait between two questions.
    pub retry_max: Duration,
}

/// The tickets of a fleet, as one pod asks for them. Clones are the same ones.
#[derive(Clone)]
pub struct FleetTickets(Arc<Inner>);

struct Inner {
    settings: FleetTicketsSettings,
    rest: DiscordRest,
    owner: Owner,
    clock: Arc<dyn Clock>,
    counter: Counter,
    granted: Mutex<HashMap<DiscordShardId, SessionNo>>,
}

/// Not now: ask again after this.
struct Later(Duration);

impl FleetTickets {
    /// Nothing is asked yet.
    pub fn new(
        settings: FleetTicketsSettings,
        rest: DiscordRest,
        owner: Owner,
        clock: Arc<dyn Clock>,
        counter: Counter,
    ) -> Self {
        Self(Arc::new(Inner {
            settings,
            rest,
            owner,
            clock,
            counter,
            granted: Mutex::default(),
        }))
    }

    /// The number that came with the last ticket of a Discord shard.
    pub(super) fn granted(&self, shard: DiscordShardId) -> Option<SessionNo> {
        let granted = self.0.granted.lock().unwrap_or_else(PoisonError::into_inner);
        granted.get(&shard).copied()
    }

    async fn wait(&self, shard: DiscordShardId, mut grant: oneshot::Sender<()>) {
        let mut pause = Pause::new(self.0.settings.retry_max);
        loop {
            let Later(wait) = tokio::select! {
                () = grant.closed() => return,
                taken = self.take(shard, &mut pause) => match taken {
                    Ok(()) => {
                        self.0.counter.inc();
                        tracing::info!(discord_shard = shard.get(), "a session may identify");
                        let _ = grant.send(());
                        return;
                    }
                    Err(later) => later,
                },
            };
            tokio::select! {
                () = grant.closed() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn take(&self, shard: DiscordShardId, pause: &mut Pause) -> Result<(), Later> {
        let Inner { settings, .. } = &*self.0;
        // Before Discord is asked for a session, this pod must be able to write that it has one.
        if let Err(error) = self.0.owner.note_identify().await {
            tracing::error!(discord_shard = shard.get(), error = %Chain(&error), "the database cannot be written; no session may begin");
            return Err(Later(pause.take()));
        }
        let hosting = settings.hosted.borrow().get(&shard).map(|it| it.host_epoch);
        let host_epoch = hosting.ok_or_else(|| Later(pause.take()))?;
        let request = TicketRequest {
            pod: settings.pod,
            incarnation: settings.incarnation,
            discord_shard: shard,
            host_epoch,
        };
        let sent = self.0.clock.boottime();
        match settings.api.ticket(&request).await {
            Ok(answer) => {
                let valid = Duration::from_millis(u64::try_from(answer.value.valid_ms).unwrap_or_default());
                if self.0.clock.boottime().saturating_sub(sent) > valid {
                    tracing::warn!(
                        discord_shard = shard.get(),
                        "a ticket to identify came too late to be used"
                    );
                    return Err(Later(pause.take()));
                }
                let mut granted = self.0.granted.lock().unwrap_or_else(PoisonError::into_inner);
                granted.insert(shard, answer.value.session_no);
                Ok(())
            }
            Err(error) => Err(self.refused(shard, &error, pause).await),
        }
    }

    /// What a refusal means: when to ask again, after having done what can be done about it.
    async fn refused(&self, shard: DiscordShardId, error: &ConfigApiError, pause: &mut Pause) -> Later {
        let wait = error.retry_after().unwrap_or_default();
        match error.code() {
            Some("ticket_too_soon") => Later(wait.max(Duration::from_millis(10))),
            Some("identify_budget_unknown") => match self.report_budget().await {
                Ok(()) => Later(Duration::ZERO),
                Err(why) => {
                    tracing::error!(
                        discord_shard = shard.get(),
                        error = why,
                        "the identify budget is not known; no session may begin"
                    );
                    Later(pause.take())
                }
            },
            Some("identify_budget_spent") => {
                tracing::error!(discord_shard = shard.get(), error = %Chain(error), "the session stays dark until the budget is reset");
                Later(wait.clamp(Duration::from_secs(1), Duration::from_mins(10)))
            }
            _ => {
                tracing::error!(discord_shard = shard.get(), error = %Chain(error), "no ticket to identify: the session is dark until config gives one");
                Later(pause.take().max(wait))
            }
        }
    }

    async fn report_budget(&self) -> Result<(), String> {
        let settings = &self.0.settings;
        let limit = self
            .0
            .rest
            .session_limit()
            .await
            .map_err(|error| Chain(&error).to_string())?;
        let request = BudgetRequest {
            pod: settings.pod,
            total: limit.total,
            remaining: limit.remaining,
            resets_in_ms: i64::try_from(limit.reset_after_ms).unwrap_or(i64::MAX),
            max_concurrency: limit.max_concurrency,
        };
        settings
            .api
            .budget(&request)
            .await
            .map(drop)
            .map_err(|error| Chain(&error).to_string())
    }
}

impl Queue for FleetTickets {
    fn enqueue(&self, shard: u32) -> oneshot::Receiver<()> {
        let (grant, granted) = oneshot::channel();
        // A number that is no Discord shard of ours gets no ticket.
        if let Some(shard) = self.0.settings.num_shards.shard(shard) {
            let tickets = self.clone();
            tokio::spawn(async move { tickets.wait(shard, grant).await });
        }
        granted
    }
}
