//! What the same account said just before: the same again, in many channels, in quick succession.

use std::collections::BTreeSet;

use super::Signal;
use crate::moderation::Recent;

const SECOND_MS: i64 = 1000;
const MINUTE_MS: i64 = 60 * SECOND_MS;

pub(super) fn signals(now: &Recent, before: &[Recent], signals: &mut Vec<Signal>) {
    let at_ms = now.message.created_at_ms();
    // Within so many milliseconds before the message, itself included. A frame that is told again is there already.
    let within = |ms: i64| {
        let earlier = before.iter().filter(move |one| one.message != now.message);
        let near = move |one: &&Recent| (at_ms - one.message.created_at_ms()).abs() <= ms;
        std::iter::once(now).chain(earlier.filter(near))
    };
    let channels = |ms| within(ms).map(|one| one.channel).collect::<BTreeSet<_>>().len();
    // A message that says nothing is a copy of nothing.
    let copies = |ms| {
        within(ms)
            .filter(|one| one.content.is_some() && one.content == now.content)
            .count()
    };
    if channels(MINUTE_MS) >= 3 && copies(MINUTE_MS) >= 3 {
        signals.push(Signal::new("cross_channel_spam", 15));
        return;
    }
    if channels(MINUTE_MS) >= 3 {
        signals.push(Signal::new("channel_hop_fast", 4));
    } else if channels(5 * MINUTE_MS) >= 5 {
        signals.push(Signal::new("channel_hop_slow", 3));
    }
    if copies(5 * MINUTE_MS) >= 2 {
        signals.push(Signal::new("duplicate_messages", 5));
    }
    if within(30 * SECOND_MS).count() >= 5 {
        signals.push(Signal::new("rapid_fire", 3));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::discord_event::{ChannelId, MessageId};

    /// Said so many milliseconds before, in this channel, with this content.
    fn said(ms_before: i64, channel: i64, content: Option<i64>) -> Recent {
        let at = 1_000_000_000 - ms_before;
        Recent {
            message: MessageId::from_i64((at << 22) | channel).unwrap(),
            channel: ChannelId::from_i64(channel).unwrap(),
            content,
        }
    }

    fn found(before: &[Recent]) -> Vec<(String, i32)> {
        let mut found = Vec::new();
        signals(&said(0, 1, Some(7)), before, &mut found);
        found
            .into_iter()
            .map(|signal| (signal.name, signal.score))
            .collect()
    }

    fn expect(before: &[Recent], expected: &[(&str, i32)]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, score)| ((*name).to_owned(), *score))
            .collect();
        assert_eq!(found(before), expected, "{before:?}");
    }

    #[test]
    fn the_same_in_three_channels_in_a_minute_is_all_that_counts() {
        let cross = [("cross_channel_spam", 15)];
        expect(&[said(60_000, 2, Some(7)), said(1, 3, Some(7))], &cross);
        expect(
            &[
                said(1, 2, Some(7)),
                said(2, 3, Some(7)),
                said(3, 4, None),
                said(4, 5, None),
            ],
            &cross,
        );
        // A moment too late, or in two channels only.
        expect(
            &[said(60_001, 2, Some(7)), said(1, 3, Some(7))],
            &[("duplicate_messages", 5)],
        );
        expect(
            &[said(2, 2, Some(7)), said(1, 2, Some(7))],
            &[("duplicate_messages", 5)],
        );
        // Three channels, and other words.
        expect(
            &[said(2, 2, Some(8)), said(1, 3, Some(7))],
            &[("channel_hop_fast", 4), ("duplicate_messages", 5)],
        );
    }

    #[test]
    fn hopping_repeating_and_hurrying_count_from_their_thresholds() {
        expect(&[], &[]);
        expect(
            &[said(60_000, 2, Some(1)), said(1, 3, Some(2))],
            &[("channel_hop_fast", 4)],
        );
        let slow: Vec<Recent> = (2..6)
            .map(|at| said(60_001 * at / 2, at, Some(at * 10)))
            .collect();
        expect(&slow, &[("channel_hop_slow", 3)]);
        expect(&slow[..3], &[]);
        expect(&[said(300_000, 1, Some(7))], &[("duplicate_messages", 5)]);
        expect(&[said(300_001, 1, Some(7))], &[]);
        let rapid: Vec<Recent> = (1..5).map(|at| said(at * 7500, 1, Some(at * 10))).collect();
        expect(&rapid, &[("rapid_fire", 3)]);
        expect(&rapid[..3], &[]);
    }

    #[test]
    fn a_message_told_again_and_messages_that_say_nothing_are_no_copies() {
        expect(&[said(0, 1, Some(7))], &[]);
        let mut found = Vec::new();
        signals(&said(0, 1, None), &[said(5, 1, None)], &mut found);
        assert_eq!(found, []);
    }
}
