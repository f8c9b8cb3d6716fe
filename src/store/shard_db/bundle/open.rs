//! Reading a bundle: every doubt is settled before a row is used.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::error::BundleError;
use super::header_rows;
use crate::domain::bundle::{BundleHeader, BundleKind, FORMAT};
use crate::domain::digest::TableDigests;
use crate::runtime::files::FileError;
use crate::store::shard_db::header::{BUNDLE_APPLICATION_ID, Header, HeaderProblem, SHARD_APPLICATION_ID};
use crate::store::shard_db::schema_check::{self, Shape};
use crate::store::shard_db::tables::guild_tables;
use crate::store::shard_db::{CURRENT_SCHEMA, guild_rows};

/// A bundle whose header can be believed.
#[derive(Debug)]
pub struct Bundle {
    path: PathBuf,
    bytes: u64,
    header: BundleHeader,
    connection: Connection,
}

/// A bundle whose every row was read and found to be what the header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Rows and digests, by table.
    pub tables: TableDigests,
}

impl Bundle {
    /// Opens a bundle and checks everything but the rows themselves: format, tables, seal, whose rows they are.
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        let path = std::path::absolute(path).map_err(|source| FileError {
            action: "find",
            path: path.to_owned(),
            source,
        })?;
        let bytes = check_header(&path)?;
        let sqlite = |source| BundleError::from_sqlite(&path, source);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).map_err(sqlite)?;
        connection
            .execute_batch("PRAGMA query_only = 1; PRAGMA trusted_schema = 0; PRAGMA cache_size = -8192;")
            .map_err(sqlite)?;
        let header = read_header(&path, &connection)?;
        let bundle = Self {
            path,
            bytes,
            header,
            connection,
        };
        bundle.check_guild()?;
        Ok(bundle)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How long the file is, in bytes.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What it says of itself.
    pub const fn header(&self) -> &BundleHeader {
        &self.header
    }

    /// Looks through every page, reads every row and compares.
    pub fn verify(&self) -> Result<Verified, BundleError> {
        let found: String = self
            .connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(|source| BundleError::from_sqlite(&self.path, source))?;
        if found == "ok" {
            self.check_digests()
        } else {
            Err(self.damaged(found))
        }
    }

    /// Reads every row and compares.
    pub(super) fn check_digests(&self) -> Result<Verified, BundleError> {
        let header = &self.header;
        let sqlite = |source| BundleError::from_sqlite(&self.path, source);
        let rows =
            guild_rows::digests(&self.connection, "main", header.schema, header.guild_id).map_err(sqlite)?;
        let gone = match header.kind {
            BundleKind::Full => TableDigests::default(),
            BundleKind::Delta { .. } => {
                guild_rows::gone_digests(&self.connection, header.schema, header.guild_id).map_err(sqlite)?
            }
        };
        let tables: TableDigests = rows
            .iter()
            .chain(gone.iter())
            .map(|(name, digest)| (name.to_owned(), digest))
            .collect();
        match header.tables.differences(&tables).first() {
            None => Ok(Verified { tables }),
            Some((name, promised, found)) => Err(self.damaged(difference(name, promised.rows, found.rows))),
        }
    }

    /// No rows but the guild's: two look-ups per table, as `guild_id` leads every key.
    fn check_guild(&self) -> Result<(), BundleError> {
        for table in guild_tables(self.header.schema) {
            let sql = format!(
                "SELECT EXISTS (SELECT 1 FROM {0} WHERE guild_id < ?1) OR EXISTS (SELECT 1 FROM {0} WHERE guild_id > ?1)",
                table.name
            );
            let others: bool = self
                .connection
                .query_row(&sql, [self.header.guild_id.as_i64()], |row| row.get(0))
                .map_err(|source| BundleError::from_sqlite(&self.path, source))?;
            if others {
                return Err(BundleError::OtherGuild {
                    path: self.path.clone(),
                    guild: self.header.guild_id,
                    table: table.name,
                });
            }
        }
        Ok(())
    }

    fn damaged(&self, detail: String) -> BundleError {
        BundleError::Damaged {
            path: self.path.clone(),
            detail,
        }
    }
}

/// How a table differs from what was promised, in words.
pub(super) fn difference(table: &str, promised: u64, found: u64) -> String {
    if promised == found {
        format!("{table} has as many rows as promised ({found}), but other ones (digests differ)")
    } else {
        format!("{table} has {found} rows, not the promised {promised}")
    }
}

/// The first hundred bytes; the file's length.
fn check_header(path: &Path) -> Result<u64, BundleError> {
    let owned = || path.to_owned();
    let not_a_bundle = |why: &str| BundleError::NotABundle {
        path: path.to_owned(),
        why: why.to_owned(),
    };
    let header = match Header::read(path) {
        Ok(header) => header,
        Err(HeaderProblem::NotSqlite) => return Err(not_a_bundle("it is not a SQLite file")),
        Err(HeaderProblem::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(BundleError::NotFound { path: owned() });
        }
        Err(HeaderProblem::Io(source)) => {
            return Err(BundleError::File(FileError {
                action: "read",
                path: owned(),
                source,
            }));
        }
    };
    match header.application_id {
        BUNDLE_APPLICATION_ID => {}
        SHARD_APPLICATION_ID => return Err(not_a_bundle("it is a shard database")),
        _ => return Err(not_a_bundle("it is the database of another program")),
    }
    if header.is_truncated() {
        return Err(BundleError::Damaged {
            path: owned(),
            detail: format!(
                "{} bytes of {}",
                header.len,
                header.promised_len.unwrap_or_default()
            ),
        });
    }
    Ok(header.len)
}

fn read_header(path: &Path, connection: &Connection) -> Result<BundleHeader, BundleError> {
    let sqlite = |source| BundleError::from_sqlite(path, source);
    let damaged = |detail: String| BundleError::Damaged {
        path: path.to_owned(),
        detail,
    };
    match header_rows::read_format(connection) {
        Ok(Some(FORMAT)) => {}
        Ok(Some(found)) => {
            return Err(BundleError::Format {
                path: path.to_owned(),
                found,
                known: FORMAT,
            });
        }
        Ok(None) => return Err(damaged("its header is empty".to_owned())),
        Err(error) => return Err(damaged(format!("its header is not readable: {error}"))),
    }
    let (header, seal) = header_rows::read(connection).map_err(|error| match error.sqlite_error_code() {
        Some(_) => sqlite(error),
        None => damaged(format!("its header is not readable: {error}")),
    })?;
    if header.seal() != seal {
        return Err(damaged("its header does not match its seal".to_owned()));
    }
    if header.schema > CURRENT_SCHEMA {
        return Err(BundleError::NewerSchema {
            path: path.to_owned(),
            found: header.schema,
            known: CURRENT_SCHEMA,
        });
    }
    let expected = schema_check::bundle_shape(header.schema, header.kind).map_err(sqlite)?;
    match Shape::of(connection, "main")
        .map_err(sqlite)?
        .first_difference(&expected)
    {
        None => Ok(header),
        Some(difference) => Err(damaged(difference)),
    }
}
