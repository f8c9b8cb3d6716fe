//! How a carried row lies in a pod's table.

use crate::domain::digest::{RowHash, RowHasher, Value};
use crate::domain::ids::GuildId;
use crate::domain::legacy::NewValue;
use crate::domain::legacy::row::{CarriedRow, carried_columns};
use crate::domain::legacy::tables::OldTable;
use crate::store::shard_db::CURRENT_SCHEMA;
use crate::store::shard_db::tables::{GuildTable, guild_table};

/// Where a value of a pod's row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    /// The guild's id.
    Guild,
    /// The carried value at this place.
    Carried(usize),
    /// The old bot had nothing of the kind.
    Nothing,
}

/// How rows of one old table lie in the pod's table.
#[derive(Debug)]
pub(super) struct Mapping {
    /// The old table.
    pub(super) old: OldTable,
    /// The pod's table.
    pub(super) table: &'static GuildTable,
    /// Its columns, in the order in which a row's digest takes them.
    pub(super) columns: Vec<&'static str>,
    from: Vec<From>,
    hasher: RowHasher,
}

/// The tables that go to pods, parents before their children.
pub(super) fn mappings() -> Vec<Mapping> {
    OldTable::ALL.into_iter().filter_map(Mapping::new).collect()
}

impl Mapping {
    /// The mapping of a table; `None` where it does not go to pods.
    fn new(old: OldTable) -> Option<Self> {
        let spec = old.spec();
        let table = guild_table(spec.name).filter(|_| spec.goes_to_a_pod())?;
        let columns: Vec<&'static str> = table.columns(CURRENT_SCHEMA).map(|column| column.name).collect();
        let carried = carried_columns(spec);
        let from = columns
            .iter()
            .map(|name| match carried.iter().position(|c| c == name) {
                _ if *name == "guild_id" => From::Guild,
                Some(place) => From::Carried(place),
                None => From::Nothing,
            });
        Some(Self {
            old,
            table,
            from: from.collect(),
            columns,
            hasher: RowHasher::for_table(spec.name),
        })
    }

    /// The values of a pod's row, in the order of the columns.
    pub(super) fn values<'r>(&'r self, row: &'r CarriedRow<'_>) -> impl Iterator<Item = Value<'r>> {
        self.from.iter().map(move |from| match from {
            From::Guild => Value::Integer(row.guild.as_i64()),
            From::Carried(place) => borrowed(&row.values()[*place]),
            From::Nothing => Value::Null,
        })
    }

    /// The hash of a carried row: that of the row in the pod's table.
    pub(super) fn hash(&mut self, row: &CarriedRow<'_>) -> RowHash {
        for from in &self.from {
            self.hasher.push(match from {
                From::Guild => Value::Integer(row.guild.as_i64()),
                From::Carried(place) => borrowed(&row.values()[*place]),
                From::Nothing => Value::Null,
            });
        }
        self.hasher.finish()
    }

    /// The hash of a row of the pod's table, its values in the order of the columns.
    pub(super) fn hash_values(&mut self, values: &[Value<'_>]) -> RowHash {
        for value in values {
            self.hasher.push(*value);
        }
        self.hasher.finish()
    }

    /// The carried values of a row of the pod's table, in the order of [`carried_columns`]; `None` where a value
    /// is of a type that the pod's tables do not have.
    pub(super) fn carried<'a>(&self, values: &[Value<'a>]) -> Option<Vec<NewValue<'a>>> {
        let count = self
            .from
            .iter()
            .filter(|from| matches!(from, From::Carried(_)))
            .count();
        let mut carried = vec![NewValue::Null; count];
        for (from, value) in self.from.iter().zip(values) {
            if let From::Carried(place) = from {
                carried[*place] = match value {
                    Value::Null => NewValue::Null,
                    Value::Integer(number) => NewValue::Integer(*number),
                    Value::Text(bytes) => NewValue::Text(std::str::from_utf8(bytes).ok()?.into()),
                    Value::Real(_) | Value::Blob(_) => return None,
                };
            }
        }
        Some(carried)
    }
}

/// The guild in a row of a pod's table.
pub(super) fn guild_of(values: &[Value<'_>]) -> Option<GuildId> {
    match values.first() {
        Some(Value::Integer(id)) => GuildId::from_i64(*id).ok(),
        _ => None,
    }
}

fn borrowed<'v>(value: &'v NewValue<'_>) -> Value<'v> {
    match value {
        NewValue::Null => Value::Null,
        NewValue::Integer(number) => Value::Integer(*number),
        NewValue::Text(text) => Value::Text(text.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::shard_db::tables::ColumnType;

    #[test]
    fn every_carried_column_is_one_of_the_pods_table() {
        let mappings = mappings();
        assert_eq!(mappings.len(), 14, "sixteen tables without users and sessions");
        for mapping in mappings {
            let carried = carried_columns(mapping.old.spec());
            for name in &carried {
                assert!(mapping.columns.contains(name), "{}.{name}", mapping.old);
            }
            assert_eq!(mapping.from[0], From::Guild, "{}", mapping.old);
            let new_here: Vec<_> = mapping
                .columns
                .iter()
                .zip(&mapping.from)
                .filter(|(_, from)| **from == From::Nothing)
                .map(|(name, _)| *name)
                .collect();
            let expected: &[&str] = if mapping.old == OldTable::Guilds {
                &["left_at"]
            } else {
                &[]
            };
            assert_eq!(new_here, expected, "{}", mapping.old);
            let blobs = mapping
                .table
                .columns(CURRENT_SCHEMA)
                .filter(|c| c.ty == ColumnType::Blob)
                .count();
            assert_eq!(blobs, 0, "{}", mapping.old);
        }
    }
}
