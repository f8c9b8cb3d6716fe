//! What the simulated Discord sent, was asked and did, written down as it happened: what tests compare
//! rows with, so that nothing is ever proven by a counter of the code under test.

mod effect;
mod event;
mod link;
mod reckoning;
mod request;
mod session;

pub use effect::{Effect, EffectKind};
pub use event::EventRecord;
pub use link::{Attempt, Closed, Closer, ConnectionRecord, Outcome, Via};
pub use reckoning::{Position, Reckoning};
pub use request::RequestRecord;
pub use session::{EndReason, SessionRecord};

use serde::Serialize;

use super::snowflake::Snowflake;

/// Everything that happened, in order. A copy is cheap to read and does not change any more.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ledger {
    /// Every event, numbered from 1 in order of publication.
    pub events: Vec<EventRecord>,
    /// Every session that an IDENTIFY began, numbered from 0.
    pub sessions: Vec<SessionRecord>,
    /// Every gateway connection, numbered from 0.
    pub connections: Vec<ConnectionRecord>,
    /// Every IDENTIFY and RESUME with what it got.
    pub attempts: Vec<Attempt>,
    /// Every REST request, numbered from 0.
    pub requests: Vec<RequestRecord>,
    /// Every change that a REST request made.
    pub effects: Vec<Effect>,
    /// True once the daily identify budget was overrun: Discord then resets the token.
    pub token_reset: bool,
}

impl Ledger {
    /// The session with this id.
    pub fn session(&self, session_id: &str) -> Option<&SessionRecord> {
        self.sessions
            .iter()
            .find(|session| session.session_id == session_id)
    }

    /// The events of one name, in order of publication.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &EventRecord> {
        self.events.iter().filter(move |event| event.name == name)
    }

    /// The subjects of a guild's events of one name, in order: for `MESSAGE_CREATE` the message ids.
    pub fn subjects(&self, name: &str, guild: Snowflake) -> Vec<Snowflake> {
        self.named(name)
            .filter(|event| event.guild == Some(guild))
            .filter_map(|event| event.subject)
            .collect()
    }

    /// How many IDENTIFYs began a session.
    pub fn identifies(&self) -> usize {
        self.attempts
            .iter()
            .filter(|attempt| attempt.outcome == Outcome::Identified)
            .count()
    }

    /// How many RESUMEs were accepted.
    pub fn resumes(&self) -> usize {
        self.attempts
            .iter()
            .filter(|attempt| matches!(attempt.outcome, Outcome::Resumed { .. }))
            .count()
    }

    /// The effects of one kind, those that changed nothing left out.
    pub fn done(&self, kind: EffectKind) -> impl Iterator<Item = &Effect> {
        self.effects
            .iter()
            .filter(move |effect| effect.kind == kind && !effect.repeated)
    }
}
