//! How long the account exists, and how long it is in the guild.

use super::Signal;
use crate::domain::discord_event::Message;

const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Younger than this, in milliseconds: a name and a score. The first that fits counts.
type Table = [(i64, &'static str, i32); 3];

const ACCOUNT: Table = [
    (DAY_MS, "account_age_lt_1d", 2),
    (7 * DAY_MS, "account_age_lt_7d", 2),
    (30 * DAY_MS, "account_age_lt_30d", 1),
];

const TENURE: Table = [
    (HOUR_MS, "server_tenure_lt_1h", 2),
    (DAY_MS, "server_tenure_lt_24h", 2),
    (7 * DAY_MS, "server_tenure_lt_7d", 1),
];

pub(super) fn signals(message: &Message<'_>, signals: &mut Vec<Signal>) {
    let said_at_ms = message.id.created_at_ms();
    signals.extend(young(&ACCOUNT, said_at_ms - message.author.id.created_at_ms()));
    let joined = message.member.as_ref().and_then(|member| member.joined_at);
    signals.extend(joined.and_then(|joined| young(&TENURE, said_at_ms - joined.as_millisecond())));
}

fn young(table: &Table, age_ms: i64) -> Option<Signal> {
    let (_, name, score) = table.iter().find(|(below, ..)| age_ms < *below)?;
    Some(Signal::new(*name, *score))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_age_that_fits_counts() {
        for (table, ages) in [
            (
                &ACCOUNT,
                [
                    (0, Some(("account_age_lt_1d", 2))),
                    (DAY_MS - 1, Some(("account_age_lt_1d", 2))),
                    (DAY_MS, Some(("account_age_lt_7d", 2))),
                    (7 * DAY_MS, Some(("account_age_lt_30d", 1))),
                    (30 * DAY_MS - 1, Some(("account_age_lt_30d", 1))),
                    (30 * DAY_MS, None),
                ],
            ),
            (
                &TENURE,
                [
                    (-5, Some(("server_tenure_lt_1h", 2))),
                    (HOUR_MS, Some(("server_tenure_lt_24h", 2))),
                    (DAY_MS - 1, Some(("server_tenure_lt_24h", 2))),
                    (DAY_MS, Some(("server_tenure_lt_7d", 1))),
                    (7 * DAY_MS - 1, Some(("server_tenure_lt_7d", 1))),
                    (7 * DAY_MS, None),
                ],
            ),
        ] {
            for (age, expected) in ages {
                let expected = expected.map(|(name, score)| Signal::new(name, score));
                assert_eq!(young(table, age), expected, "{age}");
            }
        }
    }

    #[test]
    fn who_was_never_seen_to_join_is_not_judged_by_it() {
        super::super::tests::message(r#""content":"hi","member":{"roles":[]}"#)(&|message| {
            let mut found = Vec::new();
            signals(message, &mut found);
            assert_eq!(found, []);
        });
    }
}
