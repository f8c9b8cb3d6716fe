//! Messages: sent, edited, deleted.

use serde_json::{Value, json};

use super::audit::Deed;
use crate::simulator::events::Draft;
use crate::simulator::payload;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::state::State;
use crate::simulator::world::audit::action;
use crate::simulator::world::message::{Body, Message};

/// The message flag of answers that only the asking user sees; they make no event.
const EPHEMERAL: u64 = 1 << 6;

impl State {
    /// Sends a message. Returns its id.
    pub(in crate::simulator) fn send_message(
        &mut self,
        channel: Snowflake,
        author: Snowflake,
        body: Body,
        nonce: Option<Value>,
        kind: u8,
    ) -> Snowflake {
        let id = self.new_id();
        let kind = match body.reference {
            Some(reference) if !reference.forward => 19,
            _ => kind,
        };
        let sent_ms = self.now_ms();
        let message = Message {
            id,
            channel,
            author,
            sent_ms,
            kind,
            body,
            nonce,
            ..Message::default()
        };
        if let Some(place) = self.world.channel_mut(channel) {
            place.last_message = Some(id);
            if let Some(thread) = &mut place.thread {
                thread.messages += 1;
                // A message wakes an archived thread.
                thread.archived = false;
            }
        }
        let mut data = payload::message::event(&self.world, &message);
        payload::message::add_nonce(&message, &mut data);
        let seen_by_one_only = message.body.flags & EPHEMERAL != 0;
        self.world
            .messages
            .keep(message, self.settings.rest.messages_per_channel);
        if seen_by_one_only {
            return id;
        }
        self.publish_message("MESSAGE_CREATE", channel, id, author, data);
        id
    }

    /// Changes what a message says. False where it is gone.
    pub(in crate::simulator) fn edit_message(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        change: impl FnOnce(&mut Body),
    ) -> bool {
        let now = self.now_ms();
        let Some(message) = self.world.messages.get_mut(channel, id) else {
            return false;
        };
        change(&mut message.body);
        message.edited_ms = Some(now);
        self.message_changed(channel, id);
        true
    }

    /// Tells that a message changed.
    pub(in crate::simulator) fn message_changed(&mut self, channel: Snowflake, id: Snowflake) {
        let Some(message) = self.world.messages.get(channel, id) else {
            return;
        };
        let author = message.author;
        let data = payload::message::event(&self.world, message);
        self.publish_message("MESSAGE_UPDATE", channel, id, author, data);
    }

    fn publish_message(
        &mut self,
        name: &'static str,
        channel: Snowflake,
        id: Snowflake,
        author: Snowflake,
        data: Value,
    ) {
        self.publish(Draft {
            name,
            guild: self.world.home.get(&channel).copied(),
            channel: Some(channel),
            subject: Some(id),
            user: Some(author),
            data,
        });
    }

    /// Deletes a message. Returns its author, or `None` where it is gone already.
    pub(in crate::simulator) fn delete_message(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        actor: Snowflake,
        reason: Option<String>,
    ) -> Option<Snowflake> {
        let message = self.world.messages.remove(channel, id)?;
        let guild = self.world.home.get(&channel).copied();
        let mut data = json!({ "channel_id": channel, "id": id });
        if let Some(guild) = guild {
            data["guild_id"] = json!(guild);
        }
        self.publish(Draft {
            name: "MESSAGE_DELETE",
            guild,
            channel: Some(channel),
            subject: Some(id),
            user: Some(actor),
            data,
        });
        // Deleting one's own message leaves no entry.
        if let Some(guild) = guild.filter(|_| message.author != actor) {
            let options = Some(json!({ "channel_id": channel, "count": "1" }));
            let target = Some(message.author);
            self.audit(
                guild,
                Deed {
                    action: action::MESSAGE_DELETE,
                    actor,
                    target,
                    reason,
                    options,
                    ..Deed::default()
                },
            );
        }
        Some(message.author)
    }

    /// Deletes messages together: one event, one entry. Returns how many there were.
    pub(in crate::simulator) fn delete_messages(
        &mut self,
        channel: Snowflake,
        ids: &[Snowflake],
        actor: Snowflake,
        reason: Option<String>,
    ) -> usize {
        let gone = ids
            .iter()
            .filter(|id| self.world.messages.remove(channel, **id).is_some())
            .count();
        let Some(guild) = self.world.home.get(&channel).copied() else {
            return gone;
        };
        let data = json!({ "channel_id": channel, "guild_id": guild, "ids": ids });
        self.publish(Draft {
            name: "MESSAGE_DELETE_BULK",
            guild: Some(guild),
            channel: Some(channel),
            subject: ids.first().copied(),
            user: Some(actor),
            data,
        });
        let options = Some(json!({ "count": gone.to_string() }));
        let target = Some(channel);
        self.audit(
            guild,
            Deed {
                action: action::MESSAGE_BULK_DELETE,
                actor,
                target,
                reason,
                options,
                ..Deed::default()
            },
        );
        gone
    }
}
