//! How much a message says: its characters and words, its code and its links counted apart.

use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::moderation::MessageCounts;

#[derive(Serialize)]
struct Code<'a> {
    chars: usize,
    words: usize,
    lines: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    lang: Option<&'a str>,
}

/// Counts a message. Code between backticks and the addresses of links are not text; a link's label is.
pub(super) fn count(content: &str) -> MessageCounts {
    let mut text = String::with_capacity(content.len());
    let mut code = Vec::new();
    let mut links = Vec::new();
    let mut rest = content;
    while let Some(at) = rest.find('`') {
        let (before, tail) = rest.split_at(at);
        split_links(before, &mut text, &mut links);
        let (found, after) = code_at(tail);
        match found {
            Some(found) => code.push(found),
            None => text.push_str(&tail[..tail.len() - after.len()]),
        }
        rest = after;
    }
    split_links(rest, &mut text, &mut links);
    MessageCounts {
        chars: saturated(text.graphemes(true).count()),
        words: saturated(text.unicode_words().count()),
        code: json(&code),
        links: json(&links),
    }
}

fn saturated(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn json(list: &impl Serialize) -> String {
    // Lists of texts and numbers always serialise.
    serde_json::to_string(list).unwrap_or_else(|_| "[]".to_owned())
}

/// The piece of code that begins here, and what follows; without an end the backticks are text.
fn code_at(tail: &str) -> (Option<Code<'_>>, &str) {
    let ticks = tail.bytes().take_while(|byte| *byte == b'`').count();
    let fence = &tail[..ticks.min(3)];
    let inside = &tail[fence.len()..];
    let Some((body, after)) = inside.split_once(fence) else {
        return (None, inside);
    };
    if fence.len() < 3 {
        return (Some(measure(body, None)), after);
    }
    match body.split_once('\n') {
        Some((lang, code)) if is_language(lang) => (Some(measure(code, Some(lang))), after),
        _ => (Some(measure(body, None)), after),
    }
}

fn is_language(word: &str) -> bool {
    !word.is_empty()
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-_#.".contains(&byte))
}

fn measure<'a>(code: &str, lang: Option<&'a str>) -> Code<'a> {
    let code = code.trim_matches('\n');
    Code {
        chars: code.graphemes(true).count(),
        words: code.unicode_words().count(),
        lines: code.lines().count(),
        lang,
    }
}

/// Copies text without the addresses of links; `[label](address)` leaves its label.
fn split_links<'a>(piece: &'a str, text: &mut String, links: &mut Vec<&'a str>) {
    let mut rest = piece;
    while let Some(at) = next_address(rest) {
        let address = &rest[at..];
        let end = address
            .find(|c: char| c.is_whitespace() || c == '>' || c == '`')
            .unwrap_or(address.len());
        let label = label_before(&rest[..at]);
        let end = match label {
            Some(_) => address[..end].find(')').unwrap_or(end),
            None => address[..end]
                .trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'', '"'])
                .len(),
        };
        match label {
            Some((before, label)) => {
                text.push_str(before);
                text.push_str(label);
            }
            None => text.push_str(rest[..at].strip_suffix('<').unwrap_or(&rest[..at])),
        }
        links.push(&address[..end]);
        let after = &address[end..];
        let closing = if label.is_some() { ')' } else { '>' };
        rest = after.strip_prefix(closing).unwrap_or(after);
    }
    text.push_str(rest);
}

/// Where the next address begins. A bare scheme is none.
fn next_address(text: &str) -> Option<usize> {
    text.match_indices("http").map(|(at, _)| at).find(|at| {
        let address = &text[*at..];
        let host = address
            .strip_prefix("https://")
            .or_else(|| address.strip_prefix("http://"));
        host.is_some_and(|host| host.starts_with(|c: char| c.is_alphanumeric() || c == '['))
    })
}

/// Splits `before [label](` into what is before it and the label.
fn label_before(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_suffix("](").or_else(|| text.strip_suffix("](<"))?;
    let at = text.rfind('[')?;
    Some((&text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_code_and_links_are_counted_apart() {
        for (content, chars, words, code, links) in [
            ("two words", 9, 2, "[]", "[]"),
            ("", 0, 0, "[]", "[]"),
            ("e\u{301}👨‍👩‍👧 !", 4, 1, "[]", "[]"),
            ("a `let x` b", 4, 2, r#"[{"chars":5,"words":2,"lines":1}]"#, "[]"),
            (
                "```rust\nfn a() {}\nb\n```",
                0,
                0,
                r#"[{"chars":11,"words":3,"lines":2,"lang":"rust"}]"#,
                "[]",
            ),
            (
                "```just text```",
                0,
                0,
                r#"[{"chars":9,"words":2,"lines":1}]"#,
                "[]",
            ),
            ("a ` b", 5, 2, "[]", "[]"),
            (
                "see https://a.example/x, ok",
                8,
                2,
                "[]",
                r#"["https://a.example/x"]"#,
            ),
            (
                "[the docs](https://a.example/x) now",
                12,
                3,
                "[]",
                r#"["https://a.example/x"]"#,
            ),
            ("<https://a.example/>", 0, 0, "[]", r#"["https://a.example/"]"#),
            ("https:// http", 13, 2, "[]", "[]"),
            (
                "`https://a.example/`",
                0,
                0,
                r#"[{"chars":18,"words":2,"lines":1}]"#,
                "[]",
            ),
        ] {
            let counts = count(content);
            assert_eq!(
                (
                    counts.chars,
                    counts.words,
                    counts.code.as_str(),
                    counts.links.as_str()
                ),
                (chars, words, code, links),
                "{content:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_counted(content in "[a`\\[\\]()<>:/ \nhtps.é👨‍👩]{0,60}|\\PC{0,40}|(https?://|`|```|\\[a\\]\\(|x| ){0,20}") {
            let counts = count(&content);
            prop_assert!(usize::try_from(counts.chars).unwrap() <= content.chars().count());
        }
    }
}
