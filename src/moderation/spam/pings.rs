//! Whom a message calls.

use std::collections::BTreeSet;

use super::Signal;

/// More people than this at once are many.
const MANY: usize = 3;

pub(super) fn signals(text: &str, signals: &mut Vec<Signal>) {
    for everyone in ["@everyone", "@here"] {
        if text.contains(everyone) {
            signals.push(Signal::new("mass_ping", 5));
        }
    }
    if mentioned(text).len() > MANY {
        signals.push(Signal::new("high_mention_density", 2));
    }
}

/// The users mentioned as `<@123>` or `<@!123>`.
fn mentioned(text: &str) -> BTreeSet<&str> {
    let after = text.split("<@").skip(1);
    after
        .filter_map(|rest| {
            let rest = rest.strip_prefix('!').unwrap_or(rest);
            let (id, _) = rest.split_once('>')?;
            (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())).then_some(id)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::scored;

    #[test]
    fn calling_everybody_and_calling_many_count() {
        let ping = ("mass_ping", 5);
        for (text, expected) in [
            ("everyone", vec![]),
            ("@everyone", vec![ping]),
            ("@here now", vec![ping]),
            ("@everyone @here @here", vec![ping, ping]),
            ("<@1> <@2> <@!3>", vec![]),
            ("<@1> <@1> <@!1> <@1>", vec![]),
            ("<@1> <@2> <@!3> <@&4> <@x>", vec![]),
            ("<@1><@2><@!3><@4>", vec![("high_mention_density", 2)]),
        ] {
            assert_eq!(scored(super::signals, text), expected, "{text}");
        }
    }
}
