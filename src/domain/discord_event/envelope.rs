//! What is around every event.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Misfit;

/// A gateway payload, its data unread. Borrows from the raw text.
#[derive(Debug, Deserialize)]
pub struct Envelope<'a> {
    /// The opcode: 0 is a dispatch.
    pub op: u8,
    /// The dispatch's number in its session.
    #[serde(rename = "s", default)]
    pub seq: Option<u64>,
    /// The event's name.
    #[serde(rename = "t", borrow, default)]
    pub name: Option<Cow<'a, str>>,
    /// The data, as it came.
    #[serde(rename = "d", borrow, default)]
    data: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// Reads what is around the data.
    pub fn parse(raw: &'a str) -> Result<Self, Misfit> {
        serde_json::from_str(raw).map_err(|source| Misfit::new("frame", ".", source))
    }

    /// The name and number of a dispatch; none for every other payload.
    pub fn dispatch(&self) -> Option<(&str, u64)> {
        match (self.op, self.name.as_deref(), self.seq) {
            (0, Some(name), Some(seq)) => Some((name, seq)),
            _ => None,
        }
    }

    /// The data as JSON text; `null` where there is none.
    pub fn data(&self) -> &'a str {
        self.data.map_or("null", RawValue::get)
    }
}
