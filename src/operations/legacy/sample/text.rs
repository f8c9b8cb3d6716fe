//! Texts of a sample: what people write, and how the old bot spelt its times.

use super::random::Random;
use crate::domain::legacy::OwnedValue;
use crate::domain::legacy::instant::{self, Spelling};

const WORDS: [&str; 16] = [
    "hello",
    "render",
    "_under_",
    "мир",
    "ユーザー",
    "\"quoted\"",
    "it's",
    "🙂",
    "🔥",
    "naïve",
    "e\u{301}",
    "work",
    "%s",
    "types",
    "hooks",
    "\u{202e}abc",
];

pub(super) const CATEGORIES: [&str; 4] = ["General", "Advanced Topics", "🎮 Gaming", "日本語"];

/// Some words.
pub(super) fn words(random: &mut Random, count: u64) -> String {
    let words: Vec<&str> = (0..count).map(|_| *random.pick(&WORDS)).collect();
    words.join(" ")
}

/// A message as long as Discord allows: 2,000 characters, each of several bytes.
pub(super) fn longest() -> String {
    "界🙂é\u{1f468}\u{200d}\u{1f4bb}x"
        .chars()
        .cycle()
        .take(2_000)
        .collect()
}

/// An instant as the old bot may have spelt it; the spellings without milliseconds lose them.
pub(super) fn spell(ms: i64, random: &mut Random) -> OwnedValue {
    let spelling = match random.below(20) {
        0..=13 => Spelling::Iso,
        14 => Spelling::IsoOther,
        15..=17 => Spelling::Sql,
        18 => Spelling::Millis,
        _ => Spelling::JsDate,
    };
    spelt(ms, spelling)
}

/// An instant in one spelling.
pub(super) fn spelt(ms: i64, spelling: Spelling) -> OwnedValue {
    let iso = instant::write(ms).unwrap_or_default();
    match spelling {
        Spelling::Iso => iso.into(),
        Spelling::IsoOther => format!("{}+00:00", iso.trim_end_matches('Z')).into(),
        Spelling::Sql => iso[..19].replace('T', " ").into(),
        Spelling::Date => iso[..10].into(),
        Spelling::Millis => OwnedValue::Integer(ms),
        Spelling::JsDate => js_date(ms).into(),
    }
}

fn js_date(ms: i64) -> String {
    let timestamp = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    timestamp
        .strftime("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)")
        .to_string()
}

/// Text, or NULL once in `times`.
pub(super) fn maybe(random: &mut Random, times: u64, text: impl FnOnce(&mut Random) -> String) -> OwnedValue {
    if random.one_in(times) {
        OwnedValue::Null
    } else {
        text(random).into()
    }
}

/// An id as the text columns hold it.
pub(super) fn id(id: i64) -> OwnedValue {
    id.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::legacy::instant::Reading;

    #[test]
    fn every_spelling_reads_back() {
        let ms = 1_767_323_045_000;
        for spelling in Spelling::ALL {
            let value = spelt(ms, spelling);
            let Reading::At {
                ms: read,
                spelling: found,
            } = instant::read(value.borrowed()).unwrap()
            else {
                panic!("{value:?}")
            };
            assert_eq!(found, spelling);
            let expected = if spelling == Spelling::Date {
                1_767_312_000_000
            } else {
                ms
            };
            assert_eq!(read, expected);
        }
        assert_eq!(longest().chars().count(), 2_000);
    }
}
