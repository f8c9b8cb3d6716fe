//! The fleet in small, for whoever wants to see it work: PostgreSQL, config replicas, and pods that only
//! pretend, on this machine and nowhere else.

mod fleet;
mod placing;

use std::path::PathBuf;
use std::time::Duration;

use super::daemon_process::DaemonError;
use super::postgres::{PostgresError, Search};
use crate::client::config_api::ConfigApiError;
use crate::domain::ids::PodId;
use crate::store::config_db::StoreError;

use fleet::Fleet;

/// What to show.
#[derive(Debug, Clone)]
pub struct DemoSettings {
    /// Where our own programs are.
    pub programs: PathBuf,
    /// Where PostgreSQL's programs are.
    pub postgres: Search,
    /// Config replicas.
    pub replicas: u32,
    /// Pods that pretend.
    pub pods: u32,
    /// Guilds that everybody sees for the first time at once.
    pub guilds: u32,
    /// Callers, shared out over the replicas.
    pub callers: u32,
    /// How long each start and stop may take.
    pub patience: Duration,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemoStep {
    /// PostgreSQL runs and has its schema.
    Store,
    /// The config replicas are ready.
    Replicas(u32),
    /// The pods have attached and the Discord shards are dealt.
    Pods(u32),
    /// So many of so many answers have come.
    Placing(u64, u64),
}

/// A pod at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoPod {
    /// Which pod.
    pub pod: PodId,
    /// Guilds it owns.
    pub guilds: u64,
    /// Discord shards it hosts.
    pub discord_shards: u64,
    /// Of its guilds, how many come over a Discord shard that it hosts: nothing has to be forwarded.
    pub at_home: u64,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoReport {
    /// The pods.
    pub pods: Vec<DemoPod>,
    /// Answers to "who owns this guild", over all callers.
    pub answers: u64,
    /// Answers that named another owner than the others did.
    pub disagreements: u64,
    /// How long the placing took.
    pub placing: Duration,
}

/// Why it could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A directory for the daemons' logs.
    #[error("no temporary directory")]
    Directory(#[source] std::io::Error),
    /// PostgreSQL.
    #[error("PostgreSQL does not run")]
    Postgres(#[from] PostgresError),
    /// The store.
    #[error("the config store is not as it should be")]
    Store(#[from] StoreError),
    /// A daemon.
    #[error("a config replica does not run")]
    Daemon(#[from] DaemonError),
    /// A call.
    #[error("a call to a config replica failed")]
    Call(#[from] ConfigApiError),
    /// A task of ours was cut off.
    #[error("a caller was cut off")]
    Task(#[from] tokio::task::JoinError),
}

/// Starts everything, places the guilds through all replicas at once, and stops everything again.
pub async fn run(
    settings: &DemoSettings,
    mut on_step: impl FnMut(DemoStep),
) -> Result<DemoReport, DemoError> {
    let fleet = Fleet::start(settings, &mut on_step).await?;
    let shown = placing::place_everywhere(&fleet, settings, &mut on_step).await;
    fleet.stop(settings.patience).await;
    shown
}
