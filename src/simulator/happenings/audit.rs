//! Audit-log entries.

use serde_json::{Value, json};

use crate::simulator::events::Draft;
use crate::simulator::payload;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::state::State;
use crate::simulator::world::audit::AuditEntry;
use crate::simulator::world::permissions::VIEW_AUDIT_LOG;

/// Entries kept per guild.
const KEPT: usize = 1000;

/// An entry before it has an id.
#[derive(Debug, Default)]
pub(in crate::simulator) struct Deed {
    pub(in crate::simulator) action: u16,
    pub(in crate::simulator) actor: Snowflake,
    pub(in crate::simulator) target: Option<Snowflake>,
    pub(in crate::simulator) reason: Option<String>,
    pub(in crate::simulator) changes: Vec<Value>,
    pub(in crate::simulator) options: Option<Value>,
}

impl State {
    /// Writes an audit-log entry, and tells the bot where it may read the log.
    pub(in crate::simulator) fn audit(&mut self, guild_id: Snowflake, deed: Deed) {
        let id = self.new_id();
        let now = self.now_ms();
        let entry = AuditEntry {
            id,
            action: deed.action,
            actor: deed.actor,
            target: deed.target,
            reason: deed.reason,
            changes: deed.changes,
            options: deed.options,
        };
        let Some(guild) = self.world.guilds.get_mut(&guild_id) else {
            return;
        };
        let mut data = payload::audit::entry(&entry);
        data["guild_id"] = json!(guild_id);
        guild.audit.push_back(entry);
        if guild.audit.len() > KEPT {
            guild.audit.pop_front();
        }
        let told = self
            .world
            .guilds
            .get(&guild_id)
            .is_some_and(|guild| self.world.bot_permissions(guild, None, now) & VIEW_AUDIT_LOG != 0);
        if told {
            self.publish(Draft {
                name: "GUILD_AUDIT_LOG_ENTRY_CREATE",
                guild: Some(guild_id),
                subject: Some(id),
                user: Some(deed.actor),
                data,
                ..Draft::default()
            });
        }
    }
}
