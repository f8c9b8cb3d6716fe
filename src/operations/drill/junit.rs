//! A drill's result as a CI server reads it: one test case for each shard.

use std::fmt::Write as _;

use super::Drilled;

/// The report as `JUnit` XML.
pub fn junit(drilled: &[Drilled]) -> String {
    let failures = drilled.iter().filter(|one| !one.passed()).count();
    let seconds = |one: &Drilled| {
        one.restored
            .as_ref()
            .map_or(0.0, |restored| restored.took.as_secs_f64())
    };
    let all: f64 = drilled.iter().map(seconds).sum();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"restore drill\" tests=\"{}\" \
         failures=\"{failures}\" errors=\"0\" time=\"{all:.3}\">\n",
        drilled.len()
    );
    for one in drilled {
        let (pod, time) = (one.pod, seconds(one));
        let _ = write!(
            text,
            "  <testcase classname=\"shard\" name=\"{pod}\" time=\"{time:.3}\""
        );
        if one.passed() {
            text.push_str("/>\n");
            continue;
        }
        text.push_str(">\n");
        for finding in &one.findings {
            let _ = writeln!(
                text,
                "    <failure message=\"{}\"/>",
                escaped(&finding.to_string())
            );
        }
        text.push_str("  </testcase>\n");
    }
    text.push_str("</testsuite>\n");
    text
}

/// Text as an attribute's value. Control characters have no place in XML 1.0.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(' '),
            other if other.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::drill::Finding;
    use crate::domain::ids::PodId;

    #[test]
    fn a_failure_is_told_in_well_formed_xml() {
        let one = |id: u32, findings| Drilled {
            pod: PodId::new(id).unwrap(),
            restored: None,
            findings,
            notes: Vec::new(),
        };
        let broken = Finding::NotRestored("\"a\" <&> b\u{1}\nc".to_owned());
        let text = junit(&[one(0, Vec::new()), one(1, vec![broken])]);
        assert!(text.contains("tests=\"2\" failures=\"1\""), "{text}");
        assert!(text.contains("name=\"pod-0\" time=\"0.000\"/>"), "{text}");
        assert!(
            text.contains("&quot;a&quot; &lt;&amp;&gt; b\u{fffd} c\"/>"),
            "{text}"
        );
    }
}
