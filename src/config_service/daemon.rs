//! The daemon: puts the parts together.

use std::sync::Arc;

use axum::Router;

use super::guild_batch::{GuildBatch, Kind};
use super::loops;
use super::service::{LastStamp, Pokes, Service};
use super::settings::ConfigSettings;
use super::watch::Hub;
use super::{api, store_check};
use crate::client::pod_api::{PodApi, PodApiError};
use crate::domain::guild_move::Limits;
use crate::operations::guild_move::{Mover, MoverSettings};
use crate::runtime::clock::SystemClock;
use crate::runtime::daemon::{Daemon, Shell};
use crate::runtime::service_auth::{Guard, Role, SigningKey};
use crate::store::config_db::{By, ConfigDb, StoreError};

/// Changes come one after the other in any case: the store has one row for them.
const PLACE: Kind = Kind {
    name: "place",
    workers: 1,
};
/// One question is under way while the next one gathers.
const LOOKUP: Kind = Kind {
    name: "lookup",
    workers: 2,
};

/// The daemon.
pub struct Config;

/// Why it cannot start. An unreachable store is none of these: it waits for it, not ready.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The store's settings cannot be used.
    #[error("the store cannot be opened (MODBOT_STORE_URL)")]
    Store(#[source] StoreError),
    /// No client for the pods' API.
    #[error("the pods cannot be called")]
    Pods(#[source] PodApiError),
}

/// What drives moves in this process.
fn mover(db: &ConfigDb, settings: &ConfigSettings) -> Result<Mover, ConfigError> {
    let key = SigningKey::new(Role::Operator, settings.auth.auth_operator_key.expose());
    let pods =
        PodApi::new(key, settings.move_call_timeout, Arc::new(SystemClock)).map_err(ConfigError::Pods)?;
    let driving = MoverSettings {
        // Of two replicas each has its own name: a claim is told from another's by it.
        name: format!("{}-{}", Config::NAME, uuid::Uuid::new_v4().simple()),
        lease: settings.move_lease,
        limits: Limits::default(),
        keep: settings.move_keep,
    };
    Ok(Mover::new(db.clone(), pods, driving))
}

impl Daemon for Config {
    const NAME: &'static str = "modbot-config";
    const ABOUT: &'static str =
        "Knows which pod owns which guild: an API over PostgreSQL, any number of replicas";
    const LISTEN: &'static str = "0.0.0.0:8081";
    const ADMIN_LISTEN: &'static str = "0.0.0.0:9081";
    type Settings = ConfigSettings;
    type Error = ConfigError;

    async fn start(settings: ConfigSettings, shell: &Shell) -> Result<Router, ConfigError> {
        let db = ConfigDb::open(&settings.store()).map_err(ConfigError::Store)?;
        let last_stamp = LastStamp::default();
        let store_poke = store_check::start(shell, &db, &last_stamp, settings.store_check_interval);
        let deal_poke = loops::start(shell, &db, &mover(&db, &settings)?, &last_stamp, &settings);
        let guard = Guard::new(settings.auth.keys(), Arc::new(SystemClock));
        let service = Arc::new(Service {
            place: GuildBatch::start(PLACE, shell, &db, |db, guilds| async move {
                db.place(&guilds, &By::daemon(Self::NAME)).await
            }),
            lookup: GuildBatch::start(LOOKUP, shell, &db, |db, guilds| async move {
                db.lookup(&guilds).await
            }),
            hub: Hub::start(db.clone(), shell, &settings),
            db,
            last_stamp,
            pokes: Pokes {
                store: store_poke,
                deal: deal_poke,
            },
            settings,
        });
        Ok(api::router(service, &guard))
    }
}
