//! One row there and back: from what the old database stores to what a pod's database holds, and again.
//!
//! There, a value either has exactly one form in the new column or the whole row is refused; back, that form has
//! exactly one spelling. So `restore(carry(row))` is the row in normal form, and carrying that changes nothing.

use std::borrow::Cow;

use super::id;
use super::instant::{self, Reading};
use super::json::{Flags, Settings, Shape};
use super::refusal::Refusal;
use super::tables::{Column, OldTable, Rule, TableSpec};
use super::tally::Tally;
use super::value::{NewValue, OldValue, OwnedValue};
use crate::domain::ids::GuildId;

/// The most columns that a carried row has.
const MAX_CARRIED: usize = 14;

/// A row as a pod's database holds it: the guild, then the values of [`carried_columns`].
#[derive(Debug)]
pub struct CarriedRow<'a> {
    /// Whose it is.
    pub guild: GuildId,
    values: [NewValue<'a>; MAX_CARRIED],
    len: usize,
}

impl<'a> CarriedRow<'a> {
    const fn new(guild: GuildId) -> Self {
        Self {
            guild,
            values: [const { NewValue::Null }; MAX_CARRIED],
            len: 0,
        }
    }

    fn push(&mut self, value: NewValue<'a>) {
        self.values[self.len] = value;
        self.len += 1;
    }

    /// The values after the guild's id, in the order of [`carried_columns`].
    pub fn values(&self) -> &[NewValue<'a>] {
        &self.values[..self.len]
    }
}

/// Why a row written since cannot go back into the old database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeftOut {
    /// A column that the old schema wants filled is not filled yet: Discord has not answered.
    Unanswered {
        /// The column.
        column: &'static str,
    },
    /// An instant outside the years 1 to 9999.
    Unspellable {
        /// The column.
        column: &'static str,
    },
}

/// Names of the pod's columns for a row of the table, without `guild_id`, which comes first everywhere.
pub fn carried_columns(spec: &TableSpec) -> Vec<&'static str> {
    if spec.table == OldTable::Guilds {
        return vec![
            "mod_log",
            "deletion_log",
            "moderator",
            "restricted",
            "quorum",
            "settings",
        ];
    }
    let own = spec.columns.iter().filter(|column| column.rule != Rule::Guild);
    own.flat_map(|column| match (spec.table, column.name) {
        (OldTable::Escalations, "flags") => &["quorum", "flags"][..],
        (OldTable::ChannelInfo, "id") => &["channel_id"],
        _ => std::slice::from_ref(&column.name),
    })
    .copied()
    .collect()
}

/// Carries a row to its guild's pod, or says why it cannot be carried.
pub fn carry<'a>(
    spec: &TableSpec,
    guild: GuildId,
    values: &[OldValue<'a>],
    tally: &mut Tally,
) -> Result<CarriedRow<'a>, Refusal> {
    let mut row = CarriedRow::new(guild);
    for (column, value) in spec.columns.iter().zip(values) {
        match (spec.table, column.rule) {
            (_, Rule::Guild) => {}
            (OldTable::Guilds, _) => carry_settings(column, *value, &mut row, tally)?,
            (OldTable::Escalations, Rule::Text) if column.name == "flags" => {
                carry_flags(column, *value, &mut row, tally)?;
            }
            _ => {
                let carried = carry_value(spec, column, *value, values, tally)?;
                row.push(carried);
            }
        }
    }
    Ok(row)
}

fn carry_value<'a>(
    spec: &TableSpec,
    column: &Column,
    value: OldValue<'a>,
    values: &[OldValue<'a>],
    tally: &mut Tally,
) -> Result<NewValue<'a>, Refusal> {
    let bad = Refusal::BadValue { column: column.name };
    match (column.rule, value) {
        (Rule::MaybeId | Rule::MaybeText, OldValue::Null) => Ok(NewValue::Null),
        (Rule::Id | Rule::Guild | Rule::MaybeId, _) => carry_id(column, value),
        (Rule::Integer, OldValue::Integer(number)) => Ok(NewValue::Integer(number)),
        (Rule::Text | Rule::MaybeText, OldValue::Text(bytes)) => std::str::from_utf8(bytes)
            .map(|text| NewValue::Text(Cow::Borrowed(text)))
            .map_err(|_| bad),
        // Only a key: elsewhere the old bot would not have found a number again by its text.
        (Rule::Text, OldValue::Integer(number)) if spec.key == [column.name] => {
            tally.numeric_keys += 1;
            Ok(NewValue::Text(Cow::Owned(number.to_string())))
        }
        (Rule::Instant(from), _) => {
            carry_instant(spec, column, value, from.map(|name| (name, values)), tally)
        }
        (Rule::MaybeInstant, _) => carry_maybe_instant(column, value, tally),
        _ => Err(bad),
    }
}

fn carry_id<'a>(column: &Column, value: OldValue<'_>) -> Result<NewValue<'a>, Refusal> {
    id::read(value)
        .map(NewValue::Integer)
        .map_err(|error| Refusal::BadId {
            column: column.name,
            error,
        })
}

fn carry_instant<'a>(
    spec: &TableSpec,
    column: &Column,
    value: OldValue<'_>,
    from: Option<(&str, &[OldValue<'_>])>,
    tally: &mut Tally,
) -> Result<NewValue<'a>, Refusal> {
    match instant::read(value) {
        Ok(Reading::At { ms, spelling }) => {
            tally.spelt(spelling);
            Ok(NewValue::Integer(ms))
        }
        Ok(Reading::Literal) => {
            let snowflake = from.and_then(|(name, values)| id::read(values[spec.position(name)?]).ok());
            let snowflake = snowflake.ok_or(Refusal::NoInstant { column: column.name })?;
            tally.literal_from_id += 1;
            Ok(NewValue::Integer(id::born_ms(snowflake)))
        }
        Ok(Reading::Null) => Err(Refusal::BadValue { column: column.name }),
        Err(_) => Err(Refusal::BadInstant { column: column.name }),
    }
}

fn carry_maybe_instant<'a>(
    column: &Column,
    value: OldValue<'_>,
    tally: &mut Tally,
) -> Result<NewValue<'a>, Refusal> {
    match instant::read(value).map_err(|_| Refusal::BadInstant { column: column.name })? {
        Reading::Null => Ok(NewValue::Null),
        Reading::At { ms, spelling } => {
            tally.spelt(spelling);
            Ok(NewValue::Integer(ms))
        }
        Reading::Literal => {
            tally.literal_to_null += 1;
            Ok(NewValue::Null)
        }
    }
}

fn text_or_null<'a>(column: &Column, value: OldValue<'a>) -> Result<Option<&'a str>, Refusal> {
    match value {
        OldValue::Null => Ok(None),
        OldValue::Text(bytes) => std::str::from_utf8(bytes)
            .map(Some)
            .map_err(|_| Refusal::BadValue { column: column.name }),
        _ => Err(Refusal::BadValue { column: column.name }),
    }
}

fn owned<'a>(text: Option<String>) -> NewValue<'a> {
    text.map_or(NewValue::Null, |text| NewValue::Text(Cow::Owned(text)))
}

fn carry_settings<'a>(
    column: &Column,
    value: OldValue<'a>,
    row: &mut CarriedRow<'a>,
    tally: &mut Tally,
) -> Result<(), Refusal> {
    let text = text_or_null(column, value)?;
    let (settings, shape) = Settings::read(text);
    match shape {
        Shape::Null => tally.null_settings += 1,
        Shape::Other => tally.odd_json += 1,
        Shape::Object if text != Some(&settings.write()) => tally.reformatted_json += 1,
        Shape::Object => {}
    }
    let maybe = |number: Option<i64>| number.map_or(NewValue::Null, NewValue::Integer);
    row.push(maybe(settings.mod_log));
    row.push(maybe(settings.deletion_log));
    row.push(maybe(settings.moderator));
    row.push(maybe(settings.restricted));
    row.push(maybe(settings.quorum));
    row.push(owned(settings.rest));
    Ok(())
}

fn carry_flags<'a>(
    column: &Column,
    value: OldValue<'a>,
    row: &mut CarriedRow<'a>,
    tally: &mut Tally,
) -> Result<(), Refusal> {
    let text = text_or_null(column, value)?.ok_or(Refusal::BadValue { column: column.name })?;
    let (flags, shape) = Flags::read(text);
    match shape {
        Shape::Other => tally.odd_json += 1,
        _ if text != flags.write() => tally.reformatted_json += 1,
        _ => {}
    }
    row.push(NewValue::Integer(flags.quorum));
    row.push(owned(flags.rest));
    Ok(())
}

/// A pod's row in the spelling of the old database; `values` in the order of [`carried_columns`].
pub fn restore(
    spec: &TableSpec,
    guild: GuildId,
    values: &[NewValue<'_>],
) -> Result<Vec<OwnedValue>, LeftOut> {
    if spec.table == OldTable::Guilds {
        let settings = restore_settings(values);
        return Ok(vec![guild.to_string().into(), settings.into()]);
    }
    let mut rest = values;
    let mut restored = Vec::with_capacity(spec.columns.len());
    for column in spec.columns {
        if column.rule == Rule::Guild {
            restored.push(guild.to_string().into());
            continue;
        }
        let wide = if spec.table == OldTable::Escalations && column.name == "flags" {
            2
        } else {
            1
        };
        let (own, after) = rest.split_at(wide.min(rest.len()));
        rest = after;
        restored.push(match own {
            [NewValue::Integer(quorum), flags] => Flags {
                quorum: *quorum,
                rest: as_text(flags),
            }
            .write()
            .into(),
            [value] => restore_value(column, value)?,
            _ => OwnedValue::Null,
        });
    }
    Ok(restored)
}

fn restore_value(column: &Column, value: &NewValue<'_>) -> Result<OwnedValue, LeftOut> {
    Ok(match (column.rule, value) {
        (_, NewValue::Null) if column.not_null => return Err(LeftOut::Unanswered { column: column.name }),
        (_, NewValue::Null) => OwnedValue::Null,
        (Rule::Id | Rule::MaybeId, NewValue::Integer(id)) => id.to_string().into(),
        (Rule::Instant(_) | Rule::MaybeInstant, NewValue::Integer(ms)) => {
            let text = instant::write(*ms).ok_or(LeftOut::Unspellable { column: column.name })?;
            text.into()
        }
        (_, NewValue::Integer(number)) => OwnedValue::Integer(*number),
        (_, NewValue::Text(text)) => text.as_ref().into(),
    })
}

fn restore_settings(values: &[NewValue<'_>]) -> String {
    let number = |at: usize| match values.get(at) {
        Some(NewValue::Integer(number)) => Some(*number),
        _ => None,
    };
    let settings = Settings {
        mod_log: number(0),
        deletion_log: number(1),
        moderator: number(2),
        restricted: number(3),
        quorum: number(4),
        rest: values.get(5).and_then(as_text),
    };
    settings.write()
}

fn as_text(value: &NewValue<'_>) -> Option<String> {
    match value {
        NewValue::Text(text) => Some(text.clone().into_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::legacy::id::IdError;

    fn text(text: &str) -> OldValue<'_> {
        OldValue::Text(text.as_bytes())
    }

    fn guild() -> GuildId {
        GuildId::new(614_601_782_152_265_748).unwrap()
    }

    const STATS: [&str; 12] = [
        "1000",
        "2000",
        "614601782152265748",
        "3000",
        "General",
        "",
        "5",
        "6",
        "7",
        "8",
        "[]",
        "not json",
    ];

    fn stats() -> Vec<OldValue<'static>> {
        let mut values: Vec<_> = STATS.iter().map(|t| text(t)).collect();
        values[5] = OldValue::Null;
        for (at, number) in [(6, 5), (7, 6), (8, -7), (9, 1_767_323_045_678)] {
            values[at] = OldValue::Integer(number);
        }
        values
    }

    /// The carried values of a row with `change` made, or the refusal.
    fn carried(table: OldTable, values: &[OldValue<'_>]) -> Result<String, Refusal> {
        let row = carry(table.spec(), guild(), values, &mut Tally::default())?;
        assert_eq!(row.values().len(), carried_columns(table.spec()).len());
        Ok(row
            .values()
            .iter()
            .map(|value| match value {
                NewValue::Null => "NULL".to_owned(),
                NewValue::Integer(number) => number.to_string(),
                NewValue::Text(text) => format!("'{text}'"),
            })
            .collect::<Vec<_>>()
            .join(" "))
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn a_row_is_carried_whole_or_refused_by_column() {
        let whole = "1000 2000 3000 'General' NULL 5 6 -7 1767323045678 '[]' 'not json'";
        assert_eq!(carried(OldTable::MessageStats, &stats()).unwrap(), whole);
        for (at, value, refusal) in [
            (
                0,
                OldValue::Null,
                Refusal::BadId {
                    column: "message_id",
                    error: IdError::Null,
                },
            ),
            (
                0,
                text("1e5"),
                Refusal::BadId {
                    column: "message_id",
                    error: IdError::NotDecimal,
                },
            ),
            (
                1,
                text("99999999999999999999"),
                Refusal::BadId {
                    column: "author_id",
                    error: IdError::TooLarge,
                },
            ),
            (
                4,
                OldValue::Blob(b"x"),
                Refusal::BadValue {
                    column: "channel_category",
                },
            ),
            (
                4,
                OldValue::Text(b"\xff"),
                Refusal::BadValue {
                    column: "channel_category",
                },
            ),
            (
                5,
                text("me"),
                Refusal::BadId {
                    column: "recipient_id",
                    error: IdError::NotDecimal,
                },
            ),
            (6, text("many"), Refusal::BadValue { column: "char_count" }),
            (6, OldValue::Real(1.5), Refusal::BadValue { column: "char_count" }),
            (9, OldValue::Null, Refusal::BadValue { column: "sent_at" }),
            (
                10,
                OldValue::Integer(1),
                Refusal::BadValue { column: "code_stats" },
            ),
        ] {
            let mut values = stats();
            values[at] = value;
            assert_eq!(
                carried(OldTable::MessageStats, &values),
                Err(refusal),
                "{value:?}"
            );
        }
        let mut values = stats();
        values[4] = text("a\0b🙂");
        assert!(
            carried(OldTable::MessageStats, &values)
                .unwrap()
                .contains("'a\0b🙂'")
        );
    }

    #[test]
    fn a_time_that_was_never_stored_comes_from_the_id_made_then() {
        let literal = text(instant::LITERAL);
        // Discord's own example of a snowflake, made at 2016-04-30 11:18:25.796 UTC.
        let thread = [text("5"), text("1"), text("175928847299117063"), literal];
        assert_eq!(
            carried(OldTable::UserThreads, &thread).unwrap(),
            "5 175928847299117063 1462015105796"
        );
        let vote = [text("v"), text("e"), text("5"), text("ban"), literal];
        assert_eq!(
            carried(OldTable::EscalationRecords, &vote),
            Err(Refusal::NoInstant { column: "voted_at" })
        );
        let null = OldValue::Null;
        let plan = [
            text("1"),
            null,
            null,
            text("free"),
            text("active"),
            null,
            literal,
            literal,
        ];
        assert_eq!(
            carried(OldTable::GuildSubscriptions, &plan).unwrap(),
            "NULL NULL 'free' 'active' NULL NULL NULL"
        );
    }

    #[test]
    fn a_key_that_became_a_number_is_a_text_again() {
        let mut tally = Tally::default();
        let time = text("2026-01-02T03:04:05.678Z");
        let id = text("5");
        let null = OldValue::Null;
        let values = [
            OldValue::Integer(42),
            id,
            id,
            id,
            id,
            id,
            id,
            text("spam"),
            null,
            null,
            null,
            time,
            null,
        ];
        let row = carry(OldTable::ReportedMessages.spec(), guild(), &values, &mut tally).unwrap();
        assert_eq!(row.values()[0], NewValue::Text("42".into()));
        assert_eq!(tally.numeric_keys, 1);
    }

    /// Every table's row in normal form: carried and restored, it is the same.
    #[test]
    fn restoring_a_carried_row_gives_its_normal_form() {
        let guild_text = guild().to_string();
        for table in OldTable::ALL.into_iter().filter(|t| t.spec().goes_to_a_pod()) {
            let spec = table.spec();
            let normal: Vec<String> = spec
                .columns
                .iter()
                .enumerate()
                .map(|(at, column)| match (column.name, column.rule) {
                    ("settings", _) => r#"{"modLog":"5","x":[1, 2]}"#.to_owned(),
                    ("flags", _) => r#"{"quorum":4,"x":null}"#.to_owned(),
                    (_, Rule::Guild) => guild_text.clone(),
                    (_, Rule::Instant(_) | Rule::MaybeInstant) => "2026-01-02T03:04:05.678Z".to_owned(),
                    _ => (1000 + at).to_string(),
                })
                .collect();
            let values: Vec<OldValue<'_>> = spec
                .columns
                .iter()
                .zip(&normal)
                .map(|(column, value)| match column.rule {
                    Rule::Integer => OldValue::Integer(value.parse().unwrap()),
                    _ => text(value),
                })
                .collect();
            let mut tally = Tally::default();
            let row = carry(spec, guild(), &values, &mut tally).unwrap();
            let restored = restore(spec, guild(), row.values()).unwrap();
            for ((column, value), back) in spec.columns.iter().zip(&normal).zip(&restored) {
                let expected = match column.rule {
                    Rule::Integer => OwnedValue::Integer(value.parse().unwrap()),
                    _ => value.as_str().into(),
                };
                assert_eq!(*back, expected, "{table}.{}", column.name);
            }
            assert_eq!(
                (tally.odd_json, tally.reformatted_json, tally.numeric_keys),
                (0, 0, 0),
                "{table}"
            );
        }
    }

    #[test]
    fn what_the_old_schema_cannot_hold_is_left_out_by_name() {
        let spec = OldTable::Escalations.spec();
        let columns = carried_columns(spec);
        let mut values: Vec<NewValue<'_>> = columns.iter().map(|_| NewValue::Integer(5)).collect();
        for name in ["id", "flags"] {
            values[columns.iter().position(|c| *c == name).unwrap()] = NewValue::Text("x".into());
        }
        let message = columns.iter().position(|c| *c == "vote_message_id").unwrap();
        values[message] = NewValue::Null;
        assert_eq!(
            restore(spec, guild(), &values),
            Err(LeftOut::Unanswered {
                column: "vote_message_id"
            })
        );
        values[message] = NewValue::Integer(5);
        let created = columns.iter().position(|c| *c == "created_at").unwrap();
        values[created] = NewValue::Integer(i64::MAX);
        assert_eq!(
            restore(spec, guild(), &values),
            Err(LeftOut::Unspellable { column: "created_at" })
        );
    }
}
