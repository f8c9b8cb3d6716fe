//! The SQL that the declaration of guild tables gives.

use super::tables::{Column, ColumnType, GuildTable};
use crate::domain::bundle::SchemaVersion;

/// `a, b, c`, each with a prefix such as `t.`.
pub(super) fn list<'c>(columns: impl IntoIterator<Item = &'c Column>, prefix: &str) -> String {
    let names: Vec<String> = columns
        .into_iter()
        .map(|column| format!("{prefix}{}", column.name))
        .collect();
    names.join(", ")
}

/// Every column of the table.
pub(super) fn columns(table: &GuildTable, version: SchemaVersion, prefix: &str) -> String {
    list(table.columns(version), prefix)
}

/// The columns that count in the digest.
pub(super) fn digested(table: &GuildTable, version: SchemaVersion, prefix: &str) -> String {
    list(table.columns(version).filter(|column| column.digested), prefix)
}

/// The key without `guild_id`, which every statement binds anyway; empty where `guild_id` is the whole key.
pub(super) fn key_rest(table: &GuildTable, prefix: &str) -> String {
    list(&table.key()[1..], prefix)
}

/// What rows hold, summed: texts and blobs by their length, numbers as eight.
pub(super) fn size(table: &GuildTable, version: SchemaVersion) -> String {
    let sizes: Vec<String> = table
        .columns(version)
        .map(|column| match column.ty {
            ColumnType::Integer => format!("8 * ({} IS NOT NULL)", column.name),
            ColumnType::Text | ColumnType::Blob => format!("coalesce(octet_length({}), 0)", column.name),
        })
        .collect();
    format!("coalesce(sum({}), 0)", sizes.join(" + "))
}

/// `k1 DESC, k2 DESC` over the whole key.
pub(super) fn key_descending(table: &GuildTable) -> String {
    let names: Vec<String> = table
        .key()
        .iter()
        .map(|column| format!("{} DESC", column.name))
        .collect();
    names.join(", ")
}

/// `a.k = b.k AND …` over the whole key.
pub(super) fn same_key(table: &GuildTable, a: &str, b: &str) -> String {
    let equal: Vec<String> = table
        .key()
        .iter()
        .map(|column| format!("{a}{0} = {b}{0}", column.name))
        .collect();
    equal.join(" AND ")
}

/// What a copy selects: every column, `guild_id` through the counter, others as they are exported.
pub(super) fn counted_columns(table: &GuildTable, version: SchemaVersion, prefix: &str) -> String {
    let mut parts = vec![format!(
        "counted_row({}, {})",
        table.index(),
        digested(table, version, prefix)
    )];
    parts.extend(
        table
            .columns(version)
            .skip(1)
            .map(|column| format!("{prefix}{}", column.name)),
    );
    parts.join(", ")
}

/// As [`counted_columns`], for rows that leave the shard.
pub(super) fn exported_columns(table: &GuildTable, version: SchemaVersion, prefix: &str) -> String {
    let mut parts = vec![format!(
        "counted_row({}, {})",
        table.index(),
        digested(table, version, prefix)
    )];
    let as_exported = |column: &Column| {
        column
            .exported_as
            .map_or_else(|| format!("{prefix}{}", column.name), str::to_owned)
    };
    parts.extend(table.columns(version).skip(1).map(as_exported));
    parts.join(", ")
}
