//! The gate that every call passes: the pod's share, the route's limit, the count of invalid requests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::client::discord::Called;
use crate::domain::outbox::Reply;
use crate::domain::rest_limits::{InvalidRequests, RouteKey, RouteLimits, Share};
use crate::runtime::clock::Clock;

/// Longest sleep before the gate is asked again: the share may have grown meanwhile.
const ASK_AGAIN_MS: u64 = 1000;

/// The gate.
pub struct Gate {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    share: Share,
    invalid: InvalidRequests,
    routes: RouteLimits,
}

impl Gate {
    pub(super) fn new(clock: Arc<dyn Clock>, milli_per_s: u32, invalid_max: usize) -> Self {
        let state = Mutex::new(State {
            share: Share::new(milli_per_s),
            invalid: InvalidRequests::new(invalid_max),
            routes: RouteLimits::default(),
        });
        Self { clock, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.clock.boottime().as_millis()).unwrap_or(u64::MAX)
    }

    /// The pod's share of the global limit is this from now on, in thousandths of a call a second.
    pub fn set_share(&self, milli_per_s: u32) {
        self.state().share.set(milli_per_s);
    }

    /// Waits until the route may be called, and counts the call.
    pub(super) async fn pass(&self, key: &RouteKey) {
        while let Err(wait_ms) = self.try_pass(key) {
            tokio::time::sleep(Duration::from_millis(wait_ms.clamp(1, ASK_AGAIN_MS))).await;
        }
    }

    fn try_pass(&self, key: &RouteKey) -> Result<(), u64> {
        let now_ms = self.now_ms();
        let mut state = self.state();
        state.invalid.may_call(now_ms)?;
        // The share first: what it gives and the route then does not take is lost, never the other way.
        state.share.take(now_ms)?;
        state.routes.take(key, now_ms)
    }

    /// What a call's answer says of the limits.
    pub(super) fn told(&self, key: &RouteKey, called: &Called) {
        let now_ms = self.now_ms();
        let mut state = self.state();
        let Reply::Answer { status, .. } = called.reply else {
            state.routes.no_answer(key);
            return;
        };
        if matches!(status, 401 | 403 | 429) && !called.shared {
            state.invalid.count(now_ms);
        }
        match called.told.retry_after_ms {
            Some(wait_ms) if called.global => {
                state.share.pause(now_ms, wait_ms);
                state.routes.no_answer(key);
            }
            _ => state.routes.told(key, &called.told, now_ms),
        }
    }
}
