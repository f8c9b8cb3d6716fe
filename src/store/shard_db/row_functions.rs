//! SQL functions that hash rows, so that rows are copied and digested in one pass inside SQLite.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error};

use super::tables::{GUILD_TABLES, GuildTable};
use super::values;
use crate::domain::digest::{RowHash, RowHasher, TableDigest};

/// `row_hash('table', column…)`: the row's hash as 16 bytes. For triggers, so the table is named, not numbered.
const ROW_HASH: &str = "row_hash";
/// `counted_row(table number, guild_id, column…)`: `guild_id`, the row being counted into the table's digest.
const COUNTED_ROW: &str = "counted_row";

/// What `counted_row` has counted on one connection.
#[derive(Debug, Clone)]
pub(super) struct RowCounter(Arc<Mutex<Counts>>);

#[derive(Debug)]
struct Counts {
    hashers: Vec<RowHasher>,
    digests: Vec<TableDigest>,
}

impl RowCounter {
    /// Adds the functions to a connection.
    pub(super) fn register(connection: &Connection) -> rusqlite::Result<Self> {
        let counter = Self(Arc::new(Mutex::new(Counts {
            hashers: GUILD_TABLES
                .iter()
                .map(|table| RowHasher::for_table(table.name))
                .collect(),
            digests: vec![TableDigest::default(); GUILD_TABLES.len()],
        })));
        let counts = Arc::clone(&counter.0);
        connection.create_scalar_function(COUNTED_ROW, -1, FunctionFlags::SQLITE_DIRECTONLY, move |row| {
            counts.lock().unwrap_or_else(PoisonError::into_inner).count(row)
        })?;
        // Innocuous: it only computes, and triggers may not call anything else in an untrusted schema.
        let flags = FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
        let hashers = Mutex::new(named_hashers());
        connection.create_scalar_function(ROW_HASH, -1, flags, move |row| {
            let hashers = &mut *hashers.lock().unwrap_or_else(PoisonError::into_inner);
            hash_named(hashers, row).map(|hash| hash.to_bytes().to_vec())
        })?;
        Ok(counter)
    }

    /// What was counted of a table since the last call.
    pub(super) fn take(&self, table: &GuildTable) -> TableDigest {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .digests
            .get_mut(table.index())
            .map(std::mem::take)
            .unwrap_or_default()
    }
}

impl Counts {
    fn count(&mut self, row: &Context<'_>) -> rusqlite::Result<i64> {
        let index = row
            .get_raw(0)
            .as_i64()
            .ok()
            .and_then(|index| usize::try_from(index).ok());
        let found = index.and_then(|i| Some((self.hashers.get_mut(i)?, self.digests.get_mut(i)?)));
        let Some((hasher, digest)) = found else {
            return Err(Error::UserFunctionError("no such guild table".into()));
        };
        digest.add(hash_rest(hasher, row));
        Ok(row.get_raw(1).as_i64()?)
    }
}

/// Hashes every argument but the first.
fn hash_rest(hasher: &mut RowHasher, row: &Context<'_>) -> RowHash {
    (1..row.len()).for_each(|at| hasher.push(values::value(row.get_raw(at))));
    hasher.finish()
}

fn hash_named(hashers: &mut [(&'static str, RowHasher)], row: &Context<'_>) -> rusqlite::Result<RowHash> {
    let ValueRef::Text(name) = row.get_raw(0) else {
        return Err(Error::UserFunctionError(
            "row_hash: the first argument names a guild table".into(),
        ));
    };
    let found = hashers.iter_mut().find(|(table, _)| table.as_bytes() == name);
    found
        .map(|(_, hasher)| hash_rest(hasher, row))
        .ok_or_else(|| Error::UserFunctionError("row_hash: no such guild table".into()))
}

fn named_hashers() -> Vec<(&'static str, RowHasher)> {
    GUILD_TABLES
        .iter()
        .map(|table| (table.name, RowHasher::for_table(table.name)))
        .collect()
}
