//! Who does what next.

use fastrand::Rng;

use super::{Load, Mix};
use crate::simulator::acts::{Act, Say};
use crate::simulator::snowflake::Snowflake;
use crate::simulator::state::State;

/// Messages remembered for edits, deletes and reactions.
const REMEMBERED: usize = 256;
const WORDS: &[&str] = &[
    "anyone",
    "up",
    "for",
    "a",
    "game",
    "later",
    "the",
    "docs",
    "say",
    "so",
    "thanks",
    "that",
    "works",
    "lol",
    "no",
    "why",
    "does",
    "it",
    "crash",
    "see",
    "https://example.com/wiki",
    "today",
    "patch",
    "notes",
    "nice",
    "ok",
    "ping",
    "me",
];

/// A source of acts.
pub(in crate::simulator) struct Crowd {
    rng: Rng,
    mix: [(Kind, u32); 10],
    guilds: Vec<Place>,
    /// Running sum of the guilds' weights.
    weights: Vec<f64>,
    recent: Vec<(Snowflake, Snowflake, Snowflake)>,
    made: u64,
}

struct Place {
    guild: Snowflake,
    channels: Vec<Snowflake>,
    voice: Vec<Snowflake>,
    members: Vec<Snowflake>,
    moderators: Vec<Snowflake>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Message,
    Edit,
    Delete,
    Reaction,
    Join,
    Leave,
    Timeout,
    Ban,
    Thread,
    Voice,
}

impl Crowd {
    /// The people of the world as it is now.
    #[expect(clippy::cast_precision_loss, reason = "members are far below 2^52")]
    pub(in crate::simulator) fn new(state: &State, load: &Load) -> Self {
        let mut sum = 0.0;
        let views = state.guild_views();
        let weights = views.iter().map(|guild| {
            sum += (guild.members.len().max(1) as f64).powf(load.skew);
            sum
        });
        let Mix {
            messages,
            edits,
            deletes,
            reactions,
            joins,
            leaves,
            timeouts,
            bans,
            threads,
            voice,
        } = load.mix;
        Self {
            rng: Rng::with_seed(load.seed),
            weights: weights.collect(),
            guilds: views
                .into_iter()
                .map(|guild| Place {
                    guild: guild.id,
                    channels: guild.text_channels,
                    voice: guild.voice_channels,
                    members: guild.members,
                    moderators: guild.moderators,
                })
                .collect(),
            mix: [
                (Kind::Message, messages),
                (Kind::Edit, edits),
                (Kind::Delete, deletes),
                (Kind::Reaction, reactions),
                (Kind::Join, joins),
                (Kind::Leave, leaves),
                (Kind::Timeout, timeouts),
                (Kind::Ban, bans),
                (Kind::Thread, threads),
                (Kind::Voice, voice),
            ],
            recent: Vec::new(),
            made: 0,
        }
    }

    /// Does the next thing. Whatever is drawn that cannot be done (an edit of a deleted message) becomes a message.
    pub(in crate::simulator) fn step(&mut self, state: &mut State) {
        let drawn = self.draw();
        let done = drawn.is_some_and(|act| state.act(act).is_ok());
        if !done && let Some(message) = self.message() {
            let (channel, user) = (message.channel, message.user);
            if let Ok(id) = state.act(Act::Say(message)) {
                self.remember(channel, id, user);
            }
        }
        self.made += 1;
    }

    /// An act; `None` for a plain message.
    fn draw(&mut self) -> Option<Act> {
        let total = self.mix.iter().map(|(_, weight)| *weight).sum::<u32>();
        let mut point = self.rng.u32(0..total.max(1));
        let mut kind = Kind::Message;
        for (one, weight) in self.mix {
            if point < weight {
                kind = one;
                break;
            }
            point -= weight;
        }
        match kind {
            Kind::Message => None,
            Kind::Edit => {
                let (channel, message, _) = self.some_recent()?;
                Some(Act::Edit {
                    channel,
                    message,
                    content: self.sentence(),
                })
            }
            Kind::Delete => {
                let (channel, message, by) = self.some_recent()?;
                Some(Act::Delete { channel, message, by })
            }
            Kind::Reaction => {
                let (channel, message, _) = self.some_recent()?;
                let place = self.place()?;
                let user = self.pick(place, |place| &place.members)?;
                Some(Act::React {
                    channel,
                    message,
                    user,
                    emoji: "👍".to_owned(),
                })
            }
            _ => self.draw_rare(kind),
        }
    }

    fn draw_rare(&mut self, kind: Kind) -> Option<Act> {
        let place = self.place()?;
        let guild = self.guilds[place].guild;
        match kind {
            Kind::Join => {
                let elsewhere = self.place()?;
                let user = self.pick(elsewhere, |place| &place.members)?;
                Some(Act::Join { guild, user })
            }
            Kind::Leave => Some(Act::Leave {
                guild,
                user: self.pick(place, |place| &place.members)?,
            }),
            Kind::Timeout => {
                let (user, by) = self.victim(place)?;
                Some(Act::TimeOut {
                    guild,
                    user,
                    by,
                    seconds: Some(600),
                    reason: Some("calm down".to_owned()),
                })
            }
            Kind::Ban => {
                let (user, by) = self.victim(place)?;
                Some(Act::Ban {
                    guild,
                    user,
                    by,
                    reason: Some("spam".to_owned()),
                    delete_seconds: 0,
                })
            }
            Kind::Thread => {
                let channel = self.pick(place, |place| &place.channels)?;
                let user = self.pick(place, |place| &place.members)?;
                Some(Act::OpenThread {
                    channel,
                    user,
                    name: self.sentence(),
                })
            }
            _ => {
                let channel = self.pick(place, |place| &place.voice)?;
                let user = self.pick(place, |place| &place.members)?;
                Some(Act::VoiceState {
                    guild,
                    channel: Some(channel),
                    user,
                })
            }
        }
    }

    fn victim(&mut self, place: usize) -> Option<(Snowflake, Snowflake)> {
        let user = self.pick(place, |place| &place.members)?;
        let by = self.pick(place, |place| &place.moderators)?;
        (user != by && !self.guilds[place].moderators.contains(&user)).then_some((user, by))
    }

    fn message(&mut self) -> Option<Say> {
        let place = self.place()?;
        let channel = self.pick(place, |place| &place.channels)?;
        let user = self.pick(place, |place| &place.members)?;
        let nonce = Some(format!("{}", self.made));
        Some(Say {
            channel,
            user,
            content: self.sentence(),
            nonce,
            ..Say::default()
        })
    }

    fn sentence(&mut self) -> String {
        let length = self.rng.usize(2..14);
        let words: Vec<&str> = (0..length)
            .map(|_| WORDS[self.rng.usize(..WORDS.len())])
            .collect();
        words.join(" ")
    }

    fn place(&mut self) -> Option<usize> {
        let point = self.rng.f64() * self.weights.last()?;
        Some(
            self.weights
                .partition_point(|sum| *sum <= point)
                .min(self.guilds.len() - 1),
        )
    }

    fn pick(&mut self, place: usize, from: impl Fn(&Place) -> &Vec<Snowflake>) -> Option<Snowflake> {
        let choices = from(&self.guilds[place]);
        let at = (!choices.is_empty()).then(|| self.rng.usize(..choices.len()))?;
        from(&self.guilds[place]).get(at).copied()
    }

    fn some_recent(&mut self) -> Option<(Snowflake, Snowflake, Snowflake)> {
        let at = (!self.recent.is_empty()).then(|| self.rng.usize(..self.recent.len()))?;
        self.recent.get(at).copied()
    }

    fn remember(&mut self, channel: Snowflake, message: Snowflake, author: Snowflake) {
        if self.recent.len() < REMEMBERED {
            self.recent.push((channel, message, author));
        } else {
            let at = self.rng.usize(..REMEMBERED);
            self.recent[at] = (channel, message, author);
        }
    }
}
