//! A guild as a file: what goes in comes out, and nothing else.

use modbot::domain::bundle::SchemaVersion;
use modbot::domain::fence::{FenceMode, FenceRefusal};
use modbot::domain::ids::Epoch;
use modbot::runtime::clock::{Clock as _, SystemClock};
use modbot::store::shard_db::bundle::{
    Bundle, BundleError, ExportSource, ImportError, ImportedGuild, Pace, export, import,
};
use modbot::store::shard_db::{ShardDb, WriteError};
use proptest::prelude::*;
use rusqlite::Connection;

use super::rows::{any_rows, plain_rows};
use super::shards::{EPOCH, Place, assert_whole, born, digests, dump, guild, open, write_rows};

fn exported(place: &Place, shard: &str, number: u64, to: &str) -> std::path::PathBuf {
    let (shard, to) = (place.path(shard), place.path(to));
    let source = ExportSource {
        shard: &shard,
        guild: guild(number),
        now: SystemClock.unix_ms(),
    };
    export(source, &to, &mut |_| {}).unwrap();
    to
}

fn imported(db: &ShardDb, bundle: &std::path::Path, pace: Pace) -> Result<ImportedGuild, ImportError> {
    import(db, bundle, None, pace, &mut |_| {})
}

#[test]
fn a_guild_goes_from_one_shard_to_another() {
    let place = Place::new();
    place.shard("a");
    place.shard("b");
    let a = open(&place.path("a"));
    born(&a, guild(1));
    born(&a, guild(2));
    write_rows(&a, guild(1), plain_rows(guild(1), 500));
    write_rows(&a, guild(2), plain_rows(guild(2), 100));

    let bundle = exported(&place, "a", 1, "g1");
    let header = Bundle::open(&bundle).unwrap().header().clone();
    assert_eq!((header.epoch, header.progress.writes), (EPOCH, 1));
    assert_eq!(header.tables, digests(&a, guild(1)));
    assert_eq!(
        Bundle::open(&bundle).unwrap().verify().unwrap().tables,
        header.tables
    );

    let b = open(&place.path("b"));
    let done = imported(&b, &bundle, Pace::AtOnce).unwrap();
    assert_eq!(
        (done.epoch, done.rows, done.already_there),
        (Epoch::new(6), header.tables.rows(), false)
    );
    assert_eq!(digests(&b, guild(1)), header.tables);
    let fence = b.fence(guild(1)).unwrap().unwrap();
    assert_eq!(
        (fence.state.mode, fence.state.epoch),
        (FenceMode::Serving, Epoch::new(6))
    );
    assert_eq!(fence.progress, header.progress);
    assert!(b.fence(guild(2)).unwrap().is_none());

    let again = imported(&b, &bundle, Pace::AtOnce).unwrap();
    assert!(again.already_there);
    drop((a, b));
    let rows = |shard: &str| -> Vec<String> {
        dump(&place.path(shard), |g| g == 1)
            .into_iter()
            .filter(|line| !line.starts_with("guild_fence"))
            .collect()
    };
    assert_eq!(rows("a"), rows("b"));
    assert_whole(&place.path("b"));
}
