//! The rival: for each pod a file with the old tables, filled by INSERT … SELECT from the attached source.
//!
//! Given every advantage: no journal, no syncing until the end, indexes built last, guilds in a table with a key.

use std::path::Path;

use modbot::domain::legacy::tables::{OldTable, Scope};
use modbot::store::legacy_db::create_table;
use rusqlite::Connection;

pub(crate) fn copy(source: &Path, out: &Path, pods: u32) {
    std::fs::create_dir(out).unwrap();
    for pod in 0..pods {
        let path = out.join(format!("shard-{pod}.sqlite3"));
        let db = Connection::open(&path).unwrap();
        db.execute_batch(
            "pragma journal_mode = off; pragma synchronous = off; pragma locking_mode = exclusive;
             pragma cache_size = -49152;",
        )
        .unwrap();
        db.execute("attach ?1 as old", [source.to_str().unwrap()])
            .unwrap();
        db.execute_batch(&format!(
            "begin;
             create temp table mine (guild_id text primary key) without rowid;
             insert or ignore into mine
               select guild_id from (select distinct guild_id from old.message_stats union select cast(id as text) from old.guilds)
                where guild_id is not null and (cast(guild_id as integer) >> 22) % 64 % {pods} = {pod};"
        ))
        .unwrap();
        for table in OldTable::ALL {
            copy_table(&db, table);
        }
        db.execute_batch("commit").unwrap();
        db.close().unwrap();
        std::fs::File::open(&path).unwrap().sync_all().unwrap();
    }
}

fn copy_table(db: &Connection, table: OldTable) {
    let spec = table.spec();
    let statements = create_table(spec);
    db.execute_batch(&statements[0]).unwrap();
    let which = match spec.scope {
        Scope::Guild if table == OldTable::Guilds => "where cast(id as text) in mine",
        Scope::Guild => "where guild_id in mine",
        Scope::ThroughEscalation => {
            "where escalation_id in (select id from old.escalations where guild_id in mine)"
        }
        // Whole, in every file, as a cache may be.
        _ => "",
    };
    db.execute_batch(&format!(
        "insert into main.{table} select * from old.{table} {which}"
    ))
    .unwrap();
    for index in &statements[1..] {
        db.execute_batch(index).unwrap();
    }
}
