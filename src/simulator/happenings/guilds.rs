//! The bot is added to guilds and removed from them; guilds fail and come back.

use serde_json::json;

use crate::simulator::events::Draft;
use crate::simulator::payload;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::state::State;
use crate::simulator::world::guild::Member;

impl State {
    /// The bot leaves a guild, or is removed. False where it is not in it.
    pub(in crate::simulator) fn bot_leaves(&mut self, id: Snowflake) -> bool {
        let bot = self.world.bot;
        let Some(guild) = self.world.guilds.get_mut(&id) else {
            return false;
        };
        if guild.members.remove(&bot).is_none() {
            return false;
        }
        self.publish_guild("GUILD_DELETE", id, json!({ "id": id }));
        true
    }

    /// The bot is added to a guild, with its role. False where it is in it already.
    pub(in crate::simulator) fn bot_joins(&mut self, id: Snowflake) -> bool {
        let (bot, now) = (self.world.bot, self.now_ms());
        let Some(guild) = self.world.guilds.get_mut(&id) else {
            return false;
        };
        if guild.members.contains_key(&bot) {
            return false;
        }
        let roles = guild
            .roles
            .values()
            .filter(|role| role.bot == Some(bot))
            .map(|role| role.id)
            .collect();
        guild.members.insert(
            bot,
            Member {
                roles,
                ..Member::joined(now)
            },
        );
        self.publish_guild_create(id);
        true
    }

    /// A guild fails (`false`) or comes back. False where that changes nothing.
    pub(in crate::simulator) fn set_available(&mut self, id: Snowflake, available: bool) -> bool {
        let Some(guild) = self.world.guilds.get_mut(&id) else {
            return false;
        };
        if std::mem::replace(&mut guild.available, available) == available {
            return false;
        }
        if available {
            self.publish_guild_create(id);
        } else {
            self.publish_guild("GUILD_DELETE", id, json!({ "id": id, "unavailable": true }));
        }
        true
    }

    fn publish_guild_create(&mut self, id: Snowflake) {
        if let Some(guild) = self.world.guilds.get(&id) {
            let data = payload::guild::create(&self.world, guild);
            self.publish_guild("GUILD_CREATE", id, data);
        }
    }

    fn publish_guild(&mut self, name: &'static str, id: Snowflake, data: serde_json::Value) {
        self.publish(Draft {
            name,
            guild: Some(id),
            subject: Some(id),
            data,
            ..Draft::default()
        });
    }
}
