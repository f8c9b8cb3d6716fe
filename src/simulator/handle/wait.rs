//! Waiting for a condition, never for a time.

use std::time::Duration;

use super::Simulator;
use crate::simulator::faults::{Fault, Target};
use crate::simulator::ledger::{Ledger, SessionRecord};

/// A condition that did not come true.
#[derive(Debug, Clone, thiserror::Error)]
#[error("waited {0:?} in vain for: {1}")]
pub struct WaitError(Duration, String);

impl Simulator {
    /// Waits until `condition` holds; it is looked at after every change.
    pub async fn wait_for(
        &self,
        what: &str,
        at_most: Duration,
        condition: impl Fn(&Ledger) -> bool,
    ) -> Result<(), WaitError> {
        let mut changes = self.shared.changes();
        let met = async {
            loop {
                changes.borrow_and_update();
                if self.with_ledger(&condition) || changes.changed().await.is_err() {
                    return;
                }
            }
        };
        let waited = tokio::time::timeout(at_most, met).await;
        waited.map_err(|_| WaitError(at_most, what.to_owned()))
    }

    /// Waits until every live session is held by a connection and its client has acknowledged all that was
    /// sent; asks for heartbeats meanwhile, so that long intervals need not be waited for.
    pub async fn quiet(&self, at_most: Duration) -> Result<(), WaitError> {
        let live = |session: &&SessionRecord| session.ended.is_none();
        let written = |ledger: &Ledger| {
            ledger
                .sessions
                .iter()
                .filter(live)
                .all(|one| one.attached && one.written == one.last_seq())
        };
        self.wait_for("everything to be written to a client", at_most, written)
            .await?;
        let quiet = |ledger: &Ledger| ledger.sessions.iter().filter(live).all(SessionRecord::is_quiet);
        // What a client has not read when it is asked, it acknowledges only when it is asked again.
        let ask_again = Duration::from_millis(50);
        let asking = async {
            loop {
                self.fault(Fault::AskHeartbeat { target: Target::All });
                if self.wait_for("", ask_again, quiet).await.is_ok() {
                    return;
                }
            }
        };
        let asked = tokio::time::timeout(at_most, asking).await;
        asked.map_err(|_| WaitError(at_most, "every client to acknowledge everything".to_owned()))
    }
}
