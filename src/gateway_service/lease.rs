//! Until when this pod may act, in time since boot: a machine that slept has outlived its lease.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::runtime::clock::Clock;

/// The pod's lease. Clones are the same one.
#[derive(Clone)]
pub struct Lease {
    clock: Arc<dyn Clock>,
    until: Arc<watch::Sender<Until>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Until {
    /// The pod is alone: nobody else could act for its guilds.
    Forever,
    /// Time since boot.
    At(Duration),
    /// Over for good: another process runs as this pod, or the store is another one.
    Fenced(String),
}

impl Lease {
    /// The lease of a pod that is alone.
    pub fn forever(clock: Arc<dyn Clock>) -> Self {
        Self::new(clock, Until::Forever)
    }

    /// A lease that runs from `sent` (time since boot, when the renewal was sent) for `ttl`.
    pub fn from(clock: Arc<dyn Clock>, sent: Duration, ttl: Duration) -> Self {
        Self::new(clock, Until::At(sent + ttl))
    }

    fn new(clock: Arc<dyn Clock>, until: Until) -> Self {
        let until = Arc::new(watch::Sender::new(until));
        Self { clock, until }
    }

    /// Whether the pod may act now: to be asked after each commit, before anything is acknowledged.
    pub fn holds(&self) -> bool {
        match &*self.until.borrow() {
            Until::Forever => true,
            Until::At(until) => self.clock.boottime() < *until,
            Until::Fenced(_) => false,
        }
    }

    /// Runs on for `ttl` from `sent`. Never shortens it, and never wakes one that is over for good.
    pub fn renew(&self, sent: Duration, ttl: Duration) {
        self.until.send_if_modified(|until| match until {
            Until::At(at) if sent + ttl > *at => {
                *at = sent + ttl;
                true
            }
            _ => false,
        });
    }

    /// Ends it for good.
    pub fn fence(&self, why: &str) {
        self.until.send_replace(Until::Fenced(why.to_owned()));
    }

    /// Why it is over for good, where it is.
    pub fn fenced(&self) -> Option<String> {
        match &*self.until.borrow() {
            Until::Fenced(why) => Some(why.clone()),
            _ => None,
        }
    }

    /// Waits until it is over.
    pub async fn ended(&self) {
        let mut changes = self.until.subscribe();
        loop {
            let until = changes.borrow_and_update().clone();
            let left = match until {
                Until::Fenced(_) => return,
                Until::Forever => Duration::MAX,
                Until::At(at) => at.saturating_sub(self.clock.boottime()),
            };
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                _ = changes.changed() => {}
            }
        }
    }

    /// Waits until it holds.
    pub async fn held(&self) {
        let mut changes = self.until.subscribe();
        loop {
            changes.borrow_and_update();
            if self.holds() {
                return;
            }
            // The sender lives as long as we do.
            let _ = changes.changed().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    struct HandClock(Mutex<Duration>);

    impl Clock for HandClock {
        fn unix_ms(&self) -> i64 {
            0
        }

        fn boottime(&self) -> Duration {
            *self.0.lock().unwrap()
        }
    }

    #[tokio::test]
    async fn a_lease_runs_from_the_sending_of_its_renewal_and_a_fenced_one_never_wakes() {
        let s = Duration::from_secs;
        let clock = Arc::new(HandClock(Mutex::new(s(100))));
        let lease = Lease::from(Arc::clone(&clock) as Arc<dyn Clock>, s(95), s(10));
        assert!(lease.holds());
        // The answer came late, or the machine slept: time since boot decides.
        *clock.0.lock().unwrap() = s(105);
        assert!(!lease.holds());
        lease.ended().await;
        // A renewal that was sent too long ago does not help.
        lease.renew(s(94), s(10));
        assert!(!lease.holds());
        lease.renew(s(104), s(10));
        lease.held().await;
        lease.fence("another process runs as this pod");
        lease.renew(s(105), s(1000));
        assert!(!lease.holds());
        assert_eq!(
            lease.fenced().as_deref(),
            Some("another process runs as this pod")
        );
        assert!(Lease::forever(clock).holds());
    }
}
