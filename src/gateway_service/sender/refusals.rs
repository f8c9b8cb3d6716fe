//! What Discord refuses a guild's bot for want of a permission: said once, and not asked again for a while.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::ids::GuildId;
use crate::domain::outbox::Kind;

/// How long what was refused is not asked for again.
const HELD: Duration = Duration::from_mins(1);

/// Refusals, by guild and kind of action.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<HashMap<(GuildId, Kind), (Duration, String)>>);

impl Refusals {
    /// Why an action would be refused, where that is known at `now` (time since boot).
    pub(super) fn of(&self, guild: GuildId, kind: Kind, now: Duration) -> Option<String> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (until, _)| now < *until);
        all.get(&(guild, kind)).map(|(_, why)| why.clone())
    }

    /// Somebody has seen to it: the guild's actions are tried again.
    pub(super) fn forget(&self, guild: GuildId) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(of, _), _| *of != guild);
    }

    /// Discord refused one.
    pub(super) fn note(&self, guild: GuildId, kind: Kind, now: Duration, why: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.insert((guild, kind), (now + HELD, why.to_owned()));
        drop(all);
        if known.is_none() {
            tracing::warn!(
                guild = %guild, action = kind.as_str(), permission = kind.permission(), why,
                "Discord does not let the bot do this here; for a minute it is not asked again"
            );
        }
    }
}
