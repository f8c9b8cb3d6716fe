//! Many writes in one transaction: neighbours do not hurt each other, and nobody hears before the fsync.

use std::sync::mpsc;

use modbot::domain::fence::{Access, FenceChange, FenceMode, FenceRefusal};
use modbot::domain::ids::MoveId;
use modbot::store::shard_db::{Settings, ShardDb, WriteError, WriterSettings};
use tokio::sync::oneshot;

use super::shards::{EPOCH, Place, born, guild, open, try_open};

/// Holds the writer inside a transaction until it is let go.
fn hold(db: &ShardDb) -> (mpsc::Sender<()>, oneshot::Receiver<Result<(), WriteError>>) {
    let (go, wait) = mpsc::channel::<()>();
    let (inside, is_inside) = mpsc::channel::<()>();
    let answer = submit(db, move |_| {
        inside.send(()).unwrap();
        wait.recv().unwrap();
        Ok(())
    });
    is_inside.recv().unwrap();
    (go, answer)
}

fn submit<T: Send + 'static>(
    db: &ShardDb,
    work: impl FnOnce(&modbot::store::shard_db::WriteTx<'_>) -> Result<T, WriteError> + Send + 'static,
) -> oneshot::Receiver<Result<T, WriteError>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(db.writer().submit("test", work)).unwrap()
}

fn add(db: &ShardDb, number: u64, channel: i64) -> oneshot::Receiver<Result<(), WriteError>> {
    submit(db, move |tx| {
        let rows = tx.guild(guild(number), Access::Serve { epoch: EPOCH })?;
        let sql = "INSERT INTO honeypot_config (guild_id, channel_id) VALUES (?1, ?2)";
        rows.connection()
            .execute(sql, (guild(number).as_i64(), channel))?;
        Ok(())
    })
}

fn channels(db: &ShardDb) -> Vec<(i64, i64)> {
    db.read(|db| {
        db.prepare("SELECT guild_id, channel_id FROM honeypot_config")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<Vec<_>>>()
    })
    .unwrap()
}

/// Writes a row and then thinks better of it.
fn fails_halfway(db: &ShardDb) -> oneshot::Receiver<Result<(), WriteError>> {
    submit(db, |tx| {
        let rows = tx.guild(guild(2), Access::Serve { epoch: EPOCH })?;
        rows.connection().execute(
            "INSERT INTO honeypot_config (guild_id, channel_id) VALUES (2, 98)",
            [],
        )?;
        Err::<(), _>(WriteError::rejected("thought better of it"))
    })
}

/// Writes a row and then panics.
fn panics(db: &ShardDb) -> oneshot::Receiver<Result<(), WriteError>> {
    submit(db, |tx| -> Result<(), WriteError> {
        tx.shard().execute(
            "INSERT INTO honeypot_config (guild_id, channel_id) VALUES (2, 99)",
            [],
        )?;
        panic!("poison")
    })
}

#[test]
fn neighbours_in_one_transaction_do_not_hurt_each_other() {
    let place = Place::new();
    let db = open(&place.shard("a"));
    born(&db, guild(1));
    born(&db, guild(2));
    let (go, held) = hold(&db);
    let first = add(&db, 1, 1);
    let fails_halfway = fails_halfway(&db);
    let panics = panics(&db);
    let bad_sql = submit(&db, |tx| {
        Ok(tx.shard().execute("INSERT INTO nowhere VALUES (1)", [])?)
    });
    let freeze = submit(&db, |tx| {
        let move_id = MoveId::new(uuid::Uuid::nil());
        tx.change_fence(
            guild(1),
            &FenceChange::Freeze {
                epoch: EPOCH,
                move_id,
                freeze_no: 1,
            },
        )
    });
    // Behind the freeze, in the same transaction.
    let behind = add(&db, 1, 2);
    let last = add(&db, 2, 3);
    go.send(()).unwrap();

    held.blocking_recv().unwrap().unwrap();
    first.blocking_recv().unwrap().unwrap();
    assert!(matches!(
        fails_halfway.blocking_recv().unwrap(),
        Err(WriteError::Rejected(_))
    ));
    assert!(matches!(panics.blocking_recv().unwrap(), Err(WriteError::Panicked(text)) if text == "poison"));
    assert!(matches!(
        bad_sql.blocking_recv().unwrap(),
        Err(WriteError::Sqlite(_))
    ));
    freeze.blocking_recv().unwrap().unwrap();
    let refused = behind.blocking_recv().unwrap();
    assert!(
        matches!(
            refused,
            Err(WriteError::Refused {
                refusal: FenceRefusal::Mode {
                    mode: FenceMode::Frozen
                },
                ..
            })
        ),
        "{refused:?}"
    );
    last.blocking_recv().unwrap().unwrap();
    assert_eq!(channels(&db), [(1, 1), (2, 3)]);
    let writes = |number| db.fence(guild(number)).unwrap().unwrap().progress.writes;
    assert_eq!(
        (writes(1), writes(2)),
        (1, 1),
        "what was taken back is not counted"
    );
}

#[test]
fn nobody_is_answered_before_the_commit_of_a_slow_neighbour() {
    let place = Place::new();
    let db = open(&place.shard("a"));
    born(&db, guild(1));
    // The first transaction is held open so that the next one takes both of ours in.
    let (go_first, _) = hold(&db);
    let mut quick = add(&db, 1, 1);
    let (inside, is_inside) = mpsc::channel();
    let (go_slow, wait) = mpsc::channel::<()>();
    let slow = submit(&db, move |_| {
        inside.send(()).unwrap();
        wait.recv().unwrap();
        Ok(())
    });
    let mut refused = add(&db, 2, 1);
    go_first.send(()).unwrap();
    is_inside.recv().unwrap();
    assert!(
        quick.try_recv().is_err(),
        "done, but neither committed nor synced"
    );
    assert_eq!(channels(&db), []);
    assert!(refused.try_recv().is_err());
    go_slow.send(()).unwrap();
    slow.blocking_recv().unwrap().unwrap();
    quick.blocking_recv().unwrap().unwrap();
    assert!(matches!(
        refused.blocking_recv().unwrap(),
        Err(WriteError::Refused { .. })
    ));
    assert_eq!(channels(&db), [(1, 1)]);
}

#[test]
fn a_transaction_takes_in_only_so_much() {
    let place = Place::new();
    let writer = WriterSettings {
        max_batch: 3,
        ..WriterSettings::default()
    };
    let db = try_open(
        &place.shard("a"),
        Settings {
            writer,
            ..Settings::default()
        },
    )
    .unwrap();
    born(&db, guild(1));
    let (go, _held) = hold(&db);
    let early: Vec<_> = (1..=2).map(|channel| add(&db, 1, channel)).collect();
    let (inside, is_inside) = mpsc::channel();
    let (go_later, wait) = mpsc::channel::<()>();
    // The third after the held one: for the next transaction.
    let later = submit(&db, move |_| {
        inside.send(()).unwrap();
        wait.recv().unwrap();
        Ok(())
    });
    go.send(()).unwrap();
    is_inside.recv().unwrap();
    for answer in early {
        answer.blocking_recv().unwrap().unwrap();
    }
    assert_eq!(
        channels(&db),
        [(1, 1), (1, 2)],
        "committed though the next is under way"
    );
    go_later.send(()).unwrap();
    later.blocking_recv().unwrap().unwrap();
}

#[test]
fn closing_finishes_what_is_queued() {
    let place = Place::new();
    let db = open(&place.shard("a"));
    born(&db, guild(1));
    let (go, _held) = hold(&db);
    let queued: Vec<_> = (1..=50).map(|channel| add(&db, 1, channel)).collect();
    let writer = db.writer().clone();
    let closing = std::thread::spawn(move || drop(db));
    go.send(()).unwrap();
    closing.join().unwrap();
    for answer in queued {
        answer.blocking_recv().unwrap().unwrap();
    }
    let late = writer.write_blocking("late", |_| Ok(()));
    assert!(matches!(late, Err(WriteError::Stopped(_))), "{late:?}");
    assert_eq!(channels(&open(&place.path("a"))).len(), 50);
}
