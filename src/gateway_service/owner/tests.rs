//! The owner over a real file: frames in, rows out, killed between.

mod fleet;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::domain::fence::{FenceChange, FenceMode};
use crate::domain::ids::{Epoch, GuildId, MoveId};
use crate::runtime::clock::SystemClock;
use crate::store::shard_db::{self, Settings};

const SHARDS: u32 = 2;

struct Pod {
    owner: Owner,
    path: PathBuf,
    shard: DiscordShardId,
    session_no: SessionNo,
    last: u64,
}

fn guild(number: u64) -> GuildId {
    GuildId::new(number).unwrap()
}

fn open(path: &Path, limits: Limits) -> Owner {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    if !path.exists() {
        shard_db::create(path, &SystemClock).unwrap();
    }
    let db = ShardDb::open(path, Settings::default(), Arc::clone(&clock)).unwrap();
    let shards = NumShards::new(SHARDS).unwrap();
    Owner::new(Arc::new(db), Ownership::Everything, shards, limits, clock)
}

impl Pod {
    async fn start(path: &Path, limits: Limits) -> Self {
        let owner = open(path, limits);
        let shard = NumShards::new(SHARDS).unwrap().shard(1).unwrap();
        let cursor = owner.take_over(shard, Hosting::default()).await.unwrap().cursor;
        Self {
            owner,
            path: path.to_owned(),
            shard,
            session_no: cursor.session_no,
            last: cursor.seq,
        }
    }

    async fn hand_in(&mut self, raw: String) -> Answer {
        let frame = Frame::read(raw).unwrap().unwrap();
        if &*frame.name == "READY" {
            self.session_no = self.session_no.next();
        }
        let (after, seq) = (self.last, frame.seq);
        let (shard, session_no) = (self.shard, self.session_no);
        self.last = seq;
        let arrival = Arrival {
            shard,
            session_no,
            after,
            frame,
        };
        self.owner.submit(arrival).await.unwrap()
    }

    async fn take(&mut self, raw: String) -> Result<Outcome, WriteError> {
        self.hand_in(raw).await.await.unwrap()
    }

    async fn ready(&mut self) {
        assert_eq!(self.take(ready()).await.unwrap(), Outcome::SessionBegan);
    }

    fn count(&self, sql: &'static str) -> i64 {
        self.owner
            .db
            .read(|connection| connection.query_row(sql, [], |row| row.get(0)))
            .unwrap()
    }

    async fn change(&self, id: GuildId, change: FenceChange) {
        let work = move |tx: &WriteTx<'_>| tx.change_fence(id, &change).map(drop);
        self.owner.db.writer().write("fence", work).await.unwrap();
    }
}

fn ready() -> String {
    r#"{"t":"READY","s":1,"op":0,"d":{"session_id":"abc","resume_gateway_url":"wss://x","user":{"id":"4"},"guilds":[{"id":"5"}]}}"#
        .to_owned()
}

fn dispatch(seq: u64, name: &str, data: &str) -> String {
    format!(r#"{{"t":"{name}","s":{seq},"op":0,"d":{data}}}"#)
}

fn message(seq: u64, guild: u64) -> String {
    let id = 1_456_027_951_104_000_000 + seq;
    let data = format!(
        r#"{{"guild_id":"{guild}","id":"{id}","channel_id":"8","author":{{"id":"9"}},"content":"hi"}}"#
    );
    dispatch(seq, "MESSAGE_CREATE", &data)
}

#[tokio::test]
async fn frames_replayed_after_every_possible_crash_are_rows_exactly_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("shard.db");
    let mut pod = Pod::start(&path, Limits::default()).await;
    pod.ready().await;
    for killed_after in 2..=20 {
        // Killed: some frames were handed in, and nobody waited for their answers.
        let mut answers = Vec::new();
        for seq in pod.last + 1..=killed_after {
            answers.push(pod.hand_in(message(seq, 5 + seq % 2)).await);
        }
        drop(answers);
        drop(pod);
        pod = Pod::start(&path, Limits::default()).await;
        // Discord may replay from before the cursor too: what it holds is passed over.
        let cursor = pod.last;
        for seq in cursor.saturating_sub(3).max(2)..=cursor {
            pod.last = seq - 1;
            assert_eq!(
                pod.take(message(seq, 5 + seq % 2)).await.unwrap(),
                Outcome::Passed
            );
        }
        pod.last = cursor;
    }
    assert_eq!(pod.count("SELECT count(*) FROM message_stats"), 19);
    assert_eq!(pod.count("SELECT sum(writes) FROM guild_fence"), 19);
    assert_eq!(pod.count("SELECT seq FROM discord_session"), 20);
    assert_eq!(pod.count("SELECT count(*) FROM gap"), 0);
}

#[tokio::test]
async fn a_guild_that_is_ahead_of_its_session_takes_nothing_twice() {
    let dir = tempfile::tempdir().unwrap();
    let mut pod = Pod::start(&dir.path().join("shard.db"), Limits::default()).await;
    pod.ready().await;
    pod.take(message(2, 5)).await.unwrap();
    let reaction = dispatch(
        3,
        "MESSAGE_REACTION_ADD",
        r#"{"guild_id":"5","message_id":"1456027951104000002","user_id":"9"}"#,
    );
    pod.take(reaction.clone()).await.unwrap();
    // The session's row is older than the guild's: the host was restored, the guild was not.
    let older = |tx: &WriteTx<'_>| {
        Ok(tx
            .shard()
            .execute("UPDATE discord_session SET seq = 2", [])
            .map(drop)?)
    };
    pod.owner.db.writer().write("older", older).await.unwrap();
    pod.last = 2;
    assert_eq!(pod.take(reaction).await.unwrap(), Outcome::Repeated);
    assert_eq!(pod.count("SELECT react_count FROM message_stats"), 1);
    assert_eq!(pod.count("SELECT seq FROM discord_session"), 3);
}

#[tokio::test]
async fn after_a_frame_that_was_not_written_none_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut pod = Pod::start(&dir.path().join("shard.db"), Limits::default()).await;
    pod.ready().await;
    pod.last = 2;
    let error = pod.take(message(4, 5)).await.unwrap_err();
    assert!(matches!(error, WriteError::Rejected(_)), "{error:?}");
    assert_eq!(pod.count("SELECT seq FROM discord_session"), 1);
    assert_eq!(pod.count("SELECT count(*) FROM message_stats"), 0);
}

#[tokio::test]
async fn a_poison_frame_is_kept_aside_and_the_next_ones_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits {
        dead_frames: 2,
        ..Limits::default()
    };
    let mut pod = Pod::start(&dir.path().join("shard.db"), limits).await;
    pod.ready().await;
    let misfit = message(2, 5).replace(r#""hi""#, "7");
    let Outcome::Dead(why) = pod.take(misfit).await.unwrap() else {
        panic!("a dead frame");
    };
    assert!(
        why.starts_with("MESSAGE_CREATE does not fit at content: invalid type"),
        "{why}"
    );
    // A row that the file refuses: the handlers ran, and nothing of it stays.
    let refuse = |tx: &WriteTx<'_>| {
        let sql = "CREATE TEMP TRIGGER refuse BEFORE INSERT ON main.message_stats BEGIN SELECT RAISE(FAIL, 'poison'); END";
        Ok(tx.shard().execute_batch(sql)?)
    };
    pod.owner.db.writer().write("refuse", refuse).await.unwrap();
    let outcome = pod.take(message(3, 5)).await.unwrap();
    assert!(
        matches!(&outcome, Outcome::Dead(why) if why.contains("poison")),
        "{outcome:?}"
    );
    pod.take(message(4, 5)).await.unwrap();
    let drop_trigger = |tx: &WriteTx<'_>| Ok(tx.shard().execute_batch("DROP TRIGGER refuse")?);
    pod.owner.db.writer().write("allow", drop_trigger).await.unwrap();
    assert!(matches!(
        pod.take(message(5, 5)).await.unwrap(),
        Outcome::Applied(_)
    ));
    assert_eq!(pod.count("SELECT count(*) FROM message_stats"), 1);
    assert_eq!(pod.count("SELECT seq FROM guild_fence"), 5);
    // Only two are kept; the gap names the one that went.
    assert_eq!(pod.count("SELECT min(seq) FROM dead_frame"), 3);
    assert_eq!(
        pod.count("SELECT from_seq * 100 + to_seq FROM gap WHERE guild_id = 5"),
        102
    );
}

#[tokio::test]
async fn a_guild_that_is_not_served_gets_its_frames_later_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("shard.db");
    let mut pod = Pod::start(&path, Limits::default()).await;
    pod.ready().await;
    pod.take(message(2, 5)).await.unwrap();
    let (epoch, move_id, freeze_no) = (Epoch::new(1), MoveId::new(uuid::Uuid::from_u128(1)), 1);
    let freeze = FenceChange::Freeze {
        epoch,
        move_id,
        freeze_no,
    };
    pod.change(guild(5), freeze).await;
    for seq in 3..=4 {
        let outcome = pod.take(message(seq, 5)).await.unwrap();
        assert_eq!(outcome, Outcome::Stored(StoredBecause::NotServing));
    }
    let others = pod.take(message(5, 6)).await.unwrap();
    assert!(matches!(others, Outcome::Applied(_)), "others go on");
    assert_eq!(pod.owner.apply_backlog().await.unwrap(), 0, "still frozen");
    let path = pod.path.clone();
    drop(pod);

    let mut pod = Pod::start(&path, Limits::default()).await;
    let thaw = FenceChange::Thaw {
        epoch,
        move_id,
        freeze_no,
    };
    pod.change(guild(5), thaw).await;
    let edit = r#"{"guild_id":"5","id":"1456027951104000003","channel_id":"8","content":"three"}"#;
    let outcome = pod.take(dispatch(6, "MESSAGE_UPDATE", edit)).await.unwrap();
    assert_eq!(outcome, Outcome::Stored(StoredBecause::Behind));
    assert_eq!(
        pod.count("SELECT count(*) FROM message_stats WHERE guild_id = 5"),
        1
    );
    assert_eq!(pod.owner.apply_backlog().await.unwrap(), 3);
    assert_eq!(
        pod.count("SELECT count(*) FROM message_stats WHERE guild_id = 5"),
        3
    );
    assert_eq!(
        pod.count("SELECT char_count FROM message_stats WHERE message_id = 1456027951104000003"),
        5
    );
    assert_eq!(
        pod.count("SELECT count(*) + (SELECT sum(bytes) FROM forward_mark) FROM forward"),
        0
    );
    assert!(matches!(
        pod.take(message(7, 5)).await.unwrap(),
        Outcome::Applied(_)
    ));
}

#[tokio::test]
async fn what_waits_is_bounded_and_what_is_dropped_is_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits {
        forward_bytes: u64::try_from(message(10, 5).len()).unwrap() * 3,
        ..Limits::default()
    };
    let mut pod = Pod::start(&dir.path().join("shard.db"), limits).await;
    pod.ready().await;
    let born = FenceChange::Born { epoch: Epoch::new(1) };
    pod.change(guild(5), born).await;
    pod.change(guild(5), FenceChange::GivenAway { epoch: Epoch::new(2) })
        .await;
    for seq in 10..=19 {
        pod.take(message(seq, 5)).await.unwrap();
    }
    assert_eq!(pod.count("SELECT min(seq) * 100 + max(seq) FROM forward"), 1719);
    assert_eq!(pod.count("SELECT count(*) FROM gap"), 1);
    assert_eq!(
        pod.count("SELECT from_seq * 100 + to_seq FROM gap WHERE guild_id = 5"),
        916
    );
    let fence = pod.owner.db.fence(guild(5)).unwrap().unwrap();
    assert_eq!(
        (fence.state.mode, fence.progress.writes),
        (FenceMode::Tombstone, 0)
    );
}

#[tokio::test]
async fn a_new_session_leaves_a_gap_that_says_from_where_to_where() {
    let dir = tempfile::tempdir().unwrap();
    let mut pod = Pod::start(&dir.path().join("shard.db"), Limits::default()).await;
    pod.ready().await;
    assert_eq!(
        pod.count("SELECT count(*) FROM gap"),
        0,
        "before the first session there was nothing"
    );
    for seq in 2..=4 {
        pod.take(message(seq, 5)).await.unwrap();
    }
    pod.ready().await;
    assert_eq!(
        pod.count("SELECT from_session_no * 1000 + from_seq * 100 + to_session_no * 10 + to_seq FROM gap WHERE guild_id IS NULL"),
        1421
    );
    // The second session counts from 1 again, and the guild takes its frames: positions are ordered by session.
    assert!(matches!(
        pod.take(message(2, 5)).await.unwrap(),
        Outcome::Applied(_)
    ));
    assert_eq!(pod.count("SELECT session_no * 10 + seq FROM guild_fence"), 22);
}

#[tokio::test]
async fn names_settings_and_the_bots_own_id_are_known_to_the_handlers() {
    let dir = tempfile::tempdir().unwrap();
    let mut pod = Pod::start(&dir.path().join("shard.db"), Limits::default()).await;
    pod.ready().await;
    let create = r#"{"id":"5","channels":[{"id":"8","type":0,"name":"talk","parent_id":"7"},{"id":"7","type":4,"name":"Cat"}]}"#;
    assert_eq!(
        pod.take(dispatch(2, "GUILD_CREATE", create)).await.unwrap(),
        Outcome::Applied(3)
    );
    pod.take(message(3, 5)).await.unwrap();
    assert_eq!(
        pod.count("SELECT count(*) FROM message_stats WHERE channel_category = 'Cat'"),
        1
    );
    assert_eq!(
        pod.count("SELECT count(*) FROM message_cache"),
        0,
        "no deletion log, no texts"
    );
    let set = |tx: &WriteTx<'_>| {
        let sql = r#"UPDATE guilds SET deletion_log = 8, settings = '{"activity":false}'"#;
        Ok(tx.shard().execute(sql, []).map(drop)?)
    };
    pod.owner.db.writer().write("settings", set).await.unwrap();
    pod.take(message(4, 5)).await.unwrap();
    assert_eq!(pod.count("SELECT count(*) FROM message_stats"), 1);
    assert_eq!(
        pod.count("SELECT count(*) FROM message_cache WHERE content = 'hi'"),
        1
    );
    for (seq, executor) in [(5, 4), (6, 3), (7, 3)] {
        let entry = format!(
            r#"{{"guild_id":"5","id":"{}","action_type":22,"target_id":"9","user_id":"{executor}"}}"#,
            1_456_027_951_104_000_000_u64 + executor
        );
        pod.take(dispatch(seq, "GUILD_AUDIT_LOG_ENTRY_CREATE", &entry))
            .await
            .unwrap();
    }
    assert_eq!(
        pod.count("SELECT count(*) FROM mod_actions WHERE executor_id = 3"),
        1
    );
    assert_eq!(pod.count("SELECT count(*) FROM mod_actions"), 1);
    pod.take(dispatch(8, "GUILD_DELETE", r#"{"id":"5"}"#))
        .await
        .unwrap();
    assert_eq!(
        pod.count("SELECT count(*) FROM guilds WHERE left_at IS NOT NULL"),
        1
    );
    pod.take(dispatch(9, "GUILD_CREATE", create)).await.unwrap();
    assert_eq!(pod.count("SELECT count(*) FROM guilds WHERE left_at IS NULL"), 1);
}

/// A wall clock that a test sets.
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn unix_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    fn boottime(&self) -> std::time::Duration {
        SystemClock.boottime()
    }
}

#[tokio::test]
async fn texts_end_after_an_hour_and_rows_after_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let mut pod = Pod::start(&dir.path().join("shard.db"), Limits::default()).await;
    let sent = 1_767_213_000_000;
    let time = Arc::new(HandClock(AtomicI64::new(sent)));
    pod.owner.rules = Arc::new(Rules {
        ownership: Ownership::Everything,
        num_shards: NumShards::new(SHARDS).unwrap(),
        limits: Limits::default(),
        clock: Arc::clone(&time) as Arc<dyn Clock>,
        loads: Arc::default(),
        horizon_ms: sent,
        acting: false.into(),
        sender: tokio::sync::Notify::new(),
    });
    pod.ready().await;
    pod.take(dispatch(2, "GUILD_CREATE", r#"{"id":"5"}"#))
        .await
        .unwrap();
    let log_deletions = |tx: &WriteTx<'_>| {
        Ok(tx
            .shard()
            .execute("UPDATE guilds SET deletion_log = 8", [])
            .map(drop)?)
    };
    pod.owner
        .db
        .writer()
        .write("settings", log_deletions)
        .await
        .unwrap();
    let id = (sent - 1_420_070_400_000) << 22;
    let data =
        format!(r#"{{"guild_id":"5","id":"{id}","channel_id":"8","author":{{"id":"9"}},"content":"hi"}}"#);
    pod.take(dispatch(3, "MESSAGE_CREATE", &data)).await.unwrap();
    for (minutes, changed, texts, rows) in [
        (30, 0, 1, 1),
        // What spam is compared with goes first.
        (31, 1, 1, 1),
        (59, 0, 1, 1),
        (60, 1, 0, 1),
        (24 * 60, 0, 0, 1),
        (24 * 60 + 1, 1, 0, 0),
    ] {
        time.0.store(sent + minutes * 60_000, Ordering::Relaxed);
        let owner = pod.owner.clone();
        let done = tokio::task::spawn_blocking(move || owner.expire_texts())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(done, changed, "after {minutes} minutes");
        assert_eq!(
            pod.count("SELECT count(content) FROM message_cache"),
            texts,
            "after {minutes} minutes"
        );
        assert_eq!(
            pod.count("SELECT count(*) FROM message_cache"),
            rows,
            "after {minutes} minutes"
        );
    }
}
