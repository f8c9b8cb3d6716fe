//! Bundles of the previous schema: the migration itself, run on a copy of the bundle.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::error::BundleError;
use super::header_rows;
use super::open::Bundle;
use crate::domain::bundle::BundleHeader;
use crate::runtime::files;
use crate::store::shard_db::{CURRENT_SCHEMA, guild_rows, migrations};

/// A bundle as this program's schema has it; a copy made for that goes with it.
#[derive(Debug)]
pub(super) struct Upgraded {
    bundle: Bundle,
    // Dropped after the bundle that has it open.
    _copy: Option<Temporary>,
}

/// A file that goes when nobody keeps it.
#[derive(Debug)]
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = files::remove_file(&self.0);
    }
}

impl Upgraded {
    /// The bundle itself where it is of this schema; else a checked and migrated copy beside `shard`.
    ///
    /// The same bundle always becomes the same copy, so that an interrupted import finds itself again.
    pub(super) fn of(bundle: Bundle, shard: &Path) -> Result<Self, BundleError> {
        if bundle.header().schema == CURRENT_SCHEMA {
            return Ok(Self { bundle, _copy: None });
        }
        bundle.check_digests()?;
        let mut name = shard.file_name().unwrap_or_default().to_owned();
        name.push(format!(".import-{}", bundle.header().guild_id));
        let copy = Temporary(shard.with_file_name(name));
        files::copy(bundle.path(), &copy.0)?;
        migrate(&copy.0, bundle.header())?;
        Ok(Self {
            bundle: Bundle::open(&copy.0)?,
            _copy: Some(copy),
        })
    }

    pub(super) const fn bundle(&self) -> &Bundle {
        &self.bundle
    }
}

fn migrate(copy: &Path, header: &BundleHeader) -> Result<(), BundleError> {
    let sqlite = |source| BundleError::from_sqlite(copy, source);
    let connection = Connection::open(copy).map_err(sqlite)?;
    // The copy is nobody's until it is whole.
    connection
        .execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN")
        .map_err(sqlite)?;
    migrations::migrate_guild_tables(&connection, header.schema, CURRENT_SCHEMA).map_err(sqlite)?;
    let tables = guild_rows::digests(&connection, "main", CURRENT_SCHEMA, header.guild_id).map_err(sqlite)?;
    let upgraded = BundleHeader {
        schema: CURRENT_SCHEMA,
        guild_digest: header.guild_digest.map(|_| tables.total()),
        tables,
        ..header.clone()
    };
    connection
        .execute_batch("DELETE FROM bundle; DELETE FROM bundle_table;")
        .map_err(sqlite)?;
    header_rows::write(&connection, &upgraded).map_err(sqlite)?;
    connection
        .pragma_update(None, "user_version", CURRENT_SCHEMA.get())
        .map_err(sqlite)?;
    connection.execute_batch("COMMIT").map_err(sqlite)?;
    connection.close().map_err(|(_, error)| sqlite(error))
}
