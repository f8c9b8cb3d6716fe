//! What nobody can do, whatever connects to PostgreSQL.

use modbot::domain::digest::GuildDigest;
use modbot::domain::guild_move::{Cut, Stage, Write};
use modbot::domain::move_step::MoveStep;
use modbot::store::config_db::{By, ConfigDb, FlipOutcome, MoveRow, NewMove, StoreError, WriteNote};

use super::{TTL, by, guild, pod, start};
use crate::support::postgres::{TestDb, open};

async fn refused(url: &str, sql: &'static str) -> String {
    let mut connection = crate::support::postgres::psql(url).await;
    sqlx::raw_sql(sql)
        .execute(&mut connection)
        .await
        .unwrap_err()
        .to_string()
}

fn to(n: u32, g: u64) -> NewMove {
    NewMove::of(guild(g), pod(n), 1_000)
}

/// Takes a move one step on from where it is.
async fn write(db: &ConfigDb, new: &NewMove, write: Write) -> MoveRow {
    let from = db.get_move(new.move_id).await.unwrap().value.stage().unwrap();
    let done = db
        .write_move(new.move_id, from, &write, WriteNote::default(), &by("a"))
        .await;
    done.unwrap().value
}

async fn verified(db: &ConfigDb, new: &NewMove) -> Stage {
    db.plan_move(new, &by("a")).await.unwrap();
    let cut = Cut {
        digest: GuildDigest::from_bytes([7; 32]),
        rows: 3,
    };
    for step in [Write::Prepare, Write::Freeze, Write::Verify(cut)] {
        write(db, new, step).await;
    }
    db.get_move(new.move_id).await.unwrap().value.stage().unwrap()
}

fn abort() -> Write {
    Write::Abort { why: "a test".into() }
}

#[tokio::test]
async fn an_owner_changes_with_a_flip_and_not_otherwise() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    start(&db, 0, TTL).await;
    db.place(&[guild(1)], &by("a")).await.unwrap();
    let dst_life = start(&db, 1, TTL).await;
    for sql in [
        "update guild set pod_id = 1",
        "update guild set epoch = epoch + 1",
        "update guild set pod_id = 1, epoch = epoch + 1",
        "update guild set epoch = 0",
    ] {
        assert!(
            refused(&server.url(), sql).await.contains("without a move"),
            "{sql}"
        );
    }
    for sql in [
        "delete from guild",
        "delete from audit",
        "update audit set actor = 'me'",
        "truncate audit",
    ] {
        assert!(refused(&server.url(), sql).await.contains("append-only"), "{sql}");
    }
    let new = to(1, 1);
    let stage = verified(&db, &new).await;
    // Before the flip the target starts anew: what was verified may be gone.
    db.detach(pod(1), dst_life).await.unwrap();
    start(&db, 1, TTL).await;
    let refused_flip = db.flip_move(new.move_id, stage, &by("a")).await.unwrap().value;
    assert!(
        matches!(refused_flip, FlipOutcome::LivesChanged { .. }),
        "{refused_flip:?}"
    );
    assert_eq!(db.guild(guild(1)).await.unwrap().value.unwrap().pod, pod(0));

    write(&db, &new, abort()).await;
    let again = to(1, 1);
    let stage = verified(&db, &again).await;
    db.flip_move(again.move_id, stage, &by("a")).await.unwrap();
    let row = db.guild(guild(1)).await.unwrap().value.unwrap();
    assert_eq!((row.pod, row.epoch.get()), (pod(1), 2));
    // A second driver that comes late, and a thaw that comes late: both learn where the move is.
    let late = db.flip_move(again.move_id, stage, &by("b")).await.unwrap().value;
    assert!(matches!(late, FlipOutcome::Row(row) if row.active.step == MoveStep::Flipped));
    let thaw = Write::Thaw { why: "late".into() };
    for write in [thaw, abort()] {
        let late = db
            .write_move(again.move_id, stage, &write, WriteNote::default(), &by("b"))
            .await;
        assert_eq!(late.unwrap().value.active.step, MoveStep::Flipped);
    }
    assert_eq!(db.guild(guild(1)).await.unwrap().value.unwrap().pod, pod(1));
}

#[tokio::test]
async fn of_moves_planned_at_once_one_is() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    start(&db, 0, TTL).await;
    db.place(&[guild(1)], &by("a")).await.unwrap();
    start(&db, 1, TTL).await;
    let planners: Vec<_> = (0..8)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move { db.plan_move(&to(1, 1), &by("a")).await.map(|_| ()) })
        })
        .collect();
    let mut planned = 0;
    for planner in planners {
        match planner.await.unwrap() {
            Ok(()) => planned += 1,
            Err(other) => assert!(matches!(other, StoreError::MoveActive { .. }), "{other}"),
        }
    }
    assert_eq!(planned, 1);
    // And below our code, the index.
    let sql = "insert into move (move_id, guild_id, src, src_incarnation, dst, dst_incarnation, epoch, pause_budget_ms, actor)
               values ('00000000-0000-0000-0000-000000000001', 1, 0, 1, 1, 1, 2, 1, 'psql')";
    assert!(
        refused(&server.url(), sql)
            .await
            .contains("move_one_active_per_guild")
    );
}

#[tokio::test]
async fn a_dry_run_leaves_every_table_as_it_was() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    start(&db, 0, TTL).await;
    db.place(&[guild(1)], &by("a")).await.unwrap();
    start(&db, 1, TTL).await;
    let before = crate::support::postgres::contents(&server.url()).await;
    let dry = By {
        dry_run: true,
        ..by("a")
    };
    db.place(&[guild(2)], &dry)
        .await
        .unwrap()
        .value
        .remove(0)
        .unwrap();
    db.assign(guild(3), pod(1), &dry).await.unwrap();
    db.set_pinned(guild(1), true, &dry).await.unwrap();
    db.set_pod_state(pod(0), modbot::domain::fleet::PodState::Draining, &dry)
        .await
        .unwrap();
    db.plan_move(&to(1, 1), &dry).await.unwrap();
    db.declare_pod(pod(9), 100, &dry).await.unwrap();
    assert_eq!(crate::support::postgres::contents(&server.url()).await, before);
    db.set_pinned(guild(1), true, &by("a")).await.unwrap();
    assert_ne!(crate::support::postgres::contents(&server.url()).await, before);
}
