//! How much each guild costs this pod: events a second, and the bytes of its rows. For balancing, and so only roughly
//! right: what is counted here is lost with the process, and a frame whose transaction fails is counted again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::client::config_api::GuildLoadInfo;
use crate::domain::ids::GuildId;

/// Over which time a rate is averaged.
const AVERAGED: Duration = Duration::from_mins(1);
/// A rate or a size is worth telling when it differs from the last one told by this part of it.
const WORTH_TELLING: f64 = 0.1;
/// Below this a guild is quiet.
const QUIET: f64 = 0.001;
/// Guilds told of in one heartbeat.
const MOST_TOLD: usize = 2_000;

/// The loads of the guilds that are served here.
#[derive(Debug, Default)]
pub struct Loads(Mutex<HashMap<GuildId, Load>>);

#[derive(Debug, Default)]
struct Load {
    /// Events since the last beat.
    events: u64,
    per_s: f64,
    bytes: u64,
    /// Its rows when they were counted, and its events since then.
    rows: u64,
    events_since: u64,
    /// When its bytes were counted, in time since boot.
    swept_at: Option<Duration>,
    told: Option<GuildLoadInfo>,
}

impl Loads {
    fn all(&self) -> MutexGuard<'_, HashMap<GuildId, Load>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An event of the guild was applied.
    pub fn count(&self, guild: GuildId) {
        let mut all = self.all();
        let load = all.entry(guild).or_default();
        load.events += 1;
        load.events_since += 1;
    }

    /// The guild is not served here any more.
    pub fn forget(&self, guild: GuildId) {
        self.all().remove(&guild);
    }

    /// Whether the guild's bytes need no counting: that was done within `age` before `now` (time since boot), and
    /// little has happened since.
    pub fn is_swept(&self, guild: GuildId, now: Duration, age: Duration) -> bool {
        let all = self.all();
        all.get(&guild).is_some_and(|load| {
            let is_young = load.swept_at.is_some_and(|at| now.saturating_sub(at) < age);
            is_young && load.events_since <= load.rows / 10
        })
    }

    /// The guild has so many rows, which hold so many bytes.
    pub fn swept(&self, guild: GuildId, (rows, bytes): (u64, u64), now: Duration) {
        let mut all = self.all();
        let load = all.entry(guild).or_default();
        (load.rows, load.bytes, load.events_since) = (rows, bytes, 0);
        load.swept_at = Some(now);
    }

    /// Takes in what was counted in the `time` since the last beat; the guilds whose load differs from what was told.
    pub fn beat(&self, time: Duration) -> Vec<GuildLoadInfo> {
        let mut all = self.all();
        let mut changed = Vec::new();
        let weight = 1.0 - (-time.as_secs_f64() / AVERAGED.as_secs_f64()).exp();
        for (guild, load) in &mut *all {
            let events = std::mem::take(&mut load.events);
            load.per_s += weight * (rate(events, time) - load.per_s);
            if load.per_s < QUIET {
                load.per_s = 0.0;
            }
            let now = load.now(*guild);
            if changed.len() < MOST_TOLD && load.is_worth_telling(&now) {
                changed.push(now);
            }
        }
        changed
    }

    /// Config has heard of these.
    pub fn told(&self, told: &[GuildLoadInfo]) {
        let mut all = self.all();
        for info in told {
            if let Some(load) = all.get_mut(&info.guild) {
                load.told = Some(*info);
            }
        }
    }
}

impl Load {
    #[expect(clippy::cast_possible_truncation, reason = "a rate for balancing")]
    const fn now(&self, guild: GuildId) -> GuildLoadInfo {
        GuildLoadInfo {
            guild,
            bytes: self.bytes,
            events_per_s: self.per_s as f32,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a size for balancing")]
    fn is_worth_telling(&self, now: &GuildLoadInfo) -> bool {
        let Some(told) = self.told else {
            return true;
        };
        let differs = |now: f64, told: f64| (now - told).abs() > WORTH_TELLING * told.abs();
        differs(now.bytes as f64, told.bytes as f64)
            || differs(now.events_per_s.into(), told.events_per_s.into())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for balancing")]
fn rate(events: u64, time: Duration) -> f64 {
    if time.is_zero() {
        return 0.0;
    }
    events as f64 / time.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_changed_is_told_and_a_rate_follows_slowly() {
        let loads = Loads::default();
        let (guild, s) = (GuildId::new(5).unwrap(), Duration::from_secs);
        for _ in 0..600 {
            loads.count(guild);
        }
        loads.swept(guild, (10, 1000), s(7));
        assert!(loads.is_swept(guild, s(10), s(5)));
        assert!(!loads.is_swept(guild, s(12), s(5)));
        let first = loads.beat(s(60));
        assert_eq!((first.len(), first[0].bytes), (1, 1000));
        assert!((6.0..6.6).contains(&first[0].events_per_s), "{first:?}");
        // Until config has heard it, it is told again; then only what differs.
        assert_eq!(loads.beat(Duration::ZERO).len(), 1);
        loads.told(&first);
        assert_eq!(loads.beat(Duration::ZERO), []);
        loads.swept(guild, (10, 1050), s(8));
        assert_eq!(loads.beat(Duration::ZERO), []);
        loads.swept(guild, (10, 1200), s(9));
        loads.count(guild);
        assert!(loads.is_swept(guild, s(10), s(5)));
        loads.count(guild);
        assert!(!loads.is_swept(guild, s(10), s(5)), "much has happened since");
        assert_eq!(loads.beat(Duration::ZERO).len(), 1);
        // A guild that falls silent ends at nothing, and is told so.
        let mut last = Vec::new();
        for _ in 0..20 {
            let beat = loads.beat(s(60));
            loads.told(&beat);
            last.extend(beat);
        }
        assert!(last.last().unwrap().events_per_s.abs() < f32::EPSILON);
        loads.forget(guild);
        assert_eq!(loads.beat(s(60)), []);
    }
}
