//! Interactions: what users ask of the bot, and how far it has answered.

use std::collections::HashMap;

use serde_json::Value;

use super::snowflake::Snowflake;

/// A command, a button or a form.
#[derive(Debug, Clone)]
pub(super) struct Interaction {
    pub(super) id: Snowflake,
    pub(super) token: String,
    /// 2 command, 3 component, 4 autocomplete, 5 form.
    pub(super) kind: u8,
    pub(super) guild: Snowflake,
    pub(super) channel: Snowflake,
    pub(super) user: Snowflake,
    pub(super) data: Value,
    /// The message that a component sits on.
    pub(super) message: Option<Snowflake>,
    pub(super) made_ms: u64,
    /// The first answer's time.
    pub(super) answered_ms: Option<u64>,
    /// `@original`, where the answer is or has a message.
    pub(super) original: Option<Snowflake>,
}

/// All interactions by token.
#[derive(Debug, Default)]
pub(super) struct Interactions {
    by_token: HashMap<String, Interaction>,
}

impl Interactions {
    /// Keeps a new one.
    pub(super) fn keep(&mut self, interaction: Interaction) {
        self.by_token.insert(interaction.token.clone(), interaction);
    }

    /// The token of the one with this id.
    pub(super) fn token_of(&self, id: Snowflake) -> Option<String> {
        let found = self.by_token.values().find(|one| one.id == id);
        found.map(|one| one.token.clone())
    }

    /// The one with this token.
    pub(super) fn get_mut(&mut self, token: &str) -> Option<&mut Interaction> {
        self.by_token.get_mut(token)
    }
}
