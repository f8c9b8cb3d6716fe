//! Messages, kept per channel up to a limit.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::simulator::snowflake::Snowflake;

/// A message.
#[derive(Debug, Clone, Default)]
pub(in crate::simulator) struct Message {
    pub(in crate::simulator) id: Snowflake,
    pub(in crate::simulator) channel: Snowflake,
    pub(in crate::simulator) author: Snowflake,
    pub(in crate::simulator) sent_ms: u64,
    pub(in crate::simulator) edited_ms: Option<u64>,
    /// 0 default, 18 thread created, 19 reply, 20 chat input command.
    pub(in crate::simulator) kind: u8,
    pub(in crate::simulator) body: Body,
    pub(in crate::simulator) nonce: Option<Value>,
    /// The thread that was made from it.
    pub(in crate::simulator) thread: Option<Snowflake>,
    /// Emoji -> who reacted.
    pub(in crate::simulator) reactions: BTreeMap<String, Vec<Snowflake>>,
    pub(in crate::simulator) pinned: bool,
}

/// What a message says: the part that its sender chooses.
#[derive(Debug, Clone, Default)]
pub(in crate::simulator) struct Body {
    pub(in crate::simulator) content: String,
    pub(in crate::simulator) embeds: Vec<Value>,
    pub(in crate::simulator) components: Vec<Value>,
    pub(in crate::simulator) attachments: Vec<Value>,
    pub(in crate::simulator) stickers: Vec<Value>,
    pub(in crate::simulator) flags: u64,
    /// The message that this one answers or forwards.
    pub(in crate::simulator) reference: Option<Reference>,
}

/// A message that another one points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) struct Reference {
    pub(in crate::simulator) channel: Snowflake,
    pub(in crate::simulator) message: Snowflake,
    /// True for a forward, false for a reply.
    pub(in crate::simulator) forward: bool,
}

/// The messages of every channel.
#[derive(Debug, Default)]
pub(in crate::simulator) struct Messages {
    channels: HashMap<Snowflake, BTreeMap<Snowflake, Message>>,
}

impl Messages {
    /// Keeps `message`; where its channel then has more than `most`, the oldest is forgotten.
    pub(in crate::simulator) fn keep(&mut self, message: Message, most: usize) {
        let channel = self.channels.entry(message.channel).or_default();
        channel.insert(message.id, message);
        if channel.len() > most {
            channel.pop_first();
        }
    }

    /// A message.
    pub(in crate::simulator) fn get(&self, channel: Snowflake, id: Snowflake) -> Option<&Message> {
        self.channels.get(&channel)?.get(&id)
    }

    /// A message, to be changed.
    pub(in crate::simulator) fn get_mut(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
    ) -> Option<&mut Message> {
        self.channels.get_mut(&channel)?.get_mut(&id)
    }

    /// Takes a message out.
    pub(in crate::simulator) fn remove(&mut self, channel: Snowflake, id: Snowflake) -> Option<Message> {
        self.channels.get_mut(&channel)?.remove(&id)
    }

    /// Forgets a channel with its messages.
    pub(in crate::simulator) fn forget(&mut self, channel: Snowflake) {
        self.channels.remove(&channel);
    }

    /// The messages of a channel, oldest first.
    pub(in crate::simulator) fn of(
        &self,
        channel: Snowflake,
    ) -> impl DoubleEndedIterator<Item = &Message> + use<'_> {
        self.channels.get(&channel).into_iter().flat_map(BTreeMap::values)
    }
}
