//! Writing a bundle: beside its place, whole, synced, then renamed.

use std::path::{Path, PathBuf};

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OpenFlags, params_from_iter};

use super::error::BundleError;
use super::header_rows;
use crate::domain::bundle::{BundleHeader, BundleKind, SchemaVersion};
use crate::domain::digest::{GuildDigest, RowHasher, TableDigest, TableDigests};
use crate::domain::fence::Progress;
use crate::domain::ids::{Epoch, GuildId};
use crate::runtime::files;
use crate::store::shard_db::header::BUNDLE_APPLICATION_ID;
use crate::store::shard_db::schema_check;
use crate::store::shard_db::tables::{GUILD_TABLES, GuildTable};
use crate::store::shard_db::{CURRENT_SCHEMA, row_sql, values};

/// What the header says beyond the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleMeta {
    /// What it contains.
    pub kind: BundleKind,
    /// The epoch of the fence the rows were under; 0 where they never had an owner.
    pub epoch: Epoch,
    /// The cut.
    pub progress: Progress,
    /// Where the rows came from, for people.
    pub source: String,
    /// Now, in Unix milliseconds.
    pub exported_at: i64,
}

/// A bundle being written. Dropped before [`BundleWriter::finish`], it leaves nothing behind.
#[derive(Debug)]
pub struct BundleWriter {
    // `None` once it is closed, to be renamed or removed.
    connection: Option<Connection>,
    path: PathBuf,
    beside: PathBuf,
    guild: GuildId,
    schema: SchemaVersion,
    hashers: Vec<RowHasher>,
    digests: Vec<TableDigest>,
    gone: TableDigests,
    placed: bool,
}

impl BundleWriter {
    /// Begins a bundle of this program's schema with all rows of a guild. `path` must be free.
    pub fn create(path: &Path, guild: GuildId) -> Result<Self, BundleError> {
        Self::create_at(path, guild, CURRENT_SCHEMA, BundleKind::Full)
    }

    pub(in crate::store::shard_db) fn create_at(
        path: &Path,
        guild: GuildId,
        schema: SchemaVersion,
        kind: BundleKind,
    ) -> Result<Self, BundleError> {
        if path.exists() {
            return Err(BundleError::Exists {
                path: path.to_owned(),
            });
        }
        let beside = beside(path);
        files::remove_file(&beside)?;
        // The system's own words for a missing directory or a read-only disk; SQLite has one for all of them.
        files::create(&beside)?;
        let mut writer = Self {
            connection: None,
            path: path.to_owned(),
            beside,
            guild,
            schema,
            hashers: GUILD_TABLES
                .iter()
                .map(|table| RowHasher::for_table(table.name))
                .collect(),
            digests: vec![TableDigest::default(); GUILD_TABLES.len()],
            gone: TableDigests::default(),
            placed: false,
        };
        let connection = new_file(&writer.beside, schema, kind)
            .map_err(|source| BundleError::from_sqlite(&writer.beside, source))?;
        writer.connection = Some(connection);
        Ok(writer)
    }

    /// Adds a row: a value for each column of the table in this program's schema, in the declared order.
    pub fn insert(&mut self, table: &GuildTable, row: &[Value]) -> Result<(), BundleError> {
        let columns: Vec<_> = table.columns(self.schema).collect();
        if row.len() != columns.len() {
            return Err(BundleError::Row {
                table: table.name,
                given: row.len(),
                expected: columns.len(),
            });
        }
        if row.first() != Some(&Value::Integer(self.guild.as_i64())) {
            return Err(BundleError::OtherGuild {
                path: self.path.clone(),
                guild: self.guild,
                table: table.name,
            });
        }
        let marks = vec!["?"; columns.len()].join(", ");
        let names = row_sql::columns(table, self.schema, "");
        let sql = format!("INSERT INTO {} ({names}) VALUES ({marks})", table.name);
        self.connection()?
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.execute(params_from_iter(row)))
            .map_err(|source| BundleError::from_sqlite(&self.beside, source))?;
        let hasher = &mut self.hashers[table.index()];
        for (column, value) in columns.iter().zip(row) {
            if column.digested {
                hasher.push(values::value(ValueRef::from(value)));
            }
        }
        self.digests[table.index()].add(hasher.finish());
        Ok(())
    }

    pub(in crate::store::shard_db) fn connection(&self) -> Result<&Connection, BundleError> {
        self.connection.as_ref().ok_or_else(|| self.closed())
    }

    fn closed(&self) -> BundleError {
        BundleError::NotFound {
            path: self.beside.clone(),
        }
    }

    /// Notes rows that were copied by other means than [`Self::insert`].
    pub(in crate::store::shard_db) fn count(&mut self, table: &GuildTable, copied: TableDigest) {
        let digest = &mut self.digests[table.index()];
        *digest = digest.plus(copied);
    }

    /// Notes keys of rows that went.
    pub(in crate::store::shard_db) fn count_gone(&mut self, table: &GuildTable, keys: TableDigest) {
        self.gone.set(&format!("gone_{}", table.name), keys);
    }

    /// Rows and digests so far.
    pub fn digests(&self) -> TableDigests {
        let rows = GUILD_TABLES
            .iter()
            .zip(&self.digests)
            .map(|(table, digest)| (table.name.to_owned(), *digest));
        rows.chain(self.gone.iter().map(|(name, digest)| (name.to_owned(), digest)))
            .collect()
    }

    /// Writes the header and puts the file in its place, durable.
    pub fn finish(self, meta: BundleMeta) -> Result<BundleHeader, BundleError> {
        let total = self.digests().total();
        self.finish_with(meta, Some(total))
    }

    pub(in crate::store::shard_db) fn finish_with(
        mut self,
        meta: BundleMeta,
        guild_digest: Option<GuildDigest>,
    ) -> Result<BundleHeader, BundleError> {
        let header = BundleHeader {
            kind: meta.kind,
            schema: self.schema,
            guild_id: self.guild,
            epoch: meta.epoch,
            progress: meta.progress,
            source: meta.source,
            exported_at: meta.exported_at,
            program: concat!("modbot ", env!("CARGO_PKG_VERSION")).to_owned(),
            tables: self.digests(),
            guild_digest,
        };
        let connection = self.connection.take().ok_or_else(|| self.closed())?;
        header_rows::write(&connection, &header)
            .and_then(|()| connection.execute_batch("COMMIT"))
            .and_then(|()| connection.close().map_err(|(_, error)| error))
            .map_err(|source| BundleError::from_sqlite(&self.beside, source))?;
        files::sync_file(&self.beside)?;
        files::rename(&self.beside, &self.path)?;
        self.placed = true;
        Ok(header)
    }
}

impl Drop for BundleWriter {
    fn drop(&mut self) {
        if !self.placed {
            self.connection = None;
            let _ = files::remove_file(&self.beside);
        }
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

/// A new file with empty tables, in an open transaction. No journal: until it is renamed the file is nobody's.
fn new_file(path: &Path, schema: SchemaVersion, kind: BundleKind) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.execute_batch(
        "PRAGMA page_size = 4096; PRAGMA main.journal_mode = OFF; PRAGMA main.synchronous = OFF;
         PRAGMA main.locking_mode = EXCLUSIVE; PRAGMA main.cache_size = -16384; PRAGMA temp_store = MEMORY;",
    )?;
    connection.pragma_update(None, "application_id", BUNDLE_APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", schema.get())?;
    connection.execute_batch("BEGIN")?;
    connection.execute_batch(&schema_check::bundle_sql(schema, kind)?)?;
    Ok(connection)
}
