//! Members: they come and go, are timed out, kicked, banned, given roles.

use serde_json::{Value, json};

use super::audit::Deed;
use crate::simulator::clock::iso;
use crate::simulator::events::Draft;
use crate::simulator::payload;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::state::State;
use crate::simulator::world::audit::action;
use crate::simulator::world::guild::Member;

/// Who does it, and why.
#[derive(Debug, Clone)]
pub(in crate::simulator) struct By {
    pub(in crate::simulator) actor: Snowflake,
    pub(in crate::simulator) reason: Option<String>,
}

impl By {
    /// By `actor`, who gave no reason.
    pub(in crate::simulator) fn alone(actor: Snowflake) -> Self {
        Self { actor, reason: None }
    }

    fn deed(&self, action: u16, target: Snowflake, changes: Vec<Value>) -> Deed {
        Deed {
            action,
            actor: self.actor,
            target: Some(target),
            reason: self.reason.clone(),
            changes,
            options: None,
        }
    }
}

impl State {
    /// A user joins. False where the user is unknown, banned or there already.
    pub(in crate::simulator) fn join(&mut self, guild_id: Snowflake, user_id: Snowflake) -> bool {
        let now = self.now_ms();
        let Some(guild) = self.world.guilds.get_mut(&guild_id) else {
            return false;
        };
        let Some(user) = self.world.users.get(&user_id) else {
            return false;
        };
        if guild.bans.contains_key(&user_id) || guild.members.contains_key(&user_id) {
            return false;
        }
        let member = Member::joined(now);
        let mut data = payload::member::full(user, &member);
        data["guild_id"] = json!(guild_id);
        guild.members.insert(user_id, member);
        self.publish_member("GUILD_MEMBER_ADD", guild_id, user_id, data);
        true
    }

    /// A user leaves. False where there is no such member.
    pub(in crate::simulator) fn leave(&mut self, guild_id: Snowflake, user_id: Snowflake) -> bool {
        if user_id == self.world.bot {
            return self.bot_leaves(guild_id);
        }
        let Some(guild) = self.world.guilds.get_mut(&guild_id) else {
            return false;
        };
        if guild.members.remove(&user_id).is_none() {
            return false;
        }
        let user = self.world.users.get(&user_id).map(payload::member::user);
        let data = json!({ "guild_id": guild_id, "user": user });
        self.publish_member("GUILD_MEMBER_REMOVE", guild_id, user_id, data);
        true
    }

    /// A member is kicked. False where there is no such member.
    pub(in crate::simulator) fn kick(&mut self, guild: Snowflake, user: Snowflake, by: &By) -> bool {
        let left = self.leave(guild, user);
        if left {
            self.audit(guild, by.deed(action::MEMBER_KICK, user, Vec::new()));
        }
        left
    }

    /// A user is banned; messages of the last `delete_seconds` go. False where the ban was there already.
    pub(in crate::simulator) fn ban(
        &mut self,
        guild_id: Snowflake,
        user_id: Snowflake,
        by: &By,
        delete_seconds: u64,
    ) -> bool {
        let Some(guild) = self.world.guilds.get_mut(&guild_id) else {
            return false;
        };
        if guild.bans.insert(user_id, by.reason.clone()).is_some() {
            return false;
        }
        self.leave(guild_id, user_id);
        let user = self.world.users.get(&user_id).map(payload::member::user);
        self.publish_member(
            "GUILD_BAN_ADD",
            guild_id,
            user_id,
            json!({ "guild_id": guild_id, "user": user }),
        );
        self.audit(guild_id, by.deed(action::MEMBER_BAN_ADD, user_id, Vec::new()));
        if delete_seconds > 0 {
            self.delete_recent(guild_id, user_id, delete_seconds, by.actor);
        }
        true
    }

    fn delete_recent(&mut self, guild: Snowflake, author: Snowflake, seconds: u64, actor: Snowflake) {
        let since = self.now_ms().saturating_sub(seconds * 1000);
        let Some(guild) = self.world.guilds.get(&guild) else {
            return;
        };
        let recent = |channel: &Snowflake| {
            let messages = self.world.messages.of(*channel);
            let recent = messages.filter(|one| one.author == author && one.sent_ms >= since);
            (*channel, recent.map(|message| message.id).collect::<Vec<_>>())
        };
        let found: Vec<_> = guild.channels.keys().map(recent).collect();
        for (channel, ids) in found {
            // Bulk events carry at most a hundred ids.
            for ids in ids.chunks(100) {
                self.delete_messages(channel, ids, actor, None);
            }
        }
    }

    /// A ban is lifted. False where there was none.
    pub(in crate::simulator) fn unban(&mut self, guild_id: Snowflake, user_id: Snowflake, by: &By) -> bool {
        let guild = self.world.guilds.get_mut(&guild_id);
        if guild.and_then(|guild| guild.bans.remove(&user_id)).is_none() {
            return false;
        }
        let user = self.world.users.get(&user_id).map(payload::member::user);
        self.publish_member(
            "GUILD_BAN_REMOVE",
            guild_id,
            user_id,
            json!({ "guild_id": guild_id, "user": user }),
        );
        self.audit(guild_id, by.deed(action::MEMBER_BAN_REMOVE, user_id, Vec::new()));
        true
    }

    /// A member may not speak until `until_ms`; `None` lifts that. False where there is no such member.
    pub(in crate::simulator) fn time_out(
        &mut self,
        guild: Snowflake,
        user: Snowflake,
        until_ms: Option<u64>,
        by: &By,
    ) -> bool {
        let Some(member) = self.member_mut(guild, user) else {
            return false;
        };
        let before = std::mem::replace(&mut member.timeout_until_ms, until_ms);
        let change = json!({
            "key": "communication_disabled_until",
            "new_value": until_ms.map(iso),
            "old_value": before.map(iso),
        });
        self.member_changed(guild, user);
        self.audit(guild, by.deed(action::MEMBER_UPDATE, user, vec![change]));
        true
    }

    /// A member's nickname is changed. False where there is no such member.
    pub(in crate::simulator) fn rename(
        &mut self,
        guild: Snowflake,
        user: Snowflake,
        nick: Option<&str>,
        by: &By,
    ) -> bool {
        let Some(member) = self.member_mut(guild, user) else {
            return false;
        };
        let before = std::mem::replace(&mut member.nick, nick.map(str::to_owned));
        let change = json!({ "key": "nick", "new_value": nick, "old_value": before });
        self.member_changed(guild, user);
        self.audit(guild, by.deed(action::MEMBER_UPDATE, user, vec![change]));
        true
    }

    /// A member's roles become these. False where there is no such member or nothing changes.
    pub(in crate::simulator) fn set_roles(
        &mut self,
        guild_id: Snowflake,
        user: Snowflake,
        roles: Vec<Snowflake>,
        by: &By,
    ) -> bool {
        let Some(guild) = self.world.guilds.get_mut(&guild_id) else {
            return false;
        };
        let Some(member) = guild.members.get_mut(&user) else {
            return false;
        };
        let named =
            |role: &Snowflake| json!({ "id": role, "name": guild.roles.get(role).map(|role| &role.name) });
        let only = |these: &[Snowflake], those: &[Snowflake]| -> Vec<Value> {
            these
                .iter()
                .filter(|role| !those.contains(role))
                .map(named)
                .collect()
        };
        let changes: Vec<Value> = [
            ("$add", only(&roles, &member.roles)),
            ("$remove", only(&member.roles, &roles)),
        ]
        .into_iter()
        .filter(|(_, roles)| !roles.is_empty())
        .map(|(key, roles)| json!({ "key": key, "new_value": roles }))
        .collect();
        if changes.is_empty() {
            return false;
        }
        member.roles = roles;
        self.member_changed(guild_id, user);
        self.audit(guild_id, by.deed(action::MEMBER_ROLE_UPDATE, user, changes));
        true
    }

    fn member_mut(&mut self, guild: Snowflake, user: Snowflake) -> Option<&mut Member> {
        self.world.guilds.get_mut(&guild)?.members.get_mut(&user)
    }

    fn member_changed(&mut self, guild_id: Snowflake, user_id: Snowflake) {
        let member = self
            .world
            .guilds
            .get(&guild_id)
            .and_then(|guild| guild.members.get(&user_id));
        if let (Some(member), Some(user)) = (member, self.world.users.get(&user_id)) {
            let data = payload::member::update(guild_id, user, member);
            self.publish_member("GUILD_MEMBER_UPDATE", guild_id, user_id, data);
        }
    }

    fn publish_member(&mut self, name: &'static str, guild: Snowflake, user: Snowflake, data: Value) {
        self.publish(Draft {
            name,
            guild: Some(guild),
            subject: Some(user),
            user: Some(user),
            data,
            ..Draft::default()
        });
    }
}
