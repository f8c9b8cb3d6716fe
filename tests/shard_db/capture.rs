//! Copying a guild while it is written: a bundle, then rounds of changes, then the last ones under a freeze.

use modbot::domain::fence::{Access, FenceChange, FenceMode};
use modbot::domain::ids::{Epoch, GuildId, MoveId};
use modbot::store::shard_db::bundle::{
    Bundle, ExportSource, Import, ImportAs, ImportError, export, export_delta,
};
use modbot::store::shard_db::tables::guild_table;
use modbot::store::shard_db::{ShardDb, WriteError};
use proptest::prelude::*;
use rusqlite::Connection;

use super::rows::plain_rows;
use super::shards::{EPOCH, Place, born, digests, guild, open, write_rows};

const MOVE: MoveId = MoveId::new(uuid::Uuid::from_u128(7));
const NEXT: Epoch = Epoch::new(6);

fn sql(db: &ShardDb, guild: GuildId, sql: &str) -> Result<usize, WriteError> {
    let sql = sql.to_owned();
    db.writer().write_blocking("sql", move |tx| {
        Ok(tx
            .guild(guild, Access::Serve { epoch: EPOCH })?
            .connection()
            .execute(&sql, [])?)
    })
}

/// One change to a guild's rows, of every kind that SQL knows.
#[derive(Debug, Clone, Copy)]
enum Change {
    Insert(i64),
    Replace(i64),
    Upsert(i64),
    Update(i64),
    Rename(i64, i64),
    Delete(i64),
    /// Takes the emoji of whatever row has it: a row goes that the statement does not name.
    Steal(i64, i64),
    ActionSent(i64),
}

impl Change {
    fn sql(self) -> String {
        let stats = |verb: &str, id: i64, more: &str| {
            format!(
                "{verb} INTO message_stats (guild_id, message_id, author_id, channel_id, char_count, word_count, sent_at)
                 VALUES (1, {id}, {id}, 3, 4, 5, 6) {more}"
            )
        };
        match self {
            Self::Insert(id) => stats("INSERT OR IGNORE", id, ""),
            Self::Replace(id) => stats("INSERT OR REPLACE", id, ""),
            Self::Upsert(id) => stats("INSERT", id, "ON CONFLICT DO UPDATE SET react_count = react_count + 1"),
            Self::Update(id) => format!("UPDATE message_stats SET char_count = char_count + 1 WHERE guild_id = 1 AND message_id = {id}"),
            Self::Rename(from, to) => format!("UPDATE OR REPLACE message_stats SET message_id = {to} WHERE guild_id = 1 AND message_id = {from}"),
            Self::Delete(id) => format!("DELETE FROM message_stats WHERE guild_id = 1 AND message_id = {id}"),
            Self::Steal(id, emoji) => format!(
                "INSERT OR REPLACE INTO reactji_channeler_config
                 (guild_id, id, channel_id, emoji, configured_by_id, created_at) VALUES (1, 'r{id}', 2, 'e{emoji}', 3, 4)"
            ),
            Self::ActionSent(id) => format!("UPDATE outbox SET state = 'sending', attempts = attempts + 1 WHERE guild_id = 1 AND action_id = 'action_id {id}'"),
        }
    }
}

/// What may happen during a copy.
#[derive(Debug, Clone, Copy)]
enum Event {
    Change(Change),
    /// A round is closed, its changes are brought over and settled.
    Round,
    /// A round is closed and brought over, but the word of it is lost: nothing is settled.
    RoundUnsettled,
    SourceRestarts,
}

fn any_change() -> impl Strategy<Value = Change> {
    let id = 1i64..8;
    (0u8..8, id.clone(), id).prop_map(|(kind, a, b)| {
        // Ids of the rows that are there from the start, and a few beyond them.
        let a = if a > 4 { a } else { a * 1_000_003 };
        match kind {
            0 => Change::Insert(a),
            1 => Change::Replace(a),
            2 => Change::Upsert(a),
            3 => Change::Update(a),
            4 => Change::Rename(a, b),
            5 => Change::Delete(a),
            6 => Change::Steal(a, b % 3),
            _ => Change::ActionSent(b),
        }
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        12 => any_change().prop_map(Event::Change),
        2 => Just(Event::Round),
        1 => Just(Event::RoundUnsettled),
        1 => Just(Event::SourceRestarts),
    ]
}

/// A copy under way: source and target, with the bundle of the start brought over.
struct Copying {
    place: Place,
    source: Option<ShardDb>,
    target: ShardDb,
    bundles: u32,
}

impl Copying {
    fn begin(before_the_bundle: &[Change]) -> Self {
        let place = Place::new();
        place.shard("source");
        place.shard("target");
        let source = open(&place.path("source"));
        born(&source, guild(1));
        born(&source, guild(2));
        write_rows(&source, guild(1), plain_rows(guild(1), 20));
        write_rows(&source, guild(2), plain_rows(guild(2), 20));
        let target = open(&place.path("target"));
        source.start_capture(guild(1), EPOCH, MOVE).unwrap();
        // What changes between the start of the capture and the bundle is in both, which is no harm.
        for change in before_the_bundle {
            sql(&source, guild(1), &change.sql()).unwrap();
        }
        let copying = Self {
            source: Some(source),
            target,
            bundles: 0,
            place,
        };
        copying.bring_all();
        copying
    }

    fn source(&self) -> &ShardDb {
        self.source.as_ref().unwrap()
    }

    fn bring_all(&self) {
        let (shard, to) = (self.place.path("source"), self.place.path("full"));
        let source = ExportSource {
            shard: &shard,
            guild: guild(1),
            now: 0,
        };
        export(source, &to, &mut |_| {}).unwrap();
        let bundle = Bundle::open(&to).unwrap();
        let import = self.import(&bundle, 1);
        import.begin().unwrap();
        import.clear().unwrap();
        while import.copy_some(7).unwrap().is_some() {}
    }

    fn import(&self, bundle: &Bundle, freeze_no: u64) -> Import<'_> {
        let import_as = ImportAs {
            epoch: NEXT,
            move_id: MOVE,
            freeze_no,
        };
        Import::attach(&self.target, bundle, import_as).unwrap()
    }

    fn delta(&mut self, round: u64) -> Bundle {
        self.bundles += 1;
        let (shard, to) = (
            self.place.path("source"),
            self.place.path(&format!("delta-{}", self.bundles)),
        );
        let source = ExportSource {
            shard: &shard,
            guild: guild(1),
            now: 0,
        };
        export_delta(source, MOVE, round, &to).unwrap();
        let bundle = Bundle::open(&to).unwrap();
        bundle.verify().unwrap();
        bundle
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Change(change) => drop(sql(self.source(), guild(1), &change.sql()).unwrap()),
            Event::Round | Event::RoundUnsettled => {
                let round = self.source().close_round(guild(1), MOVE).unwrap().unwrap();
                let bundle = self.delta(round);
                self.import(&bundle, 1).apply_delta(3).unwrap();
                if matches!(event, Event::Round) {
                    self.source().settle_rounds(guild(1), MOVE, round).unwrap();
                }
            }
            Event::SourceRestarts => {
                self.source = None;
                self.source = Some(open(&self.place.path("source")));
            }
        }
    }

    /// Freezes, brings the last changes over, and compares with what reading every row says.
    fn end(mut self) {
        self.source().count_base(guild(1), MOVE).unwrap();
        let freeze = FenceChange::Freeze {
            epoch: EPOCH,
            move_id: MOVE,
            freeze_no: 2,
        };
        self.source()
            .writer()
            .write_blocking("freeze", move |tx| tx.change_fence(guild(1), &freeze))
            .unwrap();
        let round = self.source().close_round(guild(1), MOVE).unwrap().unwrap();
        let bundle = self.delta(round);
        let read = digests(self.source(), guild(1));
        assert_eq!(
            bundle.header().guild_digest,
            Some(read.total()),
            "the digest from changed rows alone"
        );

        let import = self.import(&bundle, 2);
        let digest = import.apply_and_verify().unwrap();
        assert_eq!(import.apply_and_verify().unwrap(), digest, "repeated");
        import.start(digest).unwrap();
        drop(import);
        assert_eq!(digests(&self.target, guild(1)), read);
        let fence = self.target.fence(guild(1)).unwrap().unwrap();
        assert_eq!(fence.state.mode, FenceMode::Serving);
        assert_eq!(
            fence.progress,
            self.source().fence(guild(1)).unwrap().unwrap().progress
        );
        self.no_action_looks_as_if_it_were_being_sent();
        self.source().stop_capture(guild(1), MOVE).unwrap();
        assert_eq!(leftovers(&self.place.path("source")), 0);
    }

    fn no_action_looks_as_if_it_were_being_sent(&self) {
        let sending: i64 = self
            .target
            .read(|db| {
                db.query_row("SELECT count(*) FROM outbox WHERE state = 'sending'", [], |row| {
                    row.get(0)
                })
            })
            .unwrap();
        assert_eq!(sending, 0, "a copy cannot know what became of a call: unknown");
    }
}

/// Tables and triggers of captures.
fn leftovers(path: &std::path::Path) -> i64 {
    let db = Connection::open(path).unwrap();
    db.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'captured%'",
        [],
        |row| row.get(0),
    )
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_copy_is_exact_whatever_happens_meanwhile(
        early in prop::collection::vec(any_change(), 0..6),
        events in prop::collection::vec(any_event(), 0..40),
    ) {
        let mut copying = Copying::begin(&early);
        for event in events {
            copying.happen(event);
        }
        copying.end();
    }
}

#[test]
fn every_kind_of_change_is_noted() {
    for (change, keys) in [
        (Change::Insert(5), 1),
        (Change::Replace(5), 1),
        (Change::Replace(1_000_003), 1),
        (Change::Upsert(1_000_003), 1),
        (Change::Update(2_000_006), 1),
        (Change::Rename(1_000_003, 9), 2),
        (Change::Rename(1_000_003, 2_000_006), 2),
        (Change::Delete(1_000_003), 1),
        (Change::Steal(1, 1), 1),
        (Change::ActionSent(1), 1),
    ] {
        let mut copying = Copying::begin(&[]);
        // Counted before the change, so that a wrong hash of the row as it was shows in the digest.
        copying.source().count_base(guild(1), MOVE).unwrap();
        copying.happen(Event::Change(change));
        assert_eq!(
            copying.source().captured_keys(guild(1)).unwrap(),
            keys,
            "{change:?}"
        );
        copying.end();
    }
    // The row whose emoji is taken goes as well.
    let mut copying = Copying::begin(&[]);
    copying.happen(Event::Change(Change::Steal(1, 1)));
    copying.happen(Event::Change(Change::Steal(2, 1)));
    assert_eq!(copying.source().captured_keys(guild(1)).unwrap(), 2);
    copying.end();
}

#[test]
fn other_guilds_are_not_noted_and_a_capture_survives_a_restart() {
    let mut copying = Copying::begin(&[]);
    let write = "UPDATE message_stats SET char_count = 99 WHERE guild_id = 2";
    sql(copying.source(), guild(2), write).unwrap();
    let noted = "SELECT count(*) FROM captured_message_stats";
    let noted: i64 = copying
        .source()
        .read(|db| db.query_row(noted, [], |row| row.get(0)))
        .unwrap();
    assert_eq!(noted, 0, "neither for this guild nor for the other");
    copying.happen(Event::SourceRestarts);
    copying.happen(Event::Change(Change::Update(1_000_003)));
    assert_eq!(copying.source().captured_keys(guild(1)).unwrap(), 1);
    // Starting it again for the same move changes nothing; another move begins afresh.
    copying.source().start_capture(guild(1), EPOCH, MOVE).unwrap();
    assert_eq!(copying.source().captured_keys(guild(1)).unwrap(), 1);
    let other = MoveId::new(uuid::Uuid::from_u128(8));
    copying.source().start_capture(guild(2), EPOCH, other).unwrap();
    copying.source().start_capture(guild(1), EPOCH, other).unwrap();
    assert_eq!(copying.source().captured_keys(guild(1)).unwrap(), 0);
    copying.source().stop_capture(guild(1), MOVE).unwrap();
    assert!(
        copying.source().capture(guild(1)).unwrap().is_some(),
        "another move's is left alone"
    );
    copying.source().stop_capture(guild(1), other).unwrap();
    assert!(
        leftovers(&copying.place.path("source")) > 0,
        "guild 2 is still captured"
    );
    copying.source().stop_capture(guild(2), other).unwrap();
    assert_eq!(leftovers(&copying.place.path("source")), 0);
}

#[test]
fn changes_that_do_not_follow_on_the_copy_are_refused() {
    let mut copying = Copying::begin(&[Change::Update(1_000_003)]);
    let first = copying.source().close_round(guild(1), MOVE).unwrap().unwrap();
    let early = copying.delta(first);
    copying.import(&early, 1).apply_delta(100).unwrap();
    copying.source().settle_rounds(guild(1), MOVE, first).unwrap();
    copying.happen(Event::Change(Change::Update(2_000_006)));
    let second = copying.source().close_round(guild(1), MOVE).unwrap().unwrap();
    let late = copying.delta(second);
    // The target's file is put back to before the first round.
    copying
        .target
        .writer()
        .write_blocking("restore", |tx| {
            Ok(tx
                .shard()
                .execute("UPDATE import_progress SET delta_round = 0", [])?)
        })
        .unwrap();
    let refused = copying.import(&late, 1).apply_delta(100).unwrap_err();
    assert!(
        matches!(
            refused,
            ImportError::RoundsMissing {
                since: 1,
                here: Some(0)
            }
        ),
        "{refused:?}"
    );
    copying.import(&early, 1).apply_delta(100).unwrap();
    copying.import(&late, 1).apply_delta(100).unwrap();
    // A round that comes once more changes nothing.
    copying.import(&early, 1).apply_delta(100).unwrap();
    copying.source().settle_rounds(guild(1), MOVE, second).unwrap();
    copying.end();
}

#[test]
fn only_a_served_guild_is_captured() {
    let place = Place::new();
    place.shard("a");
    let a = open(&place.path("a"));
    assert!(matches!(
        a.start_capture(guild(1), EPOCH, MOVE),
        Err(WriteError::Refused { .. })
    ));
    born(&a, guild(1));
    assert!(matches!(
        a.start_capture(guild(1), NEXT, MOVE),
        Err(WriteError::Refused { .. })
    ));
    assert!(guild_table("message_stats").is_some());
}
