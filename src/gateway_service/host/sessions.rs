//! Which sessions this pod holds: begun and ended as it is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Host, session};
use crate::client::config_api::Cursor;
use crate::domain::ids::{DiscordShardId, Epoch};

/// A Discord shard to host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hosting {
    /// One more with every change of host; zero for a pod that is alone.
    pub host_epoch: Epoch,
    /// The session as config knows it: what to go on from where this file held the Discord shard under an earlier
    /// host epoch, or never.
    pub cursor: Option<Cursor>,
}

/// Every Discord shard to host.
pub type Hosted = BTreeMap<DiscordShardId, Hosting>;

struct Running {
    host_epoch: Epoch,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    async fn end(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(error = %error, "a session's task broke off");
        }
    }
}

/// Holds the sessions that `host.hosted` asks for, until the pod stops and all are closed.
pub(super) async fn run(host: Arc<Host>) {
    let mut changes = host.hosted.subscribe();
    let mut running: BTreeMap<DiscordShardId, Running> = BTreeMap::new();
    while !host.stop.is_cancelled() {
        let wanted = changes.borrow_and_update().clone();
        let gone: Vec<DiscordShardId> = running
            .iter()
            .filter(|(shard, it)| wanted.get(shard).map(|hosting| hosting.host_epoch) != Some(it.host_epoch))
            .map(|(shard, _)| *shard)
            .collect();
        for shard in gone {
            if let Some(session) = running.remove(&shard) {
                session.end().await;
                host.states.remove(shard);
                tracing::info!(
                    discord_shard = shard.get(),
                    "the Discord shard is not hosted here any more"
                );
            }
        }
        host.states.deal(wanted.keys().copied());
        for (shard, hosting) in wanted {
            running.entry(shard).or_insert_with(|| {
                let stop = host.stop.child_token();
                let host_epoch = hosting.host_epoch;
                let task = tokio::spawn(session::run(shard, hosting, Arc::clone(&host), stop.clone()));
                Running {
                    host_epoch,
                    stop,
                    task,
                }
            });
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = host.stop.cancelled() => {}
        }
    }
    // All at once: each has been told to stop by the pod's own token.
    for session in running.into_values() {
        session.end().await;
    }
}
