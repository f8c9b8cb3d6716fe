//! The two JSON columns of the old schema that a pod keeps as columns: a guild's settings, an escalation's flags.
//!
//! What is not a JSON object, or is one with a key twice, stays the text that it was. Of an object, the known keys
//! become columns where their values are what the keys promise; the rest stays JSON, value by value as it was
//! written. The way back writes the known keys first, ids as strings, in one order: that is the normal form.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::id::{self, Snowflake};
use super::value::OldValue;

/// A guild's settings as a pod keeps them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Channel that moderators read.
    pub mod_log: Option<Snowflake>,
    /// Channel for deleted messages.
    pub deletion_log: Option<Snowflake>,
    /// Role of the moderators.
    pub moderator: Option<Snowflake>,
    /// Role that restricts.
    pub restricted: Option<Snowflake>,
    /// Votes that settle an escalation.
    pub quorum: Option<i64>,
    /// What else there is; `None` where nothing is left.
    pub rest: Option<String>,
}

/// An escalation's flags as a pod keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flags {
    /// Votes that settle it.
    pub quorum: i64,
    /// What else there is; `None` where nothing is left.
    pub rest: Option<String>,
}

/// The quorum of an escalation that names none: the old bot never wrote another.
pub const DEFAULT_QUORUM: i64 = 3;

/// What a text of settings or flags was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// NULL.
    Null,
    /// A JSON object, each key once.
    Object,
    /// Anything else: kept as text.
    Other,
}

/// A JSON object's members in order, values as written.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members: Vec<(String, Box<RawValue>)> = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    if members.iter().any(|(known, _)| *known == key) {
                        return Err(A::Error::custom("a key twice"));
                    }
                    members.push((key, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

impl Members {
    fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Takes the member out where its value satisfies `read`.
    fn take<T>(&mut self, key: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let at = self.0.iter().position(|(name, _)| name == key)?;
        let value = read(self.0[at].1.get())?;
        self.0.remove(at);
        Some(value)
    }

    fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(name, _)| name == key)
    }

    /// The object as text, `None` where it is empty.
    fn into_text(self) -> Option<String> {
        (!self.0.is_empty()).then(|| {
            object(
                self.0
                    .iter()
                    .map(|(key, value)| (key.as_str(), value.get().to_owned())),
            )
        })
    }
}

fn object<'a>(members: impl Iterator<Item = (&'a str, String)>) -> String {
    let members: Vec<String> = members
        .map(|(key, value)| format!("{}:{value}", serde_json::Value::from(key)))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// A snowflake as a JSON string or number of the one decimal spelling.
fn snowflake(raw: &str) -> Option<Snowflake> {
    let text: String = if raw.starts_with('"') {
        serde_json::from_str(raw).ok()?
    } else {
        raw.to_owned()
    };
    id::read(OldValue::Text(text.as_bytes())).ok()
}

fn quorum(raw: &str) -> Option<i64> {
    serde_json::from_str(raw).ok()
}

impl Settings {
    /// Reads a guild's settings.
    pub fn read(text: Option<&str>) -> (Self, Shape) {
        let Some(text) = text else {
            return (Self::default(), Shape::Null);
        };
        let Some(mut members) = Members::parse(text) else {
            return (
                Self {
                    rest: Some(text.to_owned()),
                    ..Self::default()
                },
                Shape::Other,
            );
        };
        let settings = Self {
            mod_log: members.take("modLog", snowflake),
            deletion_log: members.take("deletionLog", snowflake),
            moderator: members.take("moderator", snowflake),
            restricted: members.take("restricted", snowflake),
            quorum: members.take("quorum", quorum),
            rest: members.into_text(),
        };
        (settings, Shape::Object)
    }

    /// The settings as the old bot reads them.
    ///
    /// Always an object or the text that could not be read: the old bot cannot change settings that are NULL.
    pub fn write(&self) -> String {
        let quoted = |id: Option<Snowflake>| id.map(|id| format!("\"{id}\""));
        let known = [
            ("modLog", quoted(self.mod_log)),
            ("moderator", quoted(self.moderator)),
            ("restricted", quoted(self.restricted)),
            ("deletionLog", quoted(self.deletion_log)),
            ("quorum", self.quorum.map(|n| n.to_string())),
        ];
        merge(&known, self.rest.as_deref())
    }
}

impl Flags {
    /// Reads an escalation's flags.
    pub fn read(text: &str) -> (Self, Shape) {
        match Members::parse(text) {
            None => (
                Self {
                    quorum: DEFAULT_QUORUM,
                    rest: Some(text.to_owned()),
                },
                Shape::Other,
            ),
            Some(mut members) => {
                let quorum = members.take("quorum", quorum).unwrap_or(DEFAULT_QUORUM);
                (
                    Self {
                        quorum,
                        rest: members.into_text(),
                    },
                    Shape::Object,
                )
            }
        }
    }

    /// The flags as the old bot reads them.
    pub fn write(&self) -> String {
        let rest = self.rest.as_deref();
        // A quorum that could not be read still stands in the rest, and so does a text that is no object: it is
        // given back as it was unless somebody has set another quorum since.
        let says_it_itself = rest.is_some_and(|text| Members::parse(text).is_none_or(|m| m.has("quorum")));
        if self.quorum == DEFAULT_QUORUM && says_it_itself {
            return rest.unwrap_or_default().to_owned();
        }
        merge(&[("quorum", Some(self.quorum.to_string()))], rest)
    }
}

/// The known members, then those of `rest` that are not among them. A rest that is no object is given back as it
/// was where nothing is known, and makes way where something is.
fn merge(known: &[(&'static str, Option<String>)], rest: Option<&str>) -> String {
    let is_known = |key: &str| known.iter().any(|(name, value)| *name == key && value.is_some());
    let nothing_known = known.iter().all(|(_, value)| value.is_none());
    let rest = match rest.map(|text| (text, Members::parse(text))) {
        Some((_, Some(members))) => members.0,
        Some((text, None)) if nothing_known => return text.to_owned(),
        None | Some((_, None)) => Vec::new(),
    };
    let first = known
        .iter()
        .filter_map(|(name, value)| Some((*name, value.clone()?)));
    let then = rest
        .iter()
        .filter(|(key, _)| !is_known(key))
        .map(|(key, value)| (key.as_str(), value.get().to_owned()));
    object(first.chain(then))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text in, the columns that are set, the rest, and what comes back.
    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn settings_come_back_in_normal_form() {
        for (text, columns, rest, back) in [
            (Some("{}"), 0, None, "{}"),
            (None, 0, None, "{}"),
            (
                Some(r#"{"modLog":"5","moderator":"6","restricted":"7","deletionLog":"8"}"#),
                4,
                None,
                r#"{"modLog":"5","moderator":"6","restricted":"7","deletionLog":"8"}"#,
            ),
            (
                Some(r#"{ "deletionLog" : 8, "moderator":"6", "quorum": 5, "x" : 1.50e1 }"#),
                3,
                Some(r#"{"x":1.50e1}"#),
                r#"{"moderator":"6","deletionLog":"8","quorum":5,"x":1.50e1}"#,
            ),
            (
                Some(r#"{"modLog":"not a channel","moderator":null,"quorum":"3"}"#),
                0,
                Some(r#"{"modLog":"not a channel","moderator":null,"quorum":"3"}"#),
                r#"{"modLog":"not a channel","moderator":null,"quorum":"3"}"#,
            ),
            (
                Some(r#"{"modLog":12345678901234567890}"#),
                0,
                Some(r#"{"modLog":12345678901234567890}"#),
                r#"{"modLog":12345678901234567890}"#,
            ),
            (
                Some(r#"{"a\"b":{"c":[1, 2]}}"#),
                0,
                Some(r#"{"a\"b":{"c":[1, 2]}}"#),
                r#"{"a\"b":{"c":[1, 2]}}"#,
            ),
            (
                Some(r#"{"modLog":"5","modLog":"6"}"#),
                0,
                Some(r#"{"modLog":"5","modLog":"6"}"#),
                r#"{"modLog":"5","modLog":"6"}"#,
            ),
            (Some("not json"), 0, Some("not json"), "not json"),
            (Some("[1]"), 0, Some("[1]"), "[1]"),
            (Some(""), 0, Some(""), ""),
        ] {
            let (settings, _) = Settings::read(text);
            let set = [
                settings.mod_log,
                settings.deletion_log,
                settings.moderator,
                settings.restricted,
                settings.quorum,
            ];
            assert_eq!(set.iter().flatten().count(), columns, "{text:?}");
            assert_eq!(settings.rest.as_deref(), rest, "{text:?}");
            assert_eq!(settings.write(), back, "{text:?}");
            let (again, _) = Settings::read(Some(back));
            assert_eq!(
                again.write(),
                back,
                "the normal form is its own normal form: {text:?}"
            );
        }
    }

    #[test]
    fn settings_set_since_win_over_what_could_not_be_read() {
        let (mut settings, shape) = Settings::read(Some("not json"));
        assert_eq!(shape, Shape::Other);
        settings.mod_log = Some(5);
        assert_eq!(settings.write(), r#"{"modLog":"5"}"#);
        let (mut settings, _) = Settings::read(Some(r#"{"modLog":"broken","x":1}"#));
        settings.mod_log = Some(5);
        assert_eq!(settings.write(), r#"{"modLog":"5","x":1}"#);
    }

    #[test]
    fn flags_come_back_in_normal_form() {
        for (text, quorum, rest, back) in [
            (r#"{"quorum":3}"#, 3, None, r#"{"quorum":3}"#),
            (
                r#"{"quorum": 5, "a": "b"}"#,
                5,
                Some(r#"{"a":"b"}"#),
                r#"{"quorum":5,"a":"b"}"#,
            ),
            ("{}", 3, None, r#"{"quorum":3}"#),
            (r#"{"a":1}"#, 3, Some(r#"{"a":1}"#), r#"{"quorum":3,"a":1}"#),
            (
                r#"{"quorum":"5"}"#,
                3,
                Some(r#"{"quorum":"5"}"#),
                r#"{"quorum":"5"}"#,
            ),
            ("not json", 3, Some("not json"), "not json"),
            ("", 3, Some(""), ""),
        ] {
            let (flags, _) = Flags::read(text);
            assert_eq!((flags.quorum, flags.rest.as_deref()), (quorum, rest), "{text}");
            assert_eq!(flags.write(), back, "{text}");
            assert_eq!(
                Flags::read(back).0.write(),
                back,
                "the normal form is its own normal form: {text}"
            );
        }
        assert_eq!(
            Flags {
                quorum: 4,
                rest: Some("not json".into())
            }
            .write(),
            r#"{"quorum":4}"#
        );
    }
}
