//! Reactions.

use crate::simulator::events::Draft;
use crate::simulator::payload;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::state::State;

impl State {
    /// A user reacts. False where the message is gone or the reaction is there already.
    pub(in crate::simulator) fn react(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        user: Snowflake,
        emoji: &str,
    ) -> bool {
        let Some(message) = self.world.messages.get_mut(channel, id) else {
            return false;
        };
        let users = message.reactions.entry(emoji.to_owned()).or_default();
        if users.contains(&user) {
            return false;
        }
        users.push(user);
        self.publish_reaction("MESSAGE_REACTION_ADD", channel, id, user, emoji);
        true
    }

    /// A user's reaction is taken back. False where there was none.
    pub(in crate::simulator) fn unreact(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        user: Snowflake,
        emoji: &str,
    ) -> bool {
        let Some(message) = self.world.messages.get_mut(channel, id) else {
            return false;
        };
        let Some(users) = message.reactions.get_mut(emoji) else {
            return false;
        };
        let before = users.len();
        users.retain(|one| *one != user);
        let removed = users.len() < before;
        message.reactions.retain(|_, users| !users.is_empty());
        if removed {
            self.publish_reaction("MESSAGE_REACTION_REMOVE", channel, id, user, emoji);
        }
        removed
    }

    fn publish_reaction(
        &mut self,
        name: &'static str,
        channel: Snowflake,
        id: Snowflake,
        user: Snowflake,
        emoji: &str,
    ) {
        let Some(message) = self.world.messages.get(channel, id) else {
            return;
        };
        let mut data = payload::message::reaction(&self.world, message, user, emoji);
        if name == "MESSAGE_REACTION_ADD" {
            payload::message::reaction_added(&self.world, message, user, &mut data);
        }
        self.publish(Draft {
            name,
            guild: self.world.home.get(&channel).copied(),
            channel: Some(channel),
            subject: Some(id),
            user: Some(user),
            data,
        });
    }
}
