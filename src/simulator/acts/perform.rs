//! Acts done.

use serde_json::{Value, json};

use super::{Act, ActError, Say};
use crate::simulator::events::Draft;
use crate::simulator::happenings::members::By;
use crate::simulator::payload;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::state::State;
use crate::simulator::world::User;
use crate::simulator::world::channel::PUBLIC_THREAD;
use crate::simulator::world::message::{Body, Reference};

impl State {
    /// Does an act. Returns the id of what came of it, where something did, else of what it was done to.
    pub(in crate::simulator) fn act(&mut self, act: Act) -> Result<Snowflake, ActError> {
        // Most acts are messages, and what follows costs more than saying them.
        if let Act::Say(say) = act {
            return self.say(say);
        }
        let told = format!("{act:?}");
        let (changed, id) = match act {
            Act::Interact {
                channel,
                user,
                kind,
                data,
                message,
            } => {
                let made = self.interact(channel, user, kind, data, message);
                return made.ok_or(ActError::NotThere(told));
            }
            Act::NewUser { name } => (true, self.new_user(name)),
            Act::Join { guild, user } => (self.join(guild, user), user),
            Act::Leave { guild, user } => (self.leave(guild, user), user),
            Act::OpenThread { channel, user, name } => {
                let id = self.new_id();
                (
                    self.add_thread(channel, id, PUBLIC_THREAD, name, 4320, &By::alone(user)),
                    id,
                )
            }
            Act::DeleteChannel { channel, by } => (self.delete_channel(channel, &By::alone(by)), channel),
            Act::AddBot { guild } => (self.bot_joins(guild), guild),
            Act::RemoveBot { guild } => (self.bot_leaves(guild), guild),
            Act::Outage { guild, over } => (self.set_available(guild, over), guild),
            Act::SetPermissions {
                guild,
                role,
                permissions,
            } => (self.set_permissions(guild, role, permissions), role),
            Act::VoiceStatus {
                guild,
                channel,
                status,
            } => {
                self.voice_status(guild, channel, status.as_deref());
                (true, channel)
            }
            Act::VoiceState { guild, channel, user } => (self.voice_state(guild, channel, user), user),
            other => self.act_on_message(other),
        };
        if changed {
            Ok(id)
        } else {
            Err(ActError::ChangesNothing(told))
        }
    }

    fn act_on_message(&mut self, act: Act) -> (bool, Snowflake) {
        match act {
            Act::Edit {
                channel,
                message,
                content,
            } => (
                self.edit_message(channel, message, |body| body.content = content),
                message,
            ),
            Act::Delete { channel, message, by } => {
                (self.delete_message(channel, message, by, None).is_some(), message)
            }
            Act::BulkDelete {
                channel,
                messages,
                by,
            } => (self.delete_messages(channel, &messages, by, None) > 0, channel),
            Act::React {
                channel,
                message,
                user,
                emoji,
            } => (self.react(channel, message, user, &emoji), message),
            Act::Unreact {
                channel,
                message,
                user,
                emoji,
            } => (self.unreact(channel, message, user, &emoji), message),
            moderation => self.moderate(moderation),
        }
    }

    /// The acts of moderators.
    fn moderate(&mut self, act: Act) -> (bool, Snowflake) {
        let by = |actor, reason| By { actor, reason };
        match act {
            Act::Kick {
                guild,
                user,
                by: who,
                reason,
            } => (self.kick(guild, user, &by(who, reason)), user),
            Act::Ban {
                guild,
                user,
                by: who,
                reason,
                delete_seconds,
            } => (self.ban(guild, user, &by(who, reason), delete_seconds), user),
            Act::Unban {
                guild,
                user,
                by: who,
                reason,
            } => (self.unban(guild, user, &by(who, reason)), user),
            Act::TimeOut {
                guild,
                user,
                by: who,
                seconds,
                reason,
            } => {
                let until = seconds.map(|seconds| self.now_ms() + seconds * 1000);
                (self.time_out(guild, user, until, &by(who, reason)), user)
            }
            Act::SetRoles {
                guild,
                user,
                roles,
                by: who,
            } => (self.set_roles(guild, user, roles, &By::alone(who)), user),
            // Every other act has its arm above.
            _ => (false, Snowflake::default()),
        }
    }

    fn say(&mut self, say: Say) -> Result<Snowflake, ActError> {
        let there = self.world.channel(say.channel).is_some() || self.world.dms.contains_key(&say.channel);
        if !there || !self.world.users.contains_key(&say.user) {
            return Err(ActError::NotThere(format!("{say:?}")));
        }
        let reply = say.reply_to.map(|message| Reference {
            channel: say.channel,
            message,
            forward: false,
        });
        let forward = say.forward_of.map(|(channel, message)| Reference {
            channel,
            message,
            forward: true,
        });
        let body = Body {
            content: say.content,
            embeds: say.embeds,
            attachments: say.attachments,
            stickers: say.stickers,
            reference: reply.or(forward),
            ..Body::default()
        };
        Ok(self.send_message(say.channel, say.user, body, say.nonce.map(Value::from), 0))
    }

    /// A new user, in no guild.
    pub(in crate::simulator) fn new_user(&mut self, username: String) -> Snowflake {
        let id = self.new_id();
        self.world.users.insert(
            id,
            User {
                id,
                username,
                global_name: None,
                bot: false,
            },
        );
        id
    }

    fn set_permissions(&mut self, guild_id: Snowflake, role_id: Snowflake, permissions: u64) -> bool {
        let guild = self.world.guilds.get_mut(&guild_id);
        let Some(role) = guild.and_then(|guild| guild.roles.get_mut(&role_id)) else {
            return false;
        };
        role.permissions = permissions;
        let data = json!({ "guild_id": guild_id, "role": payload::guild::role(role) });
        self.publish(Draft {
            name: "GUILD_ROLE_UPDATE",
            guild: Some(guild_id),
            subject: Some(role_id),
            data,
            ..Draft::default()
        });
        true
    }

    fn voice_status(&mut self, guild: Snowflake, channel: Snowflake, status: Option<&str>) {
        let start = status.map(|_| self.now_ms() / 1000);
        let events = [
            (
                "VOICE_CHANNEL_STATUS_UPDATE",
                json!({ "guild_id": guild, "id": channel, "status": status }),
            ),
            (
                "VOICE_CHANNEL_START_TIME_UPDATE",
                json!({ "guild_id": guild, "id": channel, "voice_start_time": start }),
            ),
        ];
        for (name, data) in events {
            let (channel, subject) = (Some(channel), Some(channel));
            self.publish(Draft {
                name,
                guild: Some(guild),
                channel,
                subject,
                user: None,
                data,
            });
        }
    }

    fn voice_state(&mut self, guild_id: Snowflake, channel: Option<Snowflake>, user_id: Snowflake) -> bool {
        let member = self
            .world
            .guilds
            .get(&guild_id)
            .and_then(|guild| guild.members.get(&user_id));
        let (Some(member), Some(user)) = (member, self.world.users.get(&user_id)) else {
            return false;
        };
        let data = json!({
            "channel_id": channel,
            "deaf": false,
            "discoverable": true,
            "guild_id": guild_id,
            "member": payload::member::with_user(user, member),
            "mute": false,
            "request_to_speak_timestamp": null,
            "self_deaf": false,
            "self_mute": false,
            "self_video": false,
            "session_id": format!("{user_id:x}", user_id = user_id.0),
            "suppress": false,
            "user_id": user_id,
        });
        self.publish(Draft {
            name: "VOICE_STATE_UPDATE",
            guild: Some(guild_id),
            channel,
            subject: Some(user_id),
            user: Some(user_id),
            data,
        });
        true
    }
}
