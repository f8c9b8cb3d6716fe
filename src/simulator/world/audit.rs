//! Audit-log entries.

use serde_json::Value;

use crate::simulator::snowflake::Snowflake;

/// Action types. Source: Discord developer documentation, "Audit Log Events".
pub(in crate::simulator) mod action {
    /// A member was kicked.
    pub(in crate::simulator) const MEMBER_KICK: u16 = 20;
    /// A user was banned.
    pub(in crate::simulator) const MEMBER_BAN_ADD: u16 = 22;
    /// A ban was lifted.
    pub(in crate::simulator) const MEMBER_BAN_REMOVE: u16 = 23;
    /// A member was changed: nick or timeout.
    pub(in crate::simulator) const MEMBER_UPDATE: u16 = 24;
    /// A member's roles were changed.
    pub(in crate::simulator) const MEMBER_ROLE_UPDATE: u16 = 25;
    /// Another's message was deleted.
    pub(in crate::simulator) const MESSAGE_DELETE: u16 = 72;
    /// Messages were deleted in bulk.
    pub(in crate::simulator) const MESSAGE_BULK_DELETE: u16 = 73;
    /// A thread was made.
    pub(in crate::simulator) const THREAD_CREATE: u16 = 110;
    /// A thread was changed.
    pub(in crate::simulator) const THREAD_UPDATE: u16 = 111;
    /// A channel was made.
    pub(in crate::simulator) const CHANNEL_CREATE: u16 = 10;
    /// A channel was changed.
    pub(in crate::simulator) const CHANNEL_UPDATE: u16 = 11;
    /// A channel was deleted.
    pub(in crate::simulator) const CHANNEL_DELETE: u16 = 12;
}

/// Who did what to whom, and why.
#[derive(Debug, Clone)]
pub(in crate::simulator) struct AuditEntry {
    pub(in crate::simulator) id: Snowflake,
    /// See [`action`].
    pub(in crate::simulator) action: u16,
    pub(in crate::simulator) actor: Snowflake,
    pub(in crate::simulator) target: Option<Snowflake>,
    pub(in crate::simulator) reason: Option<String>,
    /// `[{key, old_value?, new_value?}]`.
    pub(in crate::simulator) changes: Vec<Value>,
    pub(in crate::simulator) options: Option<Value>,
}
