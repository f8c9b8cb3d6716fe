//! Shard files in a directory of their own, and guilds in them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use modbot::domain::digest::TableDigests;
use modbot::domain::fence::{Access, FenceChange};
use modbot::domain::ids::{Epoch, GuildId};
use modbot::runtime::clock::SystemClock;
use modbot::store::shard_db::tables::{GUILD_TABLES, GuildTable};
use modbot::store::shard_db::{self, CURRENT_SCHEMA, OpenError, Settings, ShardDb};
use rusqlite::Connection;
use rusqlite::types::Value;

/// A directory for one test.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A new shard file, closed.
    pub(crate) fn shard(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        shard_db::create(&path, &SystemClock).unwrap();
        path
    }
}

pub(crate) fn guild(number: u64) -> GuildId {
    GuildId::new(number).unwrap()
}

pub(crate) const EPOCH: Epoch = Epoch::new(5);

pub(crate) fn open(path: &Path) -> ShardDb {
    try_open(path, Settings::default()).unwrap()
}

pub(crate) fn try_open(path: &Path, settings: Settings) -> Result<ShardDb, OpenError> {
    ShardDb::open(path, settings, Arc::new(SystemClock))
}

/// A guild that is served here from now on.
pub(crate) fn born(db: &ShardDb, guild: GuildId) {
    let change =
        move |tx: &shard_db::WriteTx<'_>| tx.change_fence(guild, &FenceChange::Born { epoch: EPOCH });
    db.writer().write_blocking("born", change).unwrap();
}

/// Rows for one table, `guild_id` included.
pub(crate) type Rows = Vec<(&'static GuildTable, Vec<Vec<Value>>)>;

/// Writes rows through the fence, in one transaction.
pub(crate) fn write_rows(db: &ShardDb, guild: GuildId, rows: Rows) {
    db.writer()
        .write_blocking("rows", move |tx| {
            let guild = tx.guild(guild, Access::Serve { epoch: EPOCH })?;
            for (table, rows) in &rows {
                for row in rows {
                    guild
                        .connection()
                        .prepare_cached(&insert_sql(table))?
                        .execute(rusqlite::params_from_iter(row))?;
                }
            }
            Ok(())
        })
        .unwrap();
}

/// Puts a row in, over one with its key.
pub(crate) fn insert_sql(table: &GuildTable) -> String {
    let names: Vec<&str> = table.columns(CURRENT_SCHEMA).map(|column| column.name).collect();
    format!(
        "INSERT OR REPLACE INTO {} ({}) VALUES ({})",
        table.name,
        names.join(", "),
        vec!["?"; names.len()].join(", ")
    )
}

/// Everything a file says about one guild, or about all others: rows as SQLite quotes them.
pub(crate) fn dump(path: &Path, of: impl Fn(i64) -> bool) -> Vec<String> {
    let db = Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut lines = Vec::new();
    let fence = (
        "guild_fence",
        vec![
            "epoch",
            "mode",
            "move_id",
            "freeze_no",
            "hex(digest)",
            "seq",
            "writes",
        ],
    );
    let tables = GUILD_TABLES.iter().map(|table| {
        (
            table.name,
            table
                .columns(CURRENT_SCHEMA)
                .skip(1)
                .map(|column| column.name)
                .collect(),
        )
    });
    for (name, columns) in tables.chain([fence]) {
        let quoted: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
        let sql = format!(
            "SELECT guild_id, concat_ws(' ', {}) FROM {name}",
            quoted.join(", ")
        );
        let mut statement = db.prepare(&sql).unwrap();
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))
            .unwrap();
        let rows = rows.map(Result::unwrap).filter(|(guild, _)| of(*guild));
        lines.extend(rows.map(|(guild, row)| format!("{name} {guild} {row}")));
    }
    lines.sort();
    lines
}

/// SQLite finds nothing wrong with the file.
pub(crate) fn assert_whole(path: &Path) {
    let db = Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let found: String = db
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(found, "ok", "{}", path.display());
}

/// The guild's digests, read row by row.
pub(crate) fn digests(db: &ShardDb, guild: GuildId) -> TableDigests {
    db.digests(guild).unwrap()
}
