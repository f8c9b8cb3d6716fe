//! Channels and threads: made, changed, deleted.

use serde_json::json;

use super::audit::Deed;
use super::members::By;
use crate::simulator::events::Draft;
use crate::simulator::payload;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::state::State;
use crate::simulator::world::audit::action;
use crate::simulator::world::channel::{Channel, PUBLIC_THREAD, Thread};

impl State {
    /// A channel comes into being. False where the guild is unknown.
    pub(in crate::simulator) fn add_channel(
        &mut self,
        guild_id: Snowflake,
        channel: Channel,
        by: &By,
    ) -> bool {
        let Some(guild) = self.world.guilds.get_mut(&guild_id) else {
            return false;
        };
        let id = channel.id;
        let is_thread = channel.thread.is_some();
        guild.channels.insert(id, channel);
        self.world.home.insert(id, guild_id);
        let (name, action) = if is_thread {
            ("THREAD_CREATE", action::THREAD_CREATE)
        } else {
            ("CHANNEL_CREATE", action::CHANNEL_CREATE)
        };
        self.publish_channel(name, guild_id, id, by.actor);
        self.channel_deed(guild_id, id, action, by);
        true
    }

    /// Makes a thread in `parent`, from the message with the same id where `id` is one. Returns false where
    /// the parent is unknown.
    pub(in crate::simulator) fn add_thread(
        &mut self,
        parent: Snowflake,
        id: Snowflake,
        kind: u8,
        name: String,
        auto_archive_minutes: u64,
        by: &By,
    ) -> bool {
        let Some(guild_id) = self.world.home.get(&parent).copied() else {
            return false;
        };
        let thread = Thread {
            owner: by.actor,
            created_ms: self.now_ms(),
            archived: false,
            locked: false,
            auto_archive_minutes,
            messages: 0,
            members: vec![by.actor],
        };
        let channel = Channel {
            parent: Some(parent),
            thread: Some(thread),
            ..Channel::new(id, kind, name)
        };
        self.add_channel(guild_id, channel, by);
        if let Some(message) = self
            .world
            .messages
            .get_mut(parent, id)
            .filter(|_| kind == PUBLIC_THREAD)
        {
            message.thread = Some(id);
            // Bit 5: HAS_THREAD.
            message.body.flags |= 1 << 5;
            self.message_changed(parent, id);
        }
        true
    }

    /// Changes a channel or thread. False where it is unknown.
    pub(in crate::simulator) fn edit_channel(
        &mut self,
        id: Snowflake,
        by: &By,
        change: impl FnOnce(&mut Channel),
    ) -> bool {
        let Some(guild) = self.world.home.get(&id).copied() else {
            return false;
        };
        let Some(channel) = self.world.channel_mut(id) else {
            return false;
        };
        change(channel);
        let (name, action) = if channel.thread.is_some() {
            ("THREAD_UPDATE", action::THREAD_UPDATE)
        } else {
            ("CHANNEL_UPDATE", action::CHANNEL_UPDATE)
        };
        self.publish_channel(name, guild, id, by.actor);
        self.channel_deed(guild, id, action, by);
        true
    }

    /// Deletes a channel or thread with its messages. False where it is unknown.
    pub(in crate::simulator) fn delete_channel(&mut self, id: Snowflake, by: &By) -> bool {
        let Some(guild_id) = self.world.home.get(&id).copied() else {
            return false;
        };
        let Some(channel) = self.world.channel(id) else {
            return false;
        };
        let is_thread = channel.thread.is_some();
        let data = if is_thread {
            json!({ "guild_id": guild_id, "id": id, "parent_id": channel.parent, "type": channel.kind })
        } else {
            payload::channel::json(&self.world, channel)
        };
        let name = if is_thread {
            "THREAD_DELETE"
        } else {
            "CHANNEL_DELETE"
        };
        self.world.home.remove(&id);
        self.world.messages.forget(id);
        if let Some(guild) = self.world.guilds.get_mut(&guild_id) {
            guild.channels.remove(&id);
        }
        self.publish(Draft {
            name,
            guild: Some(guild_id),
            channel: Some(id),
            subject: Some(id),
            user: Some(by.actor),
            data,
        });
        if !is_thread {
            self.channel_deed(guild_id, id, action::CHANNEL_DELETE, by);
        }
        true
    }

    fn publish_channel(&mut self, name: &'static str, guild: Snowflake, id: Snowflake, actor: Snowflake) {
        let Some(channel) = self.world.channel(id) else {
            return;
        };
        let mut data = payload::channel::json(&self.world, channel);
        if name == "THREAD_CREATE" {
            data["newly_created"] = true.into();
        }
        self.publish(Draft {
            name,
            guild: Some(guild),
            channel: Some(id),
            subject: Some(id),
            user: Some(actor),
            data,
        });
    }

    fn channel_deed(&mut self, guild: Snowflake, id: Snowflake, action: u16, by: &By) {
        let reason = by.reason.clone();
        self.audit(
            guild,
            Deed {
                action,
                actor: by.actor,
                target: Some(id),
                reason,
                ..Deed::default()
            },
        );
    }
}
