//! Publishing: an event goes to every session whose formula and intents it matches, and into the ledger.

use std::sync::Arc;

use serde_json::Value;

use super::gateway::intents;
use super::ledger::EventRecord;
use super::payload::message;
use super::snowflake::Snowflake;
use super::state::State;
use super::world::permissions::VIEW_CHANNEL;

/// An event before it has a number.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// `MESSAGE_CREATE`, …
    pub(super) name: &'static str,
    /// Without a guild it goes to shard 0 only.
    pub(super) guild: Option<Snowflake>,
    pub(super) channel: Option<Snowflake>,
    pub(super) subject: Option<Snowflake>,
    pub(super) user: Option<Snowflake>,
    /// The `d`.
    pub(super) data: Value,
}

/// An event as sessions keep it until it is acknowledged or forgotten.
#[derive(Debug)]
pub(super) struct WireEvent {
    pub(super) name: &'static str,
    /// The `d` as text: written once, whatever the number of sessions.
    pub(super) data: String,
}

impl State {
    /// Gives an event to every session that should have it. What the bot cannot hear at all is no event.
    pub(super) fn publish(&mut self, draft: Draft) {
        if !self.bot_may_hear(&draft) {
            return;
        }
        let no = self.record(&draft, None);
        let now = self.now_ms();
        self.end_expired_sessions(now);
        let wanted = intents::needed(draft.name, draft.guild.is_some());
        let audience: Vec<usize> = self
            .sessions
            .matching(draft.guild)
            .filter(|session| wanted == 0 || self.sessions.get(*session).intents & wanted != 0)
            .collect();
        if let Some(record) = self.ledger.events.last_mut() {
            record.heard = u32::try_from(audience.len()).unwrap_or(u32::MAX);
        }
        if audience.is_empty() {
            return;
        }
        let data = draft.data.to_string();
        let whole = Arc::new(WireEvent {
            name: draft.name,
            data,
        });
        let blank = self.blanked(draft, &audience);
        for session in audience {
            let content = self.sessions.get(session).intents & intents::MESSAGE_CONTENT != 0;
            let event = if content {
                &whole
            } else {
                blank.as_ref().unwrap_or(&whole)
            };
            self.push(session, no, Arc::clone(event));
        }
    }

    /// Whether the bot is in the guild, the guild is up, and a message's channel is one that the bot sees.
    fn bot_may_hear(&self, draft: &Draft) -> bool {
        let Some(guild) = draft.guild.and_then(|guild| self.world.guilds.get(&guild)) else {
            return true;
        };
        if draft.name == "GUILD_DELETE" {
            return true;
        }
        if !guild.available || !guild.members.contains_key(&self.world.bot) {
            return false;
        }
        let channel = draft.channel.filter(|_| draft.name.starts_with("MESSAGE_"));
        channel
            .and_then(|channel| guild.channels.get(&channel))
            .is_none_or(|channel| {
                self.world.bot_permissions(guild, Some(channel), self.now_ms()) & VIEW_CHANNEL != 0
            })
    }

    /// Gives an event to one session only.
    pub(super) fn publish_to(&mut self, session: usize, draft: &Draft) {
        let no = self.record(draft, Some(session));
        let data = draft.data.to_string();
        let event = WireEvent {
            name: draft.name,
            data,
        };
        self.push(session, no, Arc::new(event));
    }

    fn record(&mut self, draft: &Draft, only_for: Option<usize>) -> u64 {
        let no = self.ledger.events.len() as u64 + 1;
        self.ledger.events.push(EventRecord {
            no,
            at_ms: self.now_ms(),
            name: draft.name,
            guild: draft.guild,
            channel: draft.channel,
            subject: draft.subject,
            user: draft.user,
            only_for,
            heard: u32::from(only_for.is_some()),
        });
        no
    }

    /// The event without message content, where somebody in `audience` lacks that intent and is not the
    /// author or mentioned.
    fn blanked(&self, draft: Draft, audience: &[usize]) -> Option<Arc<WireEvent>> {
        let concerns_content = matches!(draft.name, "MESSAGE_CREATE" | "MESSAGE_UPDATE");
        let lacks = |session: &usize| self.sessions.get(*session).intents & intents::MESSAGE_CONTENT == 0;
        if !concerns_content || draft.guild.is_none() || !audience.iter().any(lacks) {
            return None;
        }
        let me = self.world.bot.to_string();
        let mut data = draft.data;
        let mentions_me = data["mentions"]
            .as_array()
            .is_some_and(|mentions| mentions.iter().any(|user| user["id"] == me.as_str()));
        if data["author"]["id"] == me.as_str() || mentions_me {
            return None;
        }
        message::without_content(&mut data);
        Some(Arc::new(WireEvent {
            name: draft.name,
            data: data.to_string(),
        }))
    }
}
