//! From settings to running sessions, and back to a closed file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use rusqlite::OptionalExtension as _;
use tokio::sync::Notify;

use super::api::{self, Pod};
use super::host::{self, Host, HostMetrics, HostSettings, LocalTickets, SessionStates, TicketSettings};
use super::owner::{Limits, Owner, Ownership};
use super::settings::GatewaySettings;
use crate::client::discord::DiscordRest;
use crate::domain::ids::NumShards;
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
    /// No HTTP client can be made.
    #[error("the client of Discord's REST API cannot be made")]
    Http(#[source] reqwest::Error),
    /// The work of opening broke off.
    #[error("opening the shard database broke off")]
    Broken(#[source] tokio::task::JoinError),
}

/// Opens the file, starts the sessions. No server is waited for.
pub(super) async fn start(settings: GatewaySettings, shell: &Shell) -> Result<Router, StartError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (path, num_shards, opener) = (settings.shard_db.clone(), settings.num_shards, Arc::clone(&clock));
    let open = move || open(&path, num_shards, opener);
    let db = tokio::task::spawn_blocking(open)
        .await
        .map_err(StartError::Broken)??;
    let db = Arc::new(db);

    let limits = Limits {
        forward_bytes: u64::try_from(settings.forward_max).unwrap_or(u64::MAX),
        dead_frames: settings.dead_frames_max,
        ..Limits::default()
    };
    let owner = Owner::new(
        Arc::clone(&db),
        Ownership::Everything,
        num_shards,
        limits,
        Arc::clone(&clock),
    );
    let rest = DiscordRest::new(
        &settings.discord_api_url,
        settings.discord_token.clone(),
        settings.discord_timeout,
    )
    .map_err(StartError::Http)?;
    let metrics = HostMetrics::register(&shell.metrics);
    let tickets = TicketSettings {
        reserve: settings.identify_reserve,
        interval: settings.identify_interval,
        retry_max: settings.retry_max,
    };
    let host = Host {
        tickets: LocalTickets::new(rest, owner.clone(), clock, tickets, metrics.identifies.clone()),
        owner,
        states: SessionStates::new(
            shell.readiness.check("sessions"),
            metrics.live.clone(),
            num_shards,
        ),
        metrics,
        settings: host_settings(&settings),
        backlog: Notify::new(),
        stop: shell.lifecycle.draining.clone(),
    };
    let host = Arc::new(host);
    let pod = Pod {
        host: Arc::clone(&host),
        db: Arc::clone(&db),
    };
    let guard = Guard::new(settings.keys(), Arc::new(SystemClock));
    shell.lifecycle.tasks.spawn(run(host, db));
    Ok(api::router(pod, &guard))
}

fn host_settings(settings: &GatewaySettings) -> HostSettings {
    HostSettings {
        token: settings.discord_token.clone(),
        gateway_url: settings.discord_gateway_url.clone(),
        num_shards: settings.num_shards,
        frames_in_flight: usize::try_from(settings.frames_in_flight).unwrap_or(usize::MAX),
        retry_max: settings.retry_max,
        close_time: settings.session_close_time,
        expiry_interval: settings.expiry_interval,
    }
}

/// The sessions until they are closed, then the file.
async fn run(host: Arc<Host>, db: Arc<ShardDb>) {
    host::run(host).await;
    // Dropping a hold on the file may be what closes it, which blocks; the API lets go of it with its last connection.
    if let Err(error) = tokio::task::spawn_blocking(move || drop(db)).await {
        tracing::error!(error = %error, "closing the shard database broke off");
    } else {
        tracing::info!("every session is closed and can be resumed; all that was read is in the file");
    }
}

/// Opens the file, making it where it is missing, unless it is not this pod's to open. Blocking.
fn open(path: &Path, num_shards: NumShards, clock: Arc<dyn Clock>) -> Result<ShardDb, StartError> {
    if !path.exists() {
        if let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            files::create_dir_all(directory).map_err(StartError::Directory)?;
        }
        shard_db::create(path, clock.as_ref())?;
        tracing::info!(path = %path.display(), "there was no shard database; a new one was made");
    }
    let db = ShardDb::open(path, shard_db::Settings::default(), clock)?;
    let read = |source| StartError::Read {
        path: path.to_owned(),
        source,
    };
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
        .map_err(read)?;
    if let Some(store_id) = store_id {
        return Err(StartError::BelongsToFleet {
            path: path.to_owned(),
            store_id,
        });
    }
    match found {
        Some(found) => Err(StartError::OtherShards {
            path: path.to_owned(),
            found,
            asked: num_shards.get(),
        }),
        None => Ok(db),
    }
}
