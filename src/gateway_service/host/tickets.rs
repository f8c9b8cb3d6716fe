//! Who may IDENTIFY when, for a pod that is alone: Discord's daily budget with a reserve, one at a time in each bucket.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, oneshot};
use twilight_gateway::queue::Queue;

use crate::client::discord::DiscordRest;
use crate::domain::identify::{self, Budget, TicketRefused};
use crate::gateway_service::owner::Owner;
use crate::gateway_service::pause::Pause;
use crate::runtime::clock::Clock;
use crate::runtime::error_chain::Chain;

/// How tickets are given.
#[derive(Debug, Clone, Copy)]
pub struct TicketSettings {
    /// Identifies that are kept for the operator.
    pub reserve: u32,
    /// Between two identifies of one bucket.
    pub interval: Duration,
    /// Longest wait between two questions to Discord.
    pub retry_max: Duration,
}

/// The tickets of one pod. Clones are the same ones.
#[derive(Clone)]
pub struct LocalTickets(Arc<Inner>);

struct Inner {
    rest: DiscordRest,
    owner: Owner,
    clock: Arc<dyn Clock>,
    settings: TicketSettings,
    granted: prometheus_client::metrics::counter::Counter,
    ledger: Mutex<Ledger>,
}

/// What is known of the budget. Times are since boot.
#[derive(Default)]
struct Ledger {
    budget: Option<Known>,
    free_at: HashMap<u32, Duration>,
}

#[derive(Clone, Copy)]
struct Known {
    remaining: u32,
    resets_at: Duration,
    max_concurrency: NonZeroU32,
}

impl LocalTickets {
    /// No ticket is given before Discord has said how many are left.
    pub fn new(
        rest: DiscordRest,
        owner: Owner,
        clock: Arc<dyn Clock>,
        settings: TicketSettings,
        granted: prometheus_client::metrics::counter::Counter,
    ) -> Self {
        Self(Arc::new(Inner {
            rest,
            owner,
            clock,
            settings,
            granted,
            ledger: Mutex::default(),
        }))
    }

    /// Waits until the session may IDENTIFY, or is gone.
    async fn wait(&self, shard: u32, mut grant: oneshot::Sender<()>) {
        let mut pause = Pause::new(self.0.settings.retry_max);
        loop {
            let wait = tokio::select! {
                // Whoever hung up takes no ticket with it.
                () = grant.closed() => return,
                taken = self.take(shard, &mut pause) => match taken {
                    None => {
                        self.0.granted.inc();
                        tracing::info!(discord_shard = shard, "a session may identify");
                        let _ = grant.send(());
                        return;
                    }
                    Some(wait) => wait,
                },
            };
            tokio::select! {
                () = grant.closed() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Takes a ticket; otherwise how long to wait before asking again.
    async fn take(&self, shard: u32, pause: &mut Pause) -> Option<Duration> {
        let mut ledger = self.0.ledger.lock().await;
        let now = self.0.clock.boottime();
        if ledger.budget.is_none_or(|known| known.resets_at <= now) {
            match self.0.rest.session_limit().await {
                Ok(limit) => {
                    let resets_at = now + Duration::from_millis(limit.reset_after_ms.max(1));
                    tracing::info!(
                        remaining = limit.remaining,
                        of = limit.total,
                        "identify budget read"
                    );
                    ledger.budget = Some(Known {
                        remaining: limit.remaining,
                        resets_at,
                        max_concurrency: limit.max_concurrency,
                    });
                }
                Err(error) => {
                    tracing::error!(discord_shard = shard, error = %Chain(&error), "the identify budget is not known; no session may begin");
                    return Some(pause.take());
                }
            }
        }
        // Before Discord is asked for a session, this pod must be able to write that it has one.
        if let Err(error) = self.0.owner.note_identify().await {
            tracing::error!(discord_shard = shard, error = %Chain(&error), "the database cannot be written; no session may begin");
            return Some(pause.take());
        }
        ledger.take(shard, self.0.clock.boottime(), self.0.settings)
    }
}

impl Ledger {
    /// Takes a ticket; otherwise how long to wait before asking again.
    fn take(&mut self, shard: u32, now: Duration, settings: TicketSettings) -> Option<Duration> {
        let ms = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let known = self.budget.as_mut();
        let bucket = shard % known.as_ref().map_or(1, |known| known.max_concurrency.get());
        let free_at = self.free_at.get(&bucket).copied().unwrap_or_default();
        let budget = known.as_ref().map(|known| Budget {
            remaining: known.remaining,
            reserve: settings.reserve,
            resets_in_ms: ms(known.resets_at.saturating_sub(now)),
        });
        match identify::ticket(budget, ms(free_at.saturating_sub(now))) {
            Ok(()) => {
                if let Some(known) = known {
                    known.remaining = known.remaining.saturating_sub(1);
                }
                self.free_at.insert(bucket, now + settings.interval);
                None
            }
            Err(TicketRefused::BudgetUnknown) => Some(settings.retry_max.min(Duration::from_secs(1))),
            Err(TicketRefused::TooSoon { .. }) => {
                Some(free_at.saturating_sub(now).max(Duration::from_millis(1)))
            }
            Err(refused @ TicketRefused::BudgetSpent { resets_in_ms, .. }) => {
                tracing::error!(
                    discord_shard = shard,
                    resets_in_ms,
                    "{refused}; the session stays dark until then"
                );
                let resets_in = Duration::from_millis(u64::try_from(resets_in_ms).unwrap_or_default());
                Some(resets_in.clamp(Duration::from_millis(1), Duration::from_mins(10)))
            }
        }
    }
}

impl Queue for LocalTickets {
    fn enqueue(&self, shard: u32) -> oneshot::Receiver<()> {
        let (grant, granted) = oneshot::channel();
        let tickets = self.clone();
        tokio::spawn(async move { tickets.wait(shard, grant).await });
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_take_turns_and_the_reserve_stays() {
        let settings = TicketSettings {
            reserve: 2,
            interval: Duration::from_secs(5),
            retry_max: Duration::from_secs(30),
        };
        let at = Duration::from_secs;
        let mut ledger = Ledger {
            budget: Some(Known {
                remaining: 5,
                resets_at: at(1000),
                max_concurrency: NonZeroU32::new(2).unwrap(),
            }),
            ..Ledger::default()
        };
        assert_eq!(ledger.take(0, at(100), settings), None);
        assert_eq!(ledger.take(1, at(100), settings), None, "another bucket");
        assert_eq!(
            ledger.take(2, at(101), settings),
            Some(at(4)),
            "the bucket of shard 0"
        );
        assert_eq!(ledger.take(2, at(105), settings), None);
        assert_eq!(
            ledger.take(4, at(990), settings),
            Some(at(10)),
            "two are left: the reserve"
        );
        ledger.budget = None;
        assert_eq!(ledger.take(4, at(990), settings), Some(at(1)));
    }
}
