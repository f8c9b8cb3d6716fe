//! What clients send.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::close_code::CloseCode;

/// Bytes that a client's payload may have.
const MAX_PAYLOAD: usize = 4096;

/// A payload from a client.
#[derive(Debug, PartialEq)]
pub(in crate::simulator) enum Frame {
    /// Op 1 with the last seq received.
    Heartbeat(Option<u64>),
    /// Op 2.
    Identify(Identify),
    /// Op 6.
    Resume(Resume),
    /// Op 8.
    RequestMembers(RequestMembers),
    /// Ops that need no answer: presence, voice state, soundboard, channel info.
    Ignored,
}

/// The `d` of IDENTIFY, as far as it matters.
#[derive(Debug, PartialEq, Deserialize)]
pub(in crate::simulator) struct Identify {
    pub(in crate::simulator) token: String,
    pub(in crate::simulator) intents: u64,
    pub(in crate::simulator) shard: Option<(u32, u32)>,
    #[serde(rename = "properties")]
    _properties: Value,
}

/// The `d` of RESUME.
#[derive(Debug, PartialEq, Deserialize)]
pub(in crate::simulator) struct Resume {
    pub(in crate::simulator) token: String,
    pub(in crate::simulator) session_id: String,
    pub(in crate::simulator) seq: u64,
}

/// The `d` of `REQUEST_GUILD_MEMBERS`.
#[derive(Debug, PartialEq, Deserialize)]
pub(in crate::simulator) struct RequestMembers {
    pub(in crate::simulator) guild_id: crate::simulator::Snowflake,
    pub(in crate::simulator) query: Option<String>,
    pub(in crate::simulator) user_ids: Option<Value>,
    #[serde(default)]
    pub(in crate::simulator) limit: usize,
    pub(in crate::simulator) nonce: Option<String>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    op: u64,
    #[serde(borrow, default)]
    d: Option<&'a RawValue>,
}

/// Reads a payload; what cannot be read is the code to close with.
pub(super) fn parse(text: &str) -> Result<Frame, CloseCode> {
    if text.len() > MAX_PAYLOAD {
        return Err(CloseCode::Decode);
    }
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|_| CloseCode::Decode)?;
    let data = envelope.d.map_or("null", RawValue::get);
    Ok(match envelope.op {
        1 => Frame::Heartbeat(read(data)?),
        2 => Frame::Identify(read(data)?),
        6 => Frame::Resume(read(data)?),
        8 => Frame::RequestMembers(read(data)?),
        3 | 4 | 31 | 43 => Frame::Ignored,
        _ => return Err(CloseCode::UnknownOpcode),
    })
}

fn read<'a, T: Deserialize<'a>>(data: &'a str) -> Result<T, CloseCode> {
    serde_json::from_str(data).map_err(|_| CloseCode::Decode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_read_or_refused_with_the_documented_code() {
        assert_eq!(parse(r#"{"op":1,"d":null}"#), Ok(Frame::Heartbeat(None)));
        assert_eq!(parse(r#"{"op":1,"d":251}"#), Ok(Frame::Heartbeat(Some(251))));
        assert_eq!(parse(r#"{"op":3,"d":{}}"#), Ok(Frame::Ignored));
        assert!(matches!(
            parse(r#"{"op":2,"d":{"token":"t","intents":513,"shard":[1,4],"properties":{}}}"#),
            Ok(Frame::Identify(Identify {
                shard: Some((1, 4)),
                ..
            }))
        ));
        assert_eq!(parse(r#"{"op":2,"d":{"token":"t"}}"#), Err(CloseCode::Decode));
        assert_eq!(parse("not json"), Err(CloseCode::Decode));
        assert_eq!(parse(r#"{"op":99}"#), Err(CloseCode::UnknownOpcode));
        let long = format!(r#"{{"op":3,"d":"{}"}}"#, "x".repeat(4096));
        assert_eq!(parse(&long), Err(CloseCode::Decode));
    }
}
