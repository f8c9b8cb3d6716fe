//! Words that spammers use, and words that speak for a message.

use super::Signal;

/// What is looked for anywhere in the text, each counting one.
const KEYWORDS: [(&str, &[&str]); 4] = [
    ("scam", &["nitro", "steam", "gift", "free", "claim", "reward"]),
    ("nsfw", &["18+", "nudes", "onlyfans", "deepfake", "poki"]),
    ("crypto", &["airdrop", "whitelist", "nft", "mint", "dex"]),
    ("phishing", &["verify", "billing", "suspended", "expired"]),
];

/// Whole words of offers of work, which would look like spam otherwise.
const SAFE: [&str; 4] = ["forhire", "hiring", "remote", "onsite"];

pub(super) fn signals(text: &str, signals: &mut Vec<Signal>) {
    let text = text.to_lowercase();
    for (category, words) in KEYWORDS {
        let found = words.iter().filter(|word| text.contains(**word)).count();
        if found > 0 {
            let score = i32::try_from(found).unwrap_or(i32::MAX);
            signals.push(Signal::new(format!("spam_keyword:{category}"), score));
        }
    }
    let mut words = text.split(|letter: char| !letter.is_alphanumeric());
    if words.any(|word| SAFE.contains(&word)) {
        signals.push(Signal::new("safe_keyword", -10));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::scored;

    #[test]
    fn each_keyword_counts_one_in_any_case_and_inside_words() {
        for (text, expected) in [
            ("hello", vec![]),
            ("Nitro", vec![("spam_keyword:scam", 1)]),
            ("nitro NITRO", vec![("spam_keyword:scam", 1)]),
            (
                "free STEAM gifts: claim your reward, nitro",
                vec![("spam_keyword:scam", 6)],
            ),
            ("only 18+", vec![("spam_keyword:nsfw", 1)]),
            // A pattern of the old bot took this for "18+".
            ("it is 1888 now", vec![]),
            ("nudes onlyfans deepfake poki", vec![("spam_keyword:nsfw", 4)]),
            (
                "airdrop whitelist nft mint index",
                vec![("spam_keyword:crypto", 5)],
            ),
            (
                "verify billing: suspended, expired",
                vec![("spam_keyword:phishing", 4)],
            ),
            ("ＦＲＥＥ", vec![]),
        ] {
            assert_eq!(scored(super::signals, text), expected, "{text}");
        }
    }

    #[test]
    fn offers_of_work_speak_for_a_message_as_whole_words() {
        let safe = vec![("safe_keyword", -10)];
        for (text, expected) in [
            ("[HIRING] a dev", safe.clone()),
            ("remote, onsite", safe),
            ("remotely", vec![]),
            ("for hire", vec![]),
        ] {
            assert_eq!(scored(super::signals, text), expected, "{text}");
        }
    }
}
