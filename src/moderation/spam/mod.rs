//! Spam: what a message says, who says it and what the same account said just before, as a score.
//!
//! A signal is a file or a table; [`tier`] makes the sum a tier, [`measures`] the tier actions. What the account said
//! before comes from the guild's own rows, so nothing is lost with a process and the same message is judged the same
//! again.

mod ages;
mod exempt;
mod measures;
mod pings;
mod said;
mod tier;
mod window;
mod words;
mod zalgo;

use tier::Tier;

use super::{Change, Known, Recent};
use crate::domain::discord_event::{Event, Message};

/// How long what was said is remembered, in milliseconds.
pub const REMEMBERED_MS: i64 = 30 * 60 * 1000;
/// How many messages of one author are remembered.
pub const REMEMBERED: usize = 20;

/// A reason to take a message for spam, or for none.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Signal {
    /// Its name.
    name: String,
    /// What it counts.
    score: i32,
}

impl Signal {
    fn new(name: impl Into<String>, score: i32) -> Self {
        Self {
            name: name.into(),
            score,
        }
    }
}

/// What a message's score is made of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Verdict {
    /// The signals.
    signals: Vec<Signal>,
}

impl Verdict {
    /// The sum.
    fn score(&self) -> i32 {
        self.signals.iter().map(|signal| signal.score).sum()
    }

    /// What it amounts to.
    fn tier(&self) -> Tier {
        Tier::of(self.score())
    }
}

/// Whether the message is looked at: written by a person, in a guild that wants it.
pub(super) fn is_looked_at(message: &Message<'_>, wanted: bool) -> bool {
    /// A message of its own, and an answer. Everything else is Discord's or a command's.
    const WRITTEN: [u8; 2] = [0, 19];
    wanted
        && !message.author.bot
        && !message.author.system
        && message.webhook_id.is_none()
        && WRITTEN.contains(&message.kind)
}

pub(super) fn decide(event: &Event<'_>, known: &Known, changes: &mut Vec<Change<'_>>) {
    let Event::MessageCreate(message) = event else {
        return;
    };
    let Some(author) = &known.author else {
        return;
    };
    if exempt::is_exempt(author, message.member.as_ref(), known.settings.moderator) {
        return;
    }
    let now = recent(message);
    if !author.recent.iter().any(|one| one.message == now.message) {
        changes.push(Change::Said(message.author.id, now));
    }
    let verdict = judge(message, &author.recent, author.in_honeypot);
    measures::take(message, &verdict, known, author, changes);
}

/// What is remembered of a message.
fn recent(message: &Message<'_>) -> Recent {
    Recent {
        message: message.id,
        channel: message.channel_id,
        content: said::content_hash(message),
    }
}

/// Judges a message by what it says, by its author's age, and by what the author said `before`.
fn judge(message: &Message<'_>, before: &[Recent], in_honeypot: bool) -> Verdict {
    if in_honeypot {
        return Verdict {
            signals: vec![Signal::new("honeypot_channel", Tier::HONEYPOT)],
        };
    }
    let text = said::text(message);
    let mut signals = Vec::new();
    words::signals(&text, &mut signals);
    pings::signals(&text, &mut signals);
    zalgo::signals(&text, &mut signals);
    ages::signals(message, &mut signals);
    window::signals(&recent(message), before, &mut signals);
    Verdict { signals }
}

#[cfg(test)]
mod tests;
