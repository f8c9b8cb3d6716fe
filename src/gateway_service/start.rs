//! From settings to a running pod, and back to a closed file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use rusqlite::OptionalExtension as _;
use tokio::sync::watch;

use super::api::{self, Pod, Running};
use super::fleet::AttachError;
use super::host::{
    self, Host, HostMetrics, HostSettings, Hosted, Hosting, LocalTickets, SessionStates, TicketSettings,
    Tickets,
};
use super::lease::Lease;
use super::owner::{Limits, Owner, Ownership};
use super::sender::{Sender, SenderMetrics, SenderSettings};
use super::settings::GatewaySettings;
use super::start_fleet;
use crate::client::config_api::ConfigApiError;
use crate::client::discord::DiscordRest;
use crate::client::pod_api::PodApiError;
use crate::domain::ids::NumShards;
use crate::domain::rest_budget::FLEET_MILLI_PER_S;
use crate::runtime::clock::{Clock, SystemClock};
use crate::runtime::daemon::Shell;
use crate::runtime::files::{self, FileError};
use crate::runtime::service_auth::Guard;
use crate::store::shard_db::{self, OpenError, ShardDb};

/// Why the pod cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The directory of the database cannot be made.
    #[error("the directory for the shard database (MODBOT_SHARD_DB) cannot be made")]
    Directory(#[source] FileError),
    /// The database cannot be opened.
    #[error("the shard database (MODBOT_SHARD_DB) cannot be opened")]
    Open(#[from] OpenError),
    /// The database cannot be read.
    #[error("the shard database at {} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The file is a fleet's.
    #[error(
        "{} belongs to the fleet of config store {store_id}: a pod that is alone would own guilds that other pods own",
        path.display()
    )]
    BelongsToFleet {
        /// The file.
        path: PathBuf,
        /// The fleet's store.
        store_id: String,
    },
    /// The file's sessions are of another number of Discord shards.
    #[error(
        "{} has sessions of {found} Discord shards, and MODBOT_NUM_SHARDS is {asked}: the number is fixed once a file has sessions",
        path.display()
    )]
    OtherShards {
        /// The file.
        path: PathBuf,
        /// What the file has.
        found: u32,
        /// What the setting says.
        asked: u32,
    },
    /// The file is not this pod's to attach with.
    #[error("the shard database (MODBOT_SHARD_DB) cannot join the fleet")]
    Attach(#[from] AttachError),
    /// Checked before the start.
    #[error("a setting of the fleet is missing")]
    Unset,
    /// The machine does not say which boot this is.
    #[error("the machine's boot id cannot be read")]
    BootId(#[source] FileError),
    /// No client of config can be made.
    #[error("the client of config (MODBOT_CONFIG_URL) cannot be made")]
    Config(#[source] ConfigApiError),
    /// No client of other pods can be made.
    #[error("the client of the other pods cannot be made")]
    Pods(#[source] PodApiError),
    /// No HTTP client can be made.
    #[error("the client of Discord's REST API cannot be made")]
    Http(#[source] reqwest::Error),
    /// The work of opening broke off.
    #[error("opening the shard database broke off")]
    Broken(#[source] tokio::task::JoinError),
}

/// What every pod is made of, alone or in a fleet.
pub(super) struct Parts {
    pub(super) settings: GatewaySettings,
    pub(super) shell: Shell,
    pub(super) db: Arc<ShardDb>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) rest: DiscordRest,
    pub(super) metrics: HostMetrics,
    pub(super) sender_metrics: SenderMetrics,
    pub(super) states: SessionStates,
    pub(super) pod: Pod,
}

/// Opens the file, starts the pod. No server is waited for.
pub(super) async fn start(settings: GatewaySettings, shell: &Shell) -> Result<Router, StartError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (path, opener) = (settings.shard_db.clone(), Arc::clone(&clock));
    let alone = settings.standalone.then_some(settings.num_shards);
    let open = move || {
        let db = open(&path, opener)?;
        match alone {
            Some(num_shards) => check_alone(&db, num_shards).map(|()| db),
            None => Ok(db),
        }
    };
    let db = tokio::task::spawn_blocking(open)
        .await
        .map_err(StartError::Broken)??;
    let db = Arc::new(db);
    let rest = DiscordRest::new(
        &settings.discord_api_url,
        settings.discord_token.clone(),
        settings.discord_timeout,
    )
    .map_err(StartError::Http)?;
    let metrics = HostMetrics::register(&shell.metrics);
    let states = SessionStates::new(shell.readiness.check("sessions"), metrics.live.clone());
    let pod = Pod::new(Arc::clone(&db));
    let guard = Guard::new(settings.keys(), Arc::new(SystemClock));
    let routes = api::router(pod.clone(), &guard);
    let parts = Parts {
        settings,
        shell: shell.clone(),
        db,
        clock,
        rest,
        metrics,
        sender_metrics: SenderMetrics::register(&shell.metrics),
        states,
        pod,
    };
    if parts.settings.standalone {
        start_alone(parts);
    } else {
        start_fleet::start(parts).await?;
    }
    Ok(routes)
}

fn start_alone(parts: Parts) {
    let num_shards = parts.settings.num_shards;
    let owner = parts.owner(Ownership::Everything, num_shards);
    let tickets = TicketSettings {
        reserve: parts.settings.identify_reserve,
        interval: parts.settings.identify_interval,
        retry_max: parts.settings.retry_max,
    };
    let counter = parts.metrics.identifies.clone();
    let (rest, clock) = (parts.rest.clone(), Arc::clone(&parts.clock));
    let tickets = Tickets::Local(LocalTickets::new(rest, owner.clone(), clock, tickets, counter));
    let all: Hosted = num_shards
        .ids()
        .map(|shard| (shard, Hosting::default()))
        .collect::<BTreeMap<_, _>>();
    let lease = Lease::forever(Arc::clone(&parts.clock));
    let host = parts.host(owner, tickets, watch::Sender::new(all), lease, num_shards);
    parts.pod.run(Running {
        host: Arc::clone(&host),
        fleet: None,
    });
    let tasks = parts.shell.lifecycle.tasks.clone();
    let db = parts.db;
    tasks.spawn(async move {
        host::run(host).await;
        close(db).await;
    });
}

impl Parts {
    pub(super) fn owner(&self, ownership: Ownership, num_shards: NumShards) -> Owner {
        let limits = Limits {
            forward_bytes: u64::try_from(self.settings.forward_max).unwrap_or(u64::MAX),
            dead_frames: self.settings.dead_frames_max,
            ..Limits::default()
        };
        Owner::new(
            Arc::clone(&self.db),
            ownership,
            num_shards,
            limits,
            Arc::clone(&self.clock),
        )
    }

    /// A pod that is alone has the whole of the bot's limit; one of a fleet none before config has given it a share.
    fn sender(&self) -> Sender {
        let settings = &self.settings;
        let share = if settings.standalone { FLEET_MILLI_PER_S } else { 0 };
        let invalid_max = usize::try_from(settings.discord_invalid_max).unwrap_or(usize::MAX);
        Sender::new(
            SenderSettings {
                poll: settings.outbox_poll,
                settle_wait: settings.outbox_settle_wait,
                drain_time: settings.outbox_drain_time,
            },
            self.rest.clone(),
            Arc::clone(&self.clock),
            self.sender_metrics.clone(),
            (share, invalid_max),
        )
    }

    pub(super) fn host(
        &self,
        owner: Owner,
        tickets: Tickets,
        hosted: watch::Sender<Hosted>,
        lease: Lease,
        num_shards: NumShards,
    ) -> Arc<Host> {
        let settings = &self.settings;
        Arc::new(Host {
            owner,
            tickets,
            hosted,
            lease,
            states: self.states.clone(),
            metrics: self.metrics.clone(),
            sender: self.sender(),
            settings: HostSettings {
                token: settings.discord_token.clone(),
                gateway_url: settings.discord_gateway_url.clone(),
                num_shards,
                frames_in_flight: usize::try_from(settings.frames_in_flight).unwrap_or(usize::MAX),
                retry_max: settings.retry_max,
                close_time: settings.session_close_time,
                expiry_interval: settings.expiry_interval,
            },
            waiting: host::Pokes::default(),
            stop: self.shell.lifecycle.draining.clone(),
        })
    }
}

/// Lets go of the file. Dropping a hold on it may be what closes it, which blocks; the API lets go of it with its last
/// connection.
pub(super) async fn close(db: Arc<ShardDb>) {
    if let Err(error) = tokio::task::spawn_blocking(move || drop(db)).await {
        tracing::error!(error = %error, "closing the shard database broke off");
    } else {
        tracing::info!("every session is closed and can be resumed; all that was read is in the file");
    }
}

/// Opens the file, making it where it is missing. Blocking.
fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<ShardDb, StartError> {
    if !path.exists() {
        if let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            files::create_dir_all(directory).map_err(StartError::Directory)?;
        }
        shard_db::create(path, clock.as_ref())?;
        tracing::info!(path = %path.display(), "there was no shard database; a new one was made");
    }
    Ok(ShardDb::open(path, shard_db::Settings::default(), clock)?)
}

/// Refuses a file that is not for a pod that is alone. Blocking.
fn check_alone(db: &ShardDb, num_shards: NumShards) -> Result<(), StartError> {
    let path = db.path().to_owned();
    let (store_id, found) = db
        .read(|connection| {
            let store_id: Option<String> = connection
                .query_row("SELECT value FROM meta WHERE key = 'store_id'", [], |row| {
                    row.get(0)
                })
                .optional()?;
            let found: Option<u32> = connection
                .query_row(
                    "SELECT num_shards FROM discord_session WHERE num_shards <> ?1 LIMIT 1",
                    [num_shards.get()],
                    |row| row.get(0),
                )
                .optional()?;
            Ok::<_, rusqlite::Error>((store_id, found))
        })
        .map_err(|source| StartError::Read {
            path: path.clone(),
            source,
        })?;
    if let Some(store_id) = store_id {
        return Err(StartError::BelongsToFleet { path, store_id });
    }
    match found {
        Some(found) => Err(StartError::OtherShards {
            path,
            found,
            asked: num_shards.get(),
        }),
        None => Ok(()),
    }
}
