//! Golden files: what is printed, kept to be compared.

use std::fmt::Write as _;

use super::process::Outcome;

/// Compares `text` with `tests/golden/<name>.snap`.
pub(crate) fn golden(name: &str, text: &str) {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path("../golden");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Adds a command line with all that came of it to a session's record.
pub(crate) fn record_line(record: &mut String, line: &str, outcome: Outcome) {
    let Outcome { code, stdout, stderr } = outcome;
    let code = code.expect("it ends by itself");
    write!(record, "$ modbotctl {line}\n{stdout}").unwrap();
    if !stderr.is_empty() {
        write!(record, "[stderr]\n{stderr}").unwrap();
    }
    writeln!(record, "[exit code {code}]\n").unwrap();
}

/// The text without times and random ids, which are others in every run.
pub(crate) fn redacted(text: &str) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (found, mark) = if is_shaped(rest, "dddd-dd-ddTdd:dd:dd.dddZ") {
            (24, "0000-00-00T00:00:00.000Z")
        } else if is_shaped(rest, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") {
            (36, "00000000-0000-0000-0000-000000000000")
        } else {
            redacted.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        redacted.push_str(mark);
        rest = &rest[found..];
    }
    redacted
}

/// Whether `text` begins like `shape`: `d` is a digit, `x` a hexadecimal digit, all else itself.
fn is_shaped(text: &str, shape: &str) -> bool {
    text.len() >= shape.len()
        && shape
            .bytes()
            .zip(text.bytes())
            .all(|(wanted, found)| match wanted {
                b'd' => found.is_ascii_digit(),
                b'x' => found.is_ascii_hexdigit(),
                other => found == other,
            })
}

/// The shape of a document: every field with the type of its value. Within a version fields are only added.
pub(crate) fn shape(value: &serde_json::Value, indent: usize, into: &mut String) {
    use serde_json::Value;
    let pad = "  ".repeat(indent);
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let kind = match value {
                    Value::Null => "null or unknown",
                    Value::Bool(_) => "bool",
                    Value::Number(_) => "number",
                    Value::String(_) => "string",
                    Value::Array(_) => "array",
                    Value::Object(_) => "object",
                };
                writeln!(into, "{pad}{name}: {kind}").unwrap();
                shape(value, indent + 1, into);
            }
        }
        Value::Array(items) => {
            if let Some(first) = items.first() {
                shape(first, indent + 1, into);
            }
        }
        _ => {}
    }
}
