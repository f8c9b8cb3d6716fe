//! Who an action is: a hash of its guild, its cause and its place among what the cause decided.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::domain::fence::Position;
use crate::domain::ids::GuildId;

/// Bytes of the hash: 96 bits, 24 characters. Discord's nonce holds 25.
const BYTES: usize = 12;

/// What an action was decided because of. Never an epoch, a row's number or a process: whoever decides the same after a
/// restore or a move comes to the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// An event, by its place in the Discord shard's events.
    Frame(Position),
    /// A timer.
    Timer(String),
    /// Discord's answer to another action.
    Answer(ActionId),
}

impl fmt::Display for Cause {
    /// As rows have it: `frame 3:120`, `timer x`, `answer 0123…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(at) => write!(f, "frame {}:{}", at.session_no.get(), at.seq),
            Self::Timer(id) => write!(f, "timer {id}"),
            Self::Answer(id) => write!(f, "answer {id}"),
        }
    }
}

/// An action's id: 24 hexadecimal digits. It is also the nonce of a message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId([u8; BYTES]);

/// Not an action's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an action's id: 24 digits 0-9a-f")]
pub struct ActionIdError(String);

impl ActionId {
    /// The id of the `index`-th action that `cause` decided in `guild`.
    pub fn of(guild: GuildId, cause: &Cause, index: usize) -> Self {
        let text = format!("{guild}\0{cause}\0{index}");
        let hash = Sha256::digest(text);
        let mut id = [0; BYTES];
        id.copy_from_slice(&hash[..BYTES]);
        Self(id)
    }
}

impl fmt::Display for ActionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for ActionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActionId({self})")
    }
}

impl FromStr for ActionId {
    type Err = ActionIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ActionIdError(text.chars().take(40).collect());
        let mut id = [0; BYTES];
        hex::decode_to_slice(text, &mut id).map_err(|_| wrong())?;
        // One id has one spelling.
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(wrong());
        }
        Ok(Self(id))
    }
}

impl Serialize for ActionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ActionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::SessionNo;

    fn frame(session_no: i64, seq: u64) -> Cause {
        Cause::Frame(Position {
            session_no: SessionNo::from_i64(session_no),
            seq,
        })
    }

    #[test]
    fn the_same_decision_has_the_same_id_and_no_other_has() {
        let guild = |id| GuildId::new(id).unwrap();
        let id = ActionId::of(guild(1), &frame(2, 3), 0);
        assert_eq!(id, ActionId::of(guild(1), &frame(2, 3), 0));
        assert_eq!(
            id.to_string(),
            "970a732f6bc4b4c711064b0f",
            "it stands in Discord and in files"
        );
        for other in [
            ActionId::of(guild(2), &frame(2, 3), 0),
            ActionId::of(guild(1), &frame(3, 3), 0),
            ActionId::of(guild(1), &frame(2, 4), 0),
            ActionId::of(guild(1), &frame(2, 3), 1),
            ActionId::of(guild(1), &Cause::Timer("2:3".to_owned()), 0),
            ActionId::of(guild(1), &Cause::Answer(id), 0),
        ] {
            assert_ne!(id, other);
        }
        assert!(id.to_string().len() <= 25, "Discord's nonce");
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in ["", "0123", "D5ADD48FB6EEE5BC7E9C0EA8", "zz"] {
            assert!(wrong.parse::<ActionId>().is_err(), "{wrong}");
        }
    }
}
