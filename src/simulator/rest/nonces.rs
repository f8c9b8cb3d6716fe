//! Enforced nonces: a message with one that was seen lately is not sent again.

use std::collections::HashMap;

use crate::simulator::snowflake::Snowflake;

/// Nonces of the bot's messages, with the message of each and when it was sent.
#[derive(Debug, Default)]
pub(in crate::simulator) struct Nonces {
    seen: HashMap<String, (Snowflake, Snowflake, u64)>,
}

impl Nonces {
    /// The channel and id of the message with this nonce, where it was sent in the last `window_ms`.
    pub(super) fn find(&self, nonce: &str, now_ms: u64, window_ms: u64) -> Option<(Snowflake, Snowflake)> {
        let (channel, message, at) = self.seen.get(nonce)?;
        (now_ms < at.saturating_add(window_ms)).then_some((*channel, *message))
    }

    /// Remembers a nonce.
    pub(super) fn remember(&mut self, nonce: String, channel: Snowflake, message: Snowflake, now_ms: u64) {
        self.seen.insert(nonce, (channel, message, now_ms));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_forgotten_after_its_window() {
        let mut nonces = Nonces::default();
        nonces.remember("n".to_owned(), Snowflake(1), Snowflake(2), 100);
        assert_eq!(nonces.find("n", 1099, 1000), Some((Snowflake(1), Snowflake(2))));
        assert_eq!(nonces.find("n", 1100, 1000), None);
        assert_eq!(nonces.find("m", 100, 1000), None);
    }
}
