//! Users ask something of the bot.

use serde_json::Value;

use crate::simulator::events::Draft;
use crate::simulator::interactions::Interaction;
use crate::simulator::payload;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::state::State;

impl State {
    /// A user invokes a command or touches a component. Returns the interaction's id, or `None` where the guild,
    /// channel or member is unknown.
    pub(in crate::simulator) fn interact(
        &mut self,
        channel: Snowflake,
        user: Snowflake,
        kind: u8,
        data: Value,
        message: Option<Snowflake>,
    ) -> Option<Snowflake> {
        let guild = *self.world.home.get(&channel)?;
        let interaction = Interaction {
            id: self.new_id(),
            token: self.new_secret(64),
            kind,
            guild,
            channel,
            user,
            data,
            message,
            made_ms: self.now_ms(),
            answered_ms: None,
            original: None,
        };
        let id = interaction.id;
        let data = payload::interaction::create(&self.world, &interaction, self.now_ms())?;
        self.interactions.keep(interaction);
        self.publish(Draft {
            name: "INTERACTION_CREATE",
            guild: Some(guild),
            channel: Some(channel),
            subject: Some(id),
            user: Some(user),
            data,
        });
        Some(id)
    }
}
