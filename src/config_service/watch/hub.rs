//! Where the feed's changes meet the watchers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_stream::wrappers::ReceiverStream;

use super::feed;
use super::ring::{Ring, Taken};
use super::watcher::Watcher;
use crate::config_service::settings::ConfigSettings;
use crate::domain::ids::Revision;
use crate::runtime::daemon::Shell;
use crate::runtime::lifecycle::Lifecycle;
use crate::store::config_db::{ChangesSince, ConfigDb, RevisionChanges, Stamped, StoreError};

/// What the ring keeps: some 50,000 changes.
const RING_BYTES: usize = 16 << 20;
/// Entries read from the store at once.
pub(super) const PAGE: u32 = 1_000;

/// Up to where a page read from the store reaches, when the store stood at `stands_at`.
pub(super) fn reach(page: &[RevisionChanges], stands_at: Revision) -> Revision {
    let entries: usize = page.iter().map(|revision| revision.changes.len()).sum();
    match page.last() {
        // The limit was met: there may be more.
        Some(last) if entries >= usize::try_from(PAGE).unwrap_or(usize::MAX) => last.revision,
        _ => stands_at,
    }
}

/// Watches of one replica.
pub(in crate::config_service) struct Hub {
    pub(super) db: ConfigDb,
    pub(super) keepalive: Duration,
    pub(super) lifecycle: Lifecycle,
    ring: Mutex<Ring>,
    /// Raised whenever the ring has changed.
    changed: watch::Sender<u64>,
    slots: Arc<Semaphore>,
    watchers: Gauge,
    head: Gauge,
}

/// Why there is no stream.
pub(in crate::config_service) enum Refused {
    /// As many watch as may.
    TooMany,
    /// Changes after that revision are no longer kept.
    Trimmed {
        /// From where it is possible.
        watch_from: Revision,
    },
    /// The store says no.
    Store(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Hub {
    /// Starts the feed.
    pub(in crate::config_service) fn start(
        db: ConfigDb,
        shell: &Shell,
        settings: &ConfigSettings,
    ) -> Arc<Self> {
        let hub = Arc::new(Self {
            db,
            keepalive: settings.watch_keepalive,
            lifecycle: shell.lifecycle.clone(),
            ring: Mutex::new(Ring::new(Revision::new(0), RING_BYTES)),
            changed: watch::Sender::new(0),
            slots: Arc::new(Semaphore::new(
                usize::try_from(settings.max_watchers).unwrap_or(usize::MAX),
            )),
            watchers: Gauge::default(),
            head: Gauge::default(),
        });
        shell.metrics.register(|registry| {
            registry.register("watch_watchers", "Watch streams open", hub.watchers.clone());
            registry.register(
                "watch_head_revision",
                "Up to where watchers have been told",
                hub.head.clone(),
            );
        });
        shell
            .lifecycle
            .tasks
            .spawn(feed::run(Arc::clone(&hub), settings.watch_poll));
        hub
    }

    /// A stream of everything after `since`, and where the store stands at its beginning.
    pub(in crate::config_service) async fn open(
        self: &Arc<Self>,
        since: Revision,
    ) -> Result<Stamped<Body>, Refused> {
        let slot = Arc::clone(&self.slots)
            .try_acquire_owned()
            .map_err(|_| Refused::TooMany)?;
        let generation = self.generation();
        // One look at the store, whatever the ring holds: a caller that has seen more must hear it now.
        let look = self.db.changes_since(since, PAGE).await?;
        let page = match look.value {
            ChangesSince::Trimmed { watch_from } => return Err(Refused::Trimmed { watch_from }),
            ChangesSince::Changes(page) => page,
        };
        let (lines, body) = tokio::sync::mpsc::channel(1);
        let watcher = Watcher::new(
            Arc::clone(self),
            generation,
            since,
            page,
            look.stamp.position.revision,
            lines,
        );
        self.lifecycle.tasks.spawn(self.clone().count(watcher, slot));
        Ok(Stamped {
            value: Body::from_stream(ReceiverStream::new(body)),
            stamp: look.stamp,
        })
    }

    async fn count(self: Arc<Self>, watcher: Watcher, slot: OwnedSemaphorePermit) {
        self.watchers.inc();
        watcher.run().await;
        self.watchers.dec();
        drop(slot);
    }

    /// To be told when the ring changes.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// See [`Ring::after`].
    pub(super) fn after(&self, cursor: Revision, limit: usize) -> Taken {
        self.ring
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .after(cursor, limit)
    }

    /// See [`Ring::generation`].
    pub(super) fn generation(&self) -> u64 {
        self.ring
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .generation()
    }

    /// See [`Ring::head`].
    pub(super) fn head(&self) -> Revision {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).head()
    }

    /// Changes the ring and wakes the watchers.
    pub(super) fn update(&self, change: impl FnOnce(&mut Ring)) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut ring);
        self.head.set(ring.head().as_i64());
        drop(ring);
        self.changed.send_modify(|count| *count += 1);
    }
}
