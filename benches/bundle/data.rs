//! Guilds of a given size, with the mix of rows that the old bot's guilds have.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use modbot::domain::fence::{Access, FenceChange};
use modbot::domain::ids::{Epoch, GuildId};
use modbot::runtime::clock::SystemClock;
use modbot::store::shard_db::tables::{ColumnType, GUILD_TABLES, GuildTable};
use modbot::store::shard_db::{self, CURRENT_SCHEMA, Replica, Settings, ShardDb};
use rusqlite::types::Value;

pub(crate) const EPOCH: Epoch = Epoch::new(5);

/// A directory for the run: `TMPDIR`, so that a real disk can be chosen.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

pub(crate) fn guild(number: u64) -> GuildId {
    // A snowflake's length, as integers are stored by their size.
    GuildId::new(600_000_000_000_000_000 + number).unwrap()
}

/// Opens as beside a sidecar: checkpoints are not ours, so none is in a measurement.
pub(crate) fn open(path: &Path) -> ShardDb {
    let settings = Settings {
        replica: Replica::Sidecar,
        ..Settings::default()
    };
    ShardDb::open(path, settings, Arc::new(SystemClock)).unwrap()
}

/// A shard with guild 1 of so many rows between two neighbours, checkpointed and closed.
pub(crate) fn shard(path: &Path, rows: i64) {
    shard_db::create(path, &SystemClock).unwrap();
    let db = open(path);
    for (number, rows) in [(0, 5_000), (1, rows), (2, 5_000)] {
        fill(&db, guild(number), rows);
    }
    assert!(db.checkpoint().unwrap());
}

/// Brings a guild into being with its rows.
pub(crate) fn fill(db: &ShardDb, guild: GuildId, rows: i64) {
    db.writer()
        .write_blocking("born", move |tx| {
            tx.change_fence(guild, &FenceChange::Born { epoch: EPOCH })
        })
        .unwrap();
    for table in GUILD_TABLES {
        let count = share(table, rows);
        for start in (0..count).step_by(20_000) {
            let end = count.min(start + 20_000);
            db.writer()
                .write_blocking("fill", move |tx| {
                    let guild_tx = tx.guild(guild, Access::Serve { epoch: EPOCH })?;
                    let mut insert = guild_tx.connection().prepare_cached(&insert_sql(table))?;
                    for number in start..end {
                        insert.execute(rusqlite::params_from_iter(row(table, guild, number)))?;
                    }
                    Ok(())
                })
                .unwrap();
        }
    }
}

/// How many of a guild's rows a table has.
fn share(table: &GuildTable, rows: i64) -> i64 {
    let thousandths = match table.name {
        "message_stats" => 700,
        "message_cache" => 120,
        "reported_messages" => 60,
        "user_threads" | "mod_actions" => 30,
        "escalation_records" | "deletion_log_threads" => 20,
        "escalations" | "channel_info" | "outbox" | "idempotency_key" => 5,
        "guilds" | "guild_subscriptions" => return 1,
        _ => 0,
    };
    rows * thousandths / 1000
}

pub(crate) fn insert_sql(table: &GuildTable) -> String {
    let names: Vec<&str> = table.columns(CURRENT_SCHEMA).map(|column| column.name).collect();
    format!(
        "INSERT INTO {} ({}) VALUES ({})",
        table.name,
        names.join(", "),
        vec!["?"; names.len()].join(", ")
    )
}

/// A pseudo-random number that is always the same for the same two.
fn mixed(a: i64, b: i64) -> i64 {
    let mut x = (a.cast_unsigned() << 20) ^ b.cast_unsigned();
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (x ^ (x >> 31)).cast_signed() & i64::MAX
}

fn row(table: &GuildTable, guild: GuildId, number: i64) -> Vec<Value> {
    let snowflake = |salt: i64, of: i64| {
        Value::Integer(700_000_000_000_000_000 + mixed(salt, of) % 100_000_000_000_000_000)
    };
    table
        .columns(CURRENT_SCHEMA)
        .zip(0_i64..)
        .map(|(column, place)| match (column.name, column.ty) {
            ("guild_id", _) => Value::Integer(guild.as_i64()),
            ("state", _) => Value::Text("done".into()),
            // Messages come in the order of their ids.
            ("message_id", _) => Value::Integer(800_000_000_000_000_000 + number * 4_000_000_007),
            ("author_id" | "reported_user_id" | "voter_id", _) => snowflake(1, mixed(2, number) % 2_000),
            ("channel_id" | "reported_channel_id", _) if table.name != "channel_info" => {
                snowflake(3, number % 60)
            }
            ("id" | "escalation_id" | "action_id" | "key", _) => Value::Text(format!(
                "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
                mixed(4, number) & 0xFFFF_FFFF,
                mixed(5, number) & 0xFFFF,
                mixed(6, number) & 0xFFF,
                mixed(7, number) & 0xFFF,
                number
            )),
            (
                "react_count" | "char_count" | "word_count" | "quorum" | "position" | "attempts" | "held",
                _,
            ) => Value::Integer(mixed(8, number) % 300),
            ("sent_at" | "created_at" | "last_touched" | "voted_at" | "decided_at" | "expires_at", _) => {
                Value::Integer(1_700_000_000_000 + number * 977)
            }
            ("code_stats" | "link_stats", _) if mixed(9, number) % 10 > 0 => Value::Text("[]".into()),
            ("link_stats", _) => Value::Text("[\"https://example.com/a/page\"]".into()),
            ("content", _) => Value::Text("word ".repeat(usize::try_from(mixed(10, number) % 30).unwrap())),
            (_, ColumnType::Integer) if column.nullable && mixed(place, number) % 3 > 0 => Value::Null,
            (_, ColumnType::Integer) => snowflake(place, number),
            (_, ColumnType::Text) if column.nullable && mixed(place, number) % 2 > 0 => Value::Null,
            (name, ColumnType::Text) => Value::Text(format!("{name} {}", mixed(place, number) % 1000)),
            (_, ColumnType::Blob) => Value::Blob(vec![7; 60]),
        })
        .collect()
}
