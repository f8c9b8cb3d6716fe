//! One watch stream.

use std::sync::Arc;

use axum::body::Bytes;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::hub::{Hub, PAGE, reach};
use super::line;
use super::ring::Taken;
use crate::client::config_api::WatchEnd;
use crate::domain::ids::Revision;
use crate::runtime::error_chain::Chain;
use crate::store::config_db::{ChangesSince, RevisionChanges};

/// Lines taken from the ring at once.
const CHUNK: usize = 256;

type Line = Result<Bytes, std::convert::Infallible>;

/// A watcher and what it has been sent. A slow one holds one chunk in memory and nothing else: when it has
/// fallen out of the ring it is served from the store.
pub(super) struct Watcher {
    hub: Arc<Hub>,
    generation: u64,
    cursor: Revision,
    first_page: Option<(Vec<RevisionChanges>, Revision)>,
    lines: mpsc::Sender<Line>,
}

/// The stream is over.
struct Over;

impl Watcher {
    /// A watcher that has everything up to `since`; `page` was read from there when the store stood at
    /// `stands_at`.
    pub(super) fn new(
        hub: Arc<Hub>,
        generation: u64,
        since: Revision,
        page: Vec<RevisionChanges>,
        stands_at: Revision,
        lines: mpsc::Sender<Line>,
    ) -> Self {
        Self {
            hub,
            generation,
            cursor: since,
            first_page: Some((page, stands_at)),
            lines,
        }
    }

    /// Sends until the reader goes away, the daemon drains, or there is nothing more to be had.
    pub(super) async fn run(mut self) {
        let mut changed = self.hub.changes();
        // The first line comes at once: the reader knows that it is connected.
        let mut quiet = true;
        loop {
            changed.mark_unchanged();
            if self.hub.generation() != self.generation {
                self.end(WatchEnd::Trimmed);
                return;
            }
            let sent = match self.first_page.take() {
                Some((page, stands_at)) => self.send_page(page, stands_at).await,
                None => match self.hub.after(self.cursor, CHUNK) {
                    Taken::NothingNew if quiet => self.send(line::nothing_up_to(self.cursor)).await,
                    Taken::NothingNew => Ok(()),
                    Taken::Lines(lines, upto) => self.send_lines(lines, upto).await,
                    Taken::TooOld => self.send_from_store().await,
                },
            };
            let ends = sent.is_err();
            quiet = false;
            if ends {
                return;
            }
            if self.hub.after(self.cursor, 1) != Taken::NothingNew {
                continue;
            }
            let keepalive = sleep_until(Instant::now() + self.hub.keepalive);
            tokio::select! {
                () = self.hub.lifecycle.draining.cancelled() => {
                    self.end(WatchEnd::Draining);
                    return;
                }
                () = self.lines.closed() => return,
                _ = changed.changed() => {}
                () = keepalive => quiet = true,
            }
        }
    }

    async fn send(&self, line: Bytes) -> Result<(), Over> {
        tokio::select! {
            sent = self.lines.send(Ok(line)) => sent.map_err(|_| Over),
            // A reader that does not read must not hold up the end.
            () = self.hub.lifecycle.draining.cancelled() => Err(Over),
        }
    }

    /// Says why, if the reader is not behind; one that is sees the end alone and comes back.
    fn end(&self, why: WatchEnd) {
        let _ = self.lines.try_send(Ok(line::last(self.cursor, why)));
    }

    async fn send_lines(&mut self, lines: Vec<Bytes>, upto: Revision) -> Result<(), Over> {
        let chunk = match lines.len() {
            0 => line::nothing_up_to(upto),
            _ => Bytes::from(lines.concat()),
        };
        self.send(chunk).await?;
        self.cursor = upto;
        Ok(())
    }

    async fn send_page(&mut self, page: Vec<RevisionChanges>, stands_at: Revision) -> Result<(), Over> {
        let upto = reach(&page, stands_at);
        self.send_lines(page.into_iter().map(line::changes).collect(), upto)
            .await
    }

    async fn send_from_store(&mut self) -> Result<(), Over> {
        let end = match self.hub.db.changes_since(self.cursor, PAGE).await {
            Ok(read) => match read.value {
                ChangesSince::Changes(page) => {
                    return self.send_page(page, read.stamp.position.revision).await;
                }
                ChangesSince::Trimmed { .. } => WatchEnd::Trimmed,
            },
            Err(error) => {
                tracing::debug!(error = %Chain(&error), "a watcher is behind and the store cannot be read");
                WatchEnd::Unreachable
            }
        };
        self.end(end);
        Err(Over)
    }
}
