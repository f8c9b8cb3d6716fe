//! The outbox, for operators.

use serde::{Deserialize, Serialize};

use crate::domain::ids::GuildId;
use crate::domain::outbox::{ActionId, ActionState};

/// `GET /v1/outbox?guild=G&state=S,S&limit=N`: actions, those of each guild in order. Without a state all but those that
/// are done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxPage {
    /// The actions.
    pub actions: Vec<OutboxAction>,
}

/// An action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxAction {
    /// Its guild.
    pub guild: GuildId,
    /// Its id: 24 hexadecimal digits.
    pub action: String,
    /// What is done, as in `time_out`.
    pub kind: String,
    /// How far it has come: `pending`, `sending`, `unknown`, `dead`, `done`.
    pub state: String,
    /// Why it was decided: `frame 3:120`, `answer …`.
    pub cause: String,
    /// What is done in full, as JSON text.
    pub payload: String,
    /// When it was decided, in Unix milliseconds.
    pub decided_at_ms: i64,
    /// After this it is too late, in Unix milliseconds.
    pub not_after_ms: Option<i64>,
    /// How often Discord was asked.
    pub attempts: u32,
    /// What went wrong last.
    pub error: Option<String>,
}

/// `POST /v1/guilds/G/outbox/ACTION/{retry,drop}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRequest {
    /// Only say what would be done.
    pub dry_run: bool,
    /// Who wants it.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxChanged {
    /// How far it had come.
    pub before: String,
    /// How far it has come now.
    pub after: String,
}

/// Which actions are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutboxFilter {
    /// Of one guild.
    pub guild: Option<GuildId>,
    /// In these states.
    pub states: Vec<ActionState>,
    /// At most so many.
    pub limit: u32,
}

impl OutboxFilter {
    pub(super) fn path(&self) -> String {
        let guild = self
            .guild
            .map(|guild| format!("&guild={guild}"))
            .unwrap_or_default();
        let states: Vec<&str> = self.states.iter().map(|state| state.as_str()).collect();
        let states = if states.is_empty() {
            String::new()
        } else {
            format!("&state={}", states.join(","))
        };
        format!("/v1/outbox?limit={}{guild}{states}", self.limit)
    }
}

/// What an operator may want of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxVerb {
    /// Send it again.
    Retry,
    /// Give it up.
    Drop,
}

impl OutboxVerb {
    pub(super) fn path(self, guild: GuildId, action: ActionId) -> String {
        let verb = match self {
            Self::Retry => "retry",
            Self::Drop => "drop",
        };
        format!("/v1/guilds/{guild}/outbox/{action}/{verb}")
    }
}
