//! Waiting for a condition, never for a time.

use std::time::Duration;

use super::Simulator;
use crate::simulator::faults::{Fault, Target};
use crate::simulator::ledger::{Ledger, SessionRecord};
use crate::simulator::views::SessionView;

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
        let quiet = |ledger: &Ledger| restless(ledger).is_empty();
        let written = |ledger: &Ledger| {
            restless(ledger)
                .iter()
                .all(|one| one.attached && one.written == one.last_seq)
        };
        let failed = || {
            WaitError(
                at_most,
                self.with_ledger(|ledger| format!("quiet in {:?}", restless(ledger))),
            )
        };
        self.wait_for("", at_most, written).await.map_err(|_| failed())?;
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
        asked.map_err(|_| failed())
    }
}

/// The live sessions in which something is on its way, or that nobody holds. Those that a client gave up for a
/// newer one of the same Discord shard, as after a READY that never reached it, are nobody's any more.
fn restless(ledger: &Ledger) -> Vec<SessionView> {
    let given_up = |old: &SessionRecord| {
        let newer = ledger.sessions.iter().skip(old.no + 1);
        let same = |new: &&SessionRecord| (new.shard, new.num_shards) == (old.shard, old.num_shards);
        !old.attached && newer.into_iter().any(|new| same(&new))
    };
    let live = ledger
        .sessions
        .iter()
        .filter(|session| session.ended.is_none() && !given_up(session));
    live.filter(|session| !session.is_quiet())
        .map(SessionView::from)
        .collect()
}
