//! The normalisations in words.

use super::view::NoteView;
use crate::domain::legacy::instant::Spelling;

/// What is counted under a name of [`crate::domain::legacy::Tally::named`], and what becomes of it.
fn words(name: &str) -> (String, String) {
    let spelt = |spelling: Spelling| {
        let what = format!("times spelt {}", spelling.example());
        (what, format!("milliseconds; back as {}", Spelling::Iso.example()))
    };
    let plain = |what: &str, becomes: &str| (what.to_owned(), becomes.to_owned());
    match name {
        "instant_iso_other" => spelt(Spelling::IsoOther),
        "instant_sql" => spelt(Spelling::Sql),
        "instant_date" => spelt(Spelling::Date),
        "instant_millis" => spelt(Spelling::Millis),
        "instant_js_date" => spelt(Spelling::JsDate),
        "literal_from_id" => plain(
            "times that say CURRENT_TIMESTAMP",
            "the birth of the row's thread or message",
        ),
        "literal_to_null" => plain(
            "optional times that say CURRENT_TIMESTAMP",
            "NULL: no time was ever stored",
        ),
        "numeric_keys" => plain(
            "text keys that SQLite had made numbers",
            "text; numbers again on the way back",
        ),
        "null_settings" => plain(
            "guilds whose settings are NULL",
            "{} on the way back: NULL could never be changed",
        ),
        "odd_json" => plain("settings or flags that are no JSON object", "kept as text"),
        "reformatted_json" => plain(
            "settings or flags in another layout",
            "the same values, keys in one order",
        ),
        other => plain(other, ""),
    }
}

/// Every count in words.
pub(super) fn views<'n>(changes: impl Iterator<Item = (&'n str, u64)>) -> Vec<NoteView> {
    let view = |(name, count): (&'n str, u64)| {
        let (what, becomes) = words(name);
        NoteView {
            kind: name.to_owned(),
            count,
            what,
            becomes,
            samples: Vec::new(),
        }
    };
    changes.map(view).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_has_words() {
        for name in crate::domain::legacy::Tally::names() {
            let (what, becomes) = words(name);
            assert!(
                what != name && what.len() <= 66 && becomes.len() <= 66,
                "{name}: {what} -> {becomes}"
            );
        }
    }
}
