//! Text buried in combining marks.

use std::sync::LazyLock;

use regex::Regex;

use super::Signal;

/// Marks, by Unicode's general category.
static MARKS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\p{M}").ok());

pub(super) fn signals(text: &str, signals: &mut Vec<Signal>) {
    // Nothing in ASCII is a mark, and most messages are ASCII.
    if text.is_ascii() {
        return;
    }
    let marks = MARKS.as_ref().map_or(0, |marks| marks.find_iter(text).count());
    // Over a fifth of the length in UTF-16, as Discord's own clients count.
    if marks * 5 > text.encode_utf16().count() {
        signals.push(Signal::new("zalgo_abuse", 3));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::scored;

    #[test]
    fn marks_over_a_fifth_of_the_text_are_abuse() {
        let abuse = vec![("zalgo_abuse", 3)];
        for (text, expected) in [
            ("", vec![]),
            ("hello", vec![]),
            // 1 of 5 is not over a fifth, 1 of 4 is.
            ("abcd\u{301}", vec![]),
            ("abc\u{301}", abuse.clone()),
            ("h\u{300}\u{301}i\u{302}", abuse),
            // Words as people write them.
            ("Việt Nam đất nước", vec![]),
            ("👩‍👩‍👧 family", vec![]),
        ] {
            assert_eq!(scored(super::signals, text), expected, "{text:?}");
        }
    }
}
