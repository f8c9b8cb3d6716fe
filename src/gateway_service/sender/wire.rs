//! What is on the wire, guild by guild: a freeze lets nothing more go out, and waits for what is out.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::domain::ids::GuildId;

/// Calls on the wire.
#[derive(Debug, Default)]
pub struct Wire {
    guilds: Mutex<HashMap<GuildId, Calls>>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Calls {
    out: u32,
    stopped: u32,
}

/// A call on the wire, from before its claim until its outcome is in the file.
#[derive(Debug)]
pub struct OnWire<'w> {
    wire: &'w Wire,
    guild: GuildId,
}

/// A guild whose actions stay where they are.
#[derive(Debug)]
pub struct Stopped<'w> {
    wire: &'w Wire,
    guild: GuildId,
}

impl Wire {
    fn all(&self) -> MutexGuard<'_, HashMap<GuildId, Calls>> {
        self.guilds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, guild: GuildId, change: impl FnOnce(&mut Calls)) {
        let mut all = self.all();
        let calls = all.entry(guild).or_default();
        change(calls);
        if calls.out == 0 && calls.stopped == 0 {
            all.remove(&guild);
        }
        drop(all);
        self.changed.notify_waiters();
    }

    /// Goes out; none while the guild is stopped.
    pub fn enter(&self, guild: GuildId) -> Option<OnWire<'_>> {
        let mut all = self.all();
        let calls = all.entry(guild).or_default();
        if calls.stopped > 0 {
            return None;
        }
        calls.out += 1;
        Some(OnWire { wire: self, guild })
    }

    /// Whether nothing of the guild may go out.
    pub fn is_stopped(&self, guild: GuildId) -> bool {
        self.all().get(&guild).is_some_and(|calls| calls.stopped > 0)
    }

    /// Lets nothing more of the guild go out, as long as the answer is kept.
    pub fn stop(&self, guild: GuildId) -> Stopped<'_> {
        self.change(guild, |calls| calls.stopped += 1);
        Stopped { wire: self, guild }
    }
}

impl Stopped<'_> {
    /// Waits until nothing of the guild is on the wire; false where that took longer than `most`.
    pub async fn drained(&self, most: Duration) -> bool {
        let drained = async {
            loop {
                let changed = self.wire.changed.notified();
                tokio::pin!(changed);
                // Registered before the look, so that no change in between is missed.
                changed.as_mut().enable();
                if self
                    .wire
                    .all()
                    .get(&self.guild)
                    .is_none_or(|calls| calls.out == 0)
                {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(most, drained).await.is_ok()
    }
}

impl Drop for OnWire<'_> {
    fn drop(&mut self) {
        self.wire.change(self.guild, |calls| calls.out -= 1);
    }
}

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        self.wire.change(self.guild, |calls| calls.stopped -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stop_waits_for_what_is_out_and_lets_nothing_more_out() {
        let wire = Wire::default();
        let (guild, other) = (GuildId::new(1).unwrap(), GuildId::new(2).unwrap());
        let out = wire.enter(guild).unwrap();
        let stopped = wire.stop(guild);
        assert!(wire.enter(guild).is_none());
        let _elsewhere = wire.enter(other).unwrap();
        assert!(!stopped.drained(Duration::from_millis(1)).await, "a call is out");
        let (drained, ()) = tokio::join!(stopped.drained(Duration::from_mins(1)), async {
            tokio::task::yield_now().await;
            drop(out);
        });
        assert!(drained);
        drop(stopped);
        assert!(wire.enter(guild).is_some());
    }
}
