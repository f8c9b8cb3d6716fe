//! The owner in a fleet: sessions that change hosts, frames that other pods bring.

use super::*;
use crate::client::config_api::Cursor;
use crate::domain::fence::Position;
use crate::domain::ids::PodId;
use crate::gateway_service::guilds::{Guilds, Known};

fn at(session_no: u64, seq: u64) -> Position {
    Position {
        session_no: SessionNo::new(session_no),
        seq,
    }
}

fn hosting(host_epoch: u64, cursor: Option<(u64, u64)>) -> Hosting {
    Hosting {
        host_epoch: Epoch::new(host_epoch),
        cursor: cursor.map(|(session_no, resume_at)| Cursor {
            session_no: SessionNo::new(session_no),
            session_id: format!("session {session_no}"),
            resume_url: "wss://x".to_owned(),
            resume_at,
        }),
    }
}

fn in_fleet(path: &Path, known: &[(u64, u32, bool)]) -> (Owner, Arc<Guilds>) {
    let pod = |ordinal| PodId::new(ordinal).unwrap();
    let guilds = Arc::new(Guilds::new(pod(0)));
    for (id, owner, born) in known {
        let known = Known {
            pod: pod(*owner),
            epoch: Epoch::new(1),
            born: *born,
            troubled: false,
        };
        guilds.learn(guild(*id), known);
    }
    let alone = open(path, Limits::default());
    let shards = NumShards::new(SHARDS).unwrap();
    let ownership = Ownership::Fleet(Arc::clone(&guilds));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let owner = Owner::new(alone.db, ownership, shards, Limits::default(), clock);
    (owner, guilds)
}

fn delivered(seq: u64, id: u64) -> Delivered {
    Delivered {
        shard: NumShards::new(SHARDS).unwrap().shard(1).unwrap(),
        at: at(1, seq),
        frame: Frame::read(message(seq, id)).unwrap().unwrap(),
        too_large: None,
    }
}

#[tokio::test]
async fn a_session_is_resumed_from_the_file_only_under_the_host_epoch_it_was_held_under() {
    let dir = tempfile::tempdir().unwrap();
    let (owner, _) = in_fleet(&dir.path().join("shard.db"), &[]);
    let shard = NumShards::new(SHARDS).unwrap().shard(1).unwrap();
    let take = async |hosting| {
        let taken = owner.take_over(shard, hosting).await;
        taken.map(|row| (row.cursor, row.session_id))
    };
    let named = |number: u64| Some(format!("session {number}"));
    // Never held here, and never begun anywhere: nothing to resume.
    assert_eq!(take(hosting(1, None)).await.unwrap(), (at(0, 0), None));
    // Dealt to this pod with another's session.
    assert_eq!(
        take(hosting(3, Some((2, 40)))).await.unwrap(),
        (at(2, 40), named(2))
    );
    // A restart: config's copy lags, the file is the truth.
    assert_eq!(
        take(hosting(3, Some((2, 10)))).await.unwrap(),
        (at(2, 40), named(2))
    );
    // Another pod went on with it meanwhile.
    assert_eq!(
        take(hosting(5, Some((2, 90)))).await.unwrap(),
        (at(2, 90), named(2))
    );
    // And began a session that died with it: the position stays, so that the gap begins there.
    assert_eq!(take(hosting(7, None)).await.unwrap(), (at(2, 90), None));
    // Config is behind this file: nothing is resumed.
    assert!(take(hosting(6, Some((2, 10)))).await.is_err());
}

#[tokio::test]
async fn brought_frames_are_kept_all_or_none_once_and_only_for_guilds_served_here() {
    let dir = tempfile::tempdir().unwrap();
    let (owner, guilds) = in_fleet(
        &dir.path().join("shard.db"),
        &[(5, 0, true), (6, 1, true), (7, 0, false)],
    );
    let begin = |tx: &WriteTx<'_>| {
        let epoch = Epoch::new(1);
        tx.change_fence(guild(5), &FenceChange::Born { epoch }).map(drop)
    };
    owner.db.writer().write("born", begin).await.unwrap();
    let bring = async |id, seqs: &[u64]| {
        let frames = seqs.iter().map(|seq| delivered(*seq, id)).collect();
        owner.deliver(guild(id), frames).await.unwrap()
    };
    let count = || -> i64 {
        let sql = "SELECT count(*) FROM message_stats";
        let counted = |connection: &rusqlite::Connection| connection.query_row(sql, [], |row| row.get(0));
        owner.db.read(counted).unwrap()
    };
    assert_eq!(bring(5, &[10, 11, 12]).await, Delivery::Kept(at(1, 12)));
    // The answer was lost, and the host sends again, from before and beyond.
    assert_eq!(bring(5, &[11, 12, 13]).await, Delivery::Kept(at(1, 13)));
    assert_eq!(count(), 4);
    assert_eq!(bring(6, &[14]).await, Delivery::NotOwned);
    assert_eq!(
        bring(7, &[15]).await,
        Delivery::NotServed,
        "config has not heard of it"
    );
    assert_eq!(
        bring(8, &[16]).await,
        Delivery::NotServed,
        "nobody has been asked"
    );
    let freeze = |tx: &WriteTx<'_>| {
        let change = FenceChange::Freeze {
            epoch: Epoch::new(1),
            move_id: MoveId::new(uuid::Uuid::from_u128(9)),
            freeze_no: 1,
        };
        tx.change_fence(guild(5), &change).map(drop)
    };
    owner.db.writer().write("freeze", freeze).await.unwrap();
    assert_eq!(bring(5, &[17]).await, Delivery::NotServed);
    guilds.forget(guild(5));
    assert_eq!(bring(5, &[18]).await, Delivery::NotServed);
    assert_eq!(count(), 4);
}

#[tokio::test]
async fn stored_frames_go_when_their_owner_has_kept_them_and_no_others_do() {
    let dir = tempfile::tempdir().unwrap();
    let (owner, _) = in_fleet(&dir.path().join("shard.db"), &[(6, 1, true)]);
    let shard = NumShards::new(SHARDS).unwrap().shard(1).unwrap();
    owner.take_over(shard, hosting(1, Some((1, 1)))).await.unwrap();
    for seq in 2..=9 {
        let arrival = Arrival {
            shard,
            session_no: SessionNo::new(1),
            after: seq - 1,
            frame: Frame::read(message(seq, 6)).unwrap().unwrap(),
        };
        let answer = owner.submit(arrival).await.unwrap().await.unwrap();
        assert_eq!(answer.unwrap(), Outcome::Stored(StoredBecause::Elsewhere));
    }
    let waiting = async || {
        let frames = owner
            .waiting_frames(vec![guild(6)], u64::MAX)
            .await
            .unwrap()
            .frames;
        frames.iter().map(|frame| frame.at.seq).collect::<Vec<_>>()
    };
    assert_eq!(owner.waiting_guilds().await.unwrap(), [guild(6)]);
    assert_eq!(waiting().await, (2..=9).collect::<Vec<_>>());
    let first = owner.waiting_frames(vec![guild(6)], 1).await.unwrap().frames;
    assert_eq!(first.len(), 1, "at least one, however large");
    owner.kept_elsewhere(guild(6), at(1, 5)).await.unwrap();
    assert_eq!(waiting().await, [6, 7, 8, 9]);
    assert_eq!(owner.waiting_of_shard(shard).await.unwrap(), 4);
    owner.kept_elsewhere(guild(6), at(1, 9)).await.unwrap();
    assert_eq!(owner.waiting_guilds().await.unwrap(), []);
}
