//! One dispatch of a session, as far as the host has to look into it.

use std::ops::Range;

use crate::domain::discord_event::{Envelope, Misfit, guild_of};
use crate::domain::ids::GuildId;

/// A dispatch: its raw text and where it belongs. The data itself is read by the guild's owner.
#[derive(Debug, Clone)]
pub struct Frame {
    raw: Box<str>,
    data: Range<usize>,
    /// The event's name.
    pub name: Box<str>,
    /// Its number in the session.
    pub seq: u64,
    /// The guild it belongs to, or why that cannot be told.
    pub guild: Result<Option<GuildId>, String>,
}

impl Frame {
    /// Reads a payload; `None` for one that is no dispatch.
    pub fn read(raw: String) -> Result<Option<Self>, Misfit> {
        let raw = raw.into_boxed_str();
        let envelope = Envelope::parse(&raw)?;
        let Some((name, seq)) = envelope.dispatch() else {
            return Ok(None);
        };
        let data = envelope.data();
        let guild = guild_of(name, data).map_err(|misfit| describe(&misfit));
        let name = name.into();
        // The data is a part of the text, except the `null` of a payload without any.
        let start = (data.as_ptr() as usize).wrapping_sub(raw.as_ptr() as usize);
        let data = match raw.get(start..start.saturating_add(data.len())) {
            Some(_) => start..start + data.len(),
            None => 0..0,
        };
        Ok(Some(Self {
            raw,
            data,
            name,
            seq,
            guild,
        }))
    }

    /// The whole payload.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The event's data as JSON text.
    pub fn data(&self) -> &str {
        if self.data.is_empty() {
            "null"
        } else {
            &self.raw[self.data.clone()]
        }
    }
}

/// A misfit in one line, with what the JSON reader said.
pub(super) fn describe(misfit: &Misfit) -> String {
    format!("{misfit}: {}", misfit.source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_knows_its_data_its_place_and_its_guild() {
        let raw = r#"{"t":"TYPING_START","s":3,"op":0,"d":{"guild_id":"5","x":[1]}}"#;
        let frame = Frame::read(raw.to_owned()).unwrap().unwrap();
        assert_eq!((&*frame.name, frame.seq, frame.raw()), ("TYPING_START", 3, raw));
        assert_eq!(frame.data(), r#"{"guild_id":"5","x":[1]}"#);
        assert_eq!(frame.guild.unwrap().unwrap().get(), 5);
        let frame = Frame::read(r#"{"t":"RESUMED","s":3,"op":0}"#.to_owned())
            .unwrap()
            .unwrap();
        assert_eq!(frame.data(), "null");
        assert!(Frame::read(r#"{"op":11,"d":null}"#.to_owned()).unwrap().is_none());
        let frame = Frame::read(raw.replace("\"5\"", "5")).unwrap().unwrap();
        assert!(
            frame
                .guild
                .unwrap_err()
                .starts_with("TYPING_START does not fit at guild_id: invalid type")
        );
    }
}
