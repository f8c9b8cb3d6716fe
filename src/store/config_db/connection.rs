//! The pool of connections, with every wait bounded.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use super::error::StoreError;
use super::history::Memory;

/// How to reach the store, and how long to wait for it.
#[derive(Debug, Clone)]
pub struct ConfigDbSettings {
    /// `postgres://user:password@host/database`, or `postgres:///database?host=/socket/directory`.
    pub url: SecretString,
    /// Connections at most.
    pub max_connections: u32,
    /// How long to wait for a connection.
    pub acquire_timeout: Duration,
    /// How long one statement may run.
    pub statement_timeout: Duration,
    /// What `pg_stat_activity` shows.
    pub application_name: String,
}

impl ConfigDbSettings {
    /// Settings for `url` with the usual limits.
    pub fn new(url: SecretString, application_name: &str) -> Self {
        Self {
            url,
            max_connections: 16,
            acquire_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(5),
            application_name: application_name.to_owned(),
        }
    }
}

/// The config store. Cheap to clone: clones share the connections and the memory of the store's history.
#[derive(Debug, Clone)]
pub struct ConfigDb {
    pub(super) pool: PgPool,
    pub(super) memory: Arc<Memory>,
}

const URL_FORM: &str = "expected postgres://user:password@host:port/database";

impl ConfigDb {
    /// Prepares the pool; no connection is made yet, so this works while the store is down.
    pub fn open(settings: &ConfigDbSettings) -> Result<Self, StoreError> {
        let scheme = settings.url.expose_secret().split("://").next();
        if !matches!(scheme, Some("postgres" | "postgresql")) {
            // The parser takes any scheme, and would look for the server on this machine.
            return Err(StoreError::BadUrl(sqlx::Error::Configuration(URL_FORM.into())));
        }
        let timeout_ms = settings.statement_timeout.as_millis().to_string();
        let options = PgConnectOptions::from_str(settings.url.expose_secret())
            // The parser's own message may quote the URL, and with it the password.
            .map_err(|_| StoreError::BadUrl(sqlx::Error::Configuration(URL_FORM.into())))?
            .application_name(&settings.application_name)
            .options([
                // Every statement is short; before the first ANALYZE some look long, and compiling one takes
                // longer than a thousand runs of it.
                ("jit", "off"),
                ("statement_timeout", timeout_ms.as_str()),
                // Whoever holds the store's one row and stalls would hold up the whole fleet.
                ("idle_in_transaction_session_timeout", timeout_ms.as_str()),
            ]);
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections)
            .acquire_timeout(settings.acquire_timeout)
            // A broken connection shows itself at its next use; asking first would double every lookup.
            .test_before_acquire(false)
            .connect_lazy_with(options);
        Ok(Self {
            pool,
            memory: Arc::default(),
        })
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
