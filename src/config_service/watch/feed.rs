//! Reads changes from the store into the ring: when told of them, and by itself now and then.

use std::sync::Arc;
use std::time::Duration;

use super::hub::{Hub, PAGE, reach};
use super::line;
use crate::runtime::error_chain::Chain;
use crate::store::config_db::{Announcements, ChangesSince, StoreError};

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Feeds the ring until draining. `poll`: how often to look without being told.
pub(super) async fn run(hub: Arc<Hub>, poll: Duration) {
    let drain = hub.lifecycle.draining.clone();
    tokio::select! {
        () = drain.cancelled() => {}
        () = feed_for_ever(&hub, poll) => {}
    }
}

async fn feed_for_ever(hub: &Hub, poll: Duration) {
    let mut begun = false;
    let mut wait = FIRST_WAIT;
    loop {
        let failed = match hub.db.announcements().await {
            Ok(announcements) => {
                let failed = feed(hub, announcements, poll, &mut begun).await;
                if begun {
                    wait = FIRST_WAIT;
                }
                failed
            }
            Err(error) => error,
        };
        tracing::debug!(error = %Chain(&failed), "watch feed is broken; trying again");
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Feeds over one connection until it breaks.
async fn feed(hub: &Hub, mut announcements: Announcements, poll: Duration, begun: &mut bool) -> StoreError {
    let ended: Result<(), StoreError> = async {
        if !*begun {
            let head = hub.db.stamp().await?.position.revision;
            hub.update(|ring| ring.begin(head));
            *begun = true;
        }
        // What happened while nobody listened.
        catch_up(hub).await?;
        loop {
            match announcements.next(poll).await? {
                Some(revision) if revision <= hub.head() => {}
                _ => catch_up(hub).await?,
            }
        }
    }
    .await;
    match ended {
        Ok(()) => unreachable!("the loop above only ends by an error"),
        Err(error) => error,
    }
}

/// Reads page after page until there is nothing new.
async fn catch_up(hub: &Hub) -> Result<(), StoreError> {
    loop {
        let head = hub.head();
        let read = hub.db.changes_since(head, PAGE).await?;
        let stands_at = read.stamp.position.revision;
        match read.value {
            ChangesSince::Trimmed { watch_from } => {
                tracing::warn!(%head, %watch_from, %stands_at, "changes were trimmed or lost: watchers must list anew");
                hub.update(|ring| ring.restart(stands_at));
                return Ok(());
            }
            ChangesSince::Changes(page) => {
                let upto = reach(&page, stands_at);
                if upto == head {
                    return Ok(());
                }
                let lines: Vec<_> = page.into_iter().map(|r| (r.revision, line::changes(r))).collect();
                hub.update(|ring| ring.push(lines, upto));
                if upto == stands_at {
                    return Ok(());
                }
            }
        }
    }
}
