//! Random contents of guilds: every table, with values that copies like to get wrong.

use modbot::domain::ids::GuildId;
use modbot::store::shard_db::CURRENT_SCHEMA;
use modbot::store::shard_db::tables::{Column, ColumnType, GUILD_TABLES, GuildTable};
use proptest::prelude::*;
use rusqlite::types::Value;

use super::shards::Rows;

/// Texts with NULs, quotes, every plane of Unicode; empty and long ones.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => proptest::collection::vec(any::<char>(), 0..20).prop_map(String::from_iter),
        1 => Just(String::new()),
        1 => Just("a\0b".to_owned()),
        1 => Just("1".to_owned()),
        1 => Just("'; DROP TABLE guilds; --".to_owned()),
        1 => proptest::collection::vec(any::<char>(), 2000..3000).prop_map(String::from_iter),
    ]
}

fn any_integer() -> impl Strategy<Value = i64> {
    prop_oneof![3 => any::<i64>(), 1 => Just(i64::MIN), 1 => Just(i64::MAX), 1 => Just(0), 1 => Just(1)]
}

fn any_value(column: &'static Column) -> BoxedStrategy<Value> {
    let value = match (column.ty, column.name) {
        (ColumnType::Text, "state") => {
            // The states that a copy does not turn into another.
            prop::sample::select(vec!["pending", "done", "unknown", "dead"])
                .prop_map(|s| Value::Text(s.into()))
                .boxed()
        }
        (ColumnType::Text, _) => any_text().prop_map(Value::Text).boxed(),
        (ColumnType::Integer, _) => any_integer().prop_map(Value::Integer).boxed(),
        (ColumnType::Blob, _) => proptest::collection::vec(any::<u8>(), 0..50)
            .prop_map(Value::Blob)
            .boxed(),
    };
    if column.nullable {
        prop_oneof![3 => value, 1 => Just(Value::Null)].boxed()
    } else {
        value
    }
}

fn any_row(table: &'static GuildTable, guild: GuildId) -> impl Strategy<Value = Vec<Value>> {
    table
        .columns(CURRENT_SCHEMA)
        .map(|column| match column.name {
            "guild_id" => Just(Value::Integer(guild.as_i64())).boxed(),
            _ => any_value(column),
        })
        .collect::<Vec<_>>()
}

/// A few rows for every table of a guild.
pub(crate) fn any_rows(guild: GuildId) -> impl Strategy<Value = Rows> {
    GUILD_TABLES
        .iter()
        .map(|table| {
            let most = if table.key_len == 1 { 1 } else { 6 };
            proptest::collection::vec(any_row(table, guild), 0..=most).prop_map(move |rows| (table, rows))
        })
        .collect::<Vec<_>>()
}

/// A fixed guild of about `size` rows, spread as in a real one: mostly message statistics.
pub(crate) fn plain_rows(guild: GuildId, size: i64) -> Rows {
    GUILD_TABLES
        .iter()
        .map(|table| {
            let count = match (table.key_len, table.name) {
                (1, _) => 1,
                (_, "message_stats") => size * 6 / 10,
                _ => size * 4 / 10 / 15 + 1,
            };
            (
                table,
                (1..=count)
                    .map(|number| plain_row(table, guild, number))
                    .collect(),
            )
        })
        .collect()
}

fn plain_row(table: &GuildTable, guild: GuildId, number: i64) -> Vec<Value> {
    table
        .columns(CURRENT_SCHEMA)
        .map(|column| match (column.name, column.ty) {
            ("guild_id", _) => Value::Integer(guild.as_i64()),
            ("state", _) => Value::Text("pending".into()),
            (_, ColumnType::Integer) => Value::Integer(number * 1_000_003),
            (name, ColumnType::Text) => Value::Text(format!("{name} {number}")),
            (_, ColumnType::Blob) => Value::Blob(number.to_le_bytes().to_vec()),
        })
        .collect()
}
