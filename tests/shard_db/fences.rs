//! Who may write: every write reads its guild's fence in its own savepoint.

use modbot::domain::fence::{Access, FenceChange, FenceMode, FenceRefusal, Position};
use modbot::domain::ids::{Epoch, GuildId, MoveId, Revision, SessionNo};
use modbot::store::shard_db::{Seen, ShardDb, WriteError};

use super::rows::plain_rows;
use super::shards::{EPOCH, Place, born, dump, guild, open, write_rows};

const MOVE: MoveId = MoveId::new(uuid::Uuid::from_u128(7));

fn e(number: u64) -> Epoch {
    Epoch::new(number)
}

fn change(db: &ShardDb, command: FenceChange) -> Result<(), FenceRefusal> {
    let done = db
        .writer()
        .write_blocking("change", move |tx| tx.change_fence(guild(1), &command).map(drop));
    refusal(done)
}

fn refusal<T>(done: Result<T, WriteError>) -> Result<T, FenceRefusal> {
    done.map_err(|error| match error {
        WriteError::Refused { refusal, .. } => refusal,
        other => panic!("{other:?}"),
    })
}

/// Writes one row under an access.
fn write(db: &ShardDb, access: Access) -> Result<(), FenceRefusal> {
    refusal(db.writer().write_blocking("write", move |tx| {
        let sql = "INSERT OR REPLACE INTO honeypot_config (guild_id, channel_id) VALUES (1, 1)";
        tx.guild(guild(1), access)?.connection().execute(sql, [])?;
        Ok(())
    }))
}

fn freeze(freeze_no: u64) -> FenceChange {
    FenceChange::Freeze {
        epoch: EPOCH,
        move_id: MOVE,
        freeze_no,
    }
}

#[test]
fn each_mode_lets_its_own_writes_through() {
    let place = Place::new();
    let db = open(&place.shard("a"));
    let serve = |epoch| Access::Serve { epoch: e(epoch) };
    assert_eq!(write(&db, serve(5)), Err(FenceRefusal::NoFence));
    assert_eq!(write(&db, Access::Settle), Err(FenceRefusal::NoFence));

    born(&db, guild(1));
    write(&db, serve(5)).unwrap();
    let clean = |epoch| db.clean_some(guild(1), e(epoch), 10);
    assert!(clean(5).is_err(), "rows that are served are never deleted");
    assert_eq!(
        write(&db, serve(4)),
        Err(FenceRefusal::StaleEpoch {
            asked: e(4),
            fence: e(5)
        })
    );
    assert_eq!(
        write(&db, serve(6)),
        Err(FenceRefusal::Behind {
            asked: e(6),
            fence: e(5)
        })
    );

    change(&db, freeze(1)).unwrap();
    assert_eq!(
        write(&db, serve(5)),
        Err(FenceRefusal::Mode {
            mode: FenceMode::Frozen
        })
    );
    write(&db, Access::Settle).unwrap();
    assert!(clean(5).is_err(), "nor those of a frozen guild");

    change(&db, FenceChange::GivenAway { epoch: e(6) }).unwrap();
    assert_eq!(
        write(&db, serve(6)),
        Err(FenceRefusal::Mode {
            mode: FenceMode::Tombstone
        })
    );
    assert!(
        matches!(clean(5), Err(WriteError::Refused { .. })),
        "another stay's tombstone"
    );
    assert_eq!(clean(6).unwrap(), 1);
}

#[test]
fn an_import_lets_through_its_own_move_alone() {
    let place = Place::new();
    let db = open(&place.shard("a"));
    let import = Access::Import {
        epoch: e(7),
        move_id: MOVE,
    };
    let begin = FenceChange::Import {
        epoch: e(7),
        move_id: MOVE,
        freeze_no: 0,
    };
    change(&db, begin).unwrap();
    assert_eq!(
        write(&db, Access::Serve { epoch: e(7) }),
        Err(FenceRefusal::Mode {
            mode: FenceMode::Importing
        })
    );
    write(&db, import).unwrap();
    let other = Access::Import {
        epoch: e(7),
        move_id: MoveId::new(uuid::Uuid::nil()),
    };
    assert_eq!(
        write(&db, other),
        Err(FenceRefusal::OtherMove { holder: Some(MOVE) })
    );
    assert!(matches!(
        db.clean_some(guild(1), e(7), 10),
        Err(WriteError::Refused { .. })
    ));
}

#[test]
fn late_and_repeated_commands_change_nothing() {
    let place = Place::new();
    let db = open(&place.shard("a"));
    born(&db, guild(1));
    let thaw = |freeze_no| FenceChange::Thaw {
        epoch: EPOCH,
        move_id: MOVE,
        freeze_no,
    };
    change(&db, freeze(1)).unwrap();
    change(&db, freeze(1)).unwrap();
    change(&db, thaw(1)).unwrap();
    // The first freeze arrives once more, after its thaw: no move waits for it.
    assert_eq!(
        change(&db, freeze(1)),
        Err(FenceRefusal::StaleCommand { asked: 1, fence: 1 })
    );
    write(&db, Access::Serve { epoch: EPOCH }).unwrap();
    change(&db, freeze(2)).unwrap();
    assert_eq!(
        change(&db, thaw(1)),
        Err(FenceRefusal::StaleCommand { asked: 1, fence: 2 })
    );
    assert!(write(&db, Access::Serve { epoch: EPOCH }).is_err());
    // All of it is in the file.
    drop(db);
    let db = open(&place.path("a"));
    assert_eq!(
        change(&db, freeze(1)),
        Err(FenceRefusal::StaleCommand { asked: 1, fence: 2 })
    );
}

#[test]
fn a_transaction_is_for_one_guild() {
    let place = Place::new();
    let db = open(&place.shard("a"));
    born(&db, guild(1));
    born(&db, guild(2));
    let done = db.writer().write_blocking("two", |tx| {
        tx.guild(guild(1), Access::Serve { epoch: EPOCH })?;
        tx.guild(guild(2), Access::Serve { epoch: EPOCH })?;
        Ok(())
    });
    assert!(matches!(done, Err(WriteError::SecondGuild { .. })), "{done:?}");
    assert_eq!(
        db.fence(guild(1)).unwrap().unwrap().progress.writes,
        0,
        "and nothing of it was kept"
    );
}

/// Applies a frame as an owner does: once, with its effect and the cursor in one transaction.
fn apply(db: &ShardDb, guild: GuildId, session: u64, seq: u64) -> Seen {
    db.writer()
        .write_blocking("frame", move |tx| {
            let rows = tx.guild(guild, Access::Serve { epoch: EPOCH })?;
            let position = Position { session_no: SessionNo::new(session), seq };
            if rows.advance(3, position) == Seen::Before {
                return Ok(Seen::Before);
            }
            let sql = "INSERT INTO mod_actions (guild_id, id, user_id, action_type, created_at) VALUES (?1, ?2, 1, 'ban', 0)";
            rows.connection().execute(sql, (guild.as_i64(), position.to_string()))?;
            Ok(Seen::New)
        })
        .unwrap()
}

#[test]
fn a_frame_is_applied_once_and_moves_the_cursor_with_its_effect() {
    let place = Place::new();
    let db = open(&place.shard("a"));
    born(&db, guild(1));
    // A later session begins at 1 again and is later all the same.
    for (session, seq, seen) in [
        (1, 5, Seen::New),
        (1, 5, Seen::Before),
        (1, 4, Seen::Before),
        (1, 9, Seen::New),
        (2, 1, Seen::New),
        (1, 10, Seen::Before),
        (2, 2, Seen::New),
    ] {
        assert_eq!(apply(&db, guild(1), session, seq), seen, "{session}:{seq}");
    }
    let progress = db.fence(guild(1)).unwrap().unwrap().progress;
    assert_eq!(
        (progress.shard_id, progress.position.to_string().as_str()),
        (3, "2:2")
    );
    let effects = dump(&place.path("a"), |_| true)
        .iter()
        .filter(|line| line.starts_with("mod_actions"))
        .count();
    assert_eq!(effects, 4);

    // A frame whose handler fails moves nothing.
    let failed = db.writer().write_blocking("frame", |tx| {
        let rows = tx.guild(guild(1), Access::Serve { epoch: EPOCH })?;
        assert_eq!(
            rows.advance(
                3,
                Position {
                    session_no: SessionNo::new(2),
                    seq: 3
                }
            ),
            Seen::New
        );
        assert_eq!(rows.advance_cross_rev(Revision::new(4)), Seen::New);
        Err::<(), _>(WriteError::rejected("the handler"))
    });
    assert!(matches!(failed, Err(WriteError::Rejected(_))));
    assert_eq!(db.fence(guild(1)).unwrap().unwrap().progress, progress);
}

/// The file as it was is put back after the guild went and came again: nothing in it passes for the newest.
#[test]
fn an_older_copy_of_the_file_serves_nothing() {
    let place = Place::new();
    let db = open(&place.shard("a"));
    born(&db, guild(1));
    write_rows(&db, guild(1), plain_rows(guild(1), 50));
    assert!(db.checkpoint().unwrap());
    drop(db);
    std::fs::copy(place.path("a"), place.path("backup")).unwrap();

    let db = open(&place.path("a"));
    change(&db, FenceChange::GivenAway { epoch: e(6) }).unwrap();
    while db.clean_some(guild(1), e(6), 10).unwrap() > 0 {}
    change(
        &db,
        FenceChange::Import {
            epoch: e(7),
            move_id: MOVE,
            freeze_no: 0,
        },
    )
    .unwrap();
    drop(db);
    for name in ["a-wal", "a-shm"] {
        let _ = std::fs::remove_file(place.path(name));
    }
    std::fs::copy(place.path("backup"), place.path("a")).unwrap();

    // The store says: yours, at epoch 7. The file knows epoch 5 only.
    let db = open(&place.path("a"));
    assert_eq!(
        write(&db, Access::Serve { epoch: e(7) }),
        Err(FenceRefusal::Behind {
            asked: e(7),
            fence: e(5)
        })
    );
    let import = Access::Import {
        epoch: e(7),
        move_id: MOVE,
    };
    assert!(write(&db, import).is_err());
    assert!(matches!(
        change(&db, FenceChange::Born { epoch: e(7) }),
        Err(FenceRefusal::BornBefore { .. })
    ));
    assert!(change(&db, FenceChange::Raise { from: e(7), to: e(8) }).is_err());
    assert!(matches!(
        db.clean_some(guild(1), e(6), 10),
        Err(WriteError::Refused { .. })
    ));
    // A guild that came after the copy was made is not there, and nothing takes it for a new one by itself.
    assert_eq!(
        refusal(db.writer().write_blocking("2", |tx| {
            tx.guild(guild(2), Access::Serve { epoch: e(7) }).map(drop)
        })),
        Err(FenceRefusal::NoFence)
    );
}
