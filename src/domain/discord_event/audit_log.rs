//! Entries of a guild's audit log.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{AuditEntryId, Misfit, UserId, misfit};

const EVENT: &str = "GUILD_AUDIT_LOG_ENTRY_CREATE";

/// `GUILD_AUDIT_LOG_ENTRY_CREATE`: who did what.
#[derive(Debug)]
pub struct AuditLogEntry<'a> {
    /// The entry.
    pub id: AuditEntryId,
    /// What was done.
    pub action: AuditAction,
    /// By whom; none where Discord itself did it.
    pub executor: Option<UserId>,
    /// The reason that was given.
    pub reason: Option<Cow<'a, str>>,
}

/// What an entry is about, as far as modbot keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditAction {
    /// A member was kicked.
    Kick(UserId),
    /// A user was banned.
    Ban(UserId),
    /// A ban was lifted.
    Unban(UserId),
    /// A member's timeout was set, changed or lifted.
    Timeout(UserId, TimeoutChange),
    /// Anything else, by Discord's number.
    Other(u16),
}

/// A member's timeout from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeoutChange {
    /// It ends then, in Unix milliseconds.
    Until(i64),
    /// There is none.
    Lifted,
}

#[derive(Deserialize)]
struct Entry<'a> {
    id: AuditEntryId,
    action_type: u16,
    #[serde(borrow, default)]
    target_id: Option<&'a RawValue>,
    #[serde(default)]
    user_id: Option<UserId>,
    #[serde(borrow, default)]
    reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    changes: Vec<Change<'a>>,
}

#[derive(Deserialize)]
struct Change<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow, default)]
    new_value: Option<&'a RawValue>,
}

impl<'a> AuditLogEntry<'a> {
    pub(super) fn parse(data: &'a str) -> Result<Self, Misfit> {
        let entry: Entry<'a> = misfit::read(EVENT, data)?;
        Ok(Self {
            id: entry.id,
            action: entry.action()?,
            executor: entry.user_id,
            reason: entry.reason,
        })
    }
}

impl Entry<'_> {
    /// Source: Discord, "Audit Log Events".
    fn action(&self) -> Result<AuditAction, Misfit> {
        Ok(match self.action_type {
            20 => AuditAction::Kick(self.target()?),
            22 => AuditAction::Ban(self.target()?),
            23 => AuditAction::Unban(self.target()?),
            24 => match self.timeout()? {
                Some(change) => AuditAction::Timeout(self.target()?, change),
                None => AuditAction::Other(24),
            },
            other => AuditAction::Other(other),
        })
    }

    /// The target is a user only for some actions, so it is read where one is meant.
    fn target(&self) -> Result<UserId, Misfit> {
        at("target_id", self.target_id)
    }

    fn timeout(&self) -> Result<Option<TimeoutChange>, Misfit> {
        let key = "communication_disabled_until";
        let Some((index, change)) = self
            .changes
            .iter()
            .enumerate()
            .find(|(_, change)| change.key == key)
        else {
            return Ok(None);
        };
        let path = format!("changes[{index}].new_value");
        let until: Option<jiff::Timestamp> = at(&path, change.new_value)?;
        Ok(Some(until.map_or(TimeoutChange::Lifted, |until| {
            TimeoutChange::Until(until.as_millisecond())
        })))
    }
}

fn at<'a, T: Deserialize<'a>>(path: &str, value: Option<&'a RawValue>) -> Result<T, Misfit> {
    serde_json::from_str(value.map_or("null", RawValue::get))
        .map_err(|source| Misfit::new(EVENT, path, source))
}
