//! Small fenced transactions: with group commit, and while the guild is captured.

use std::collections::VecDeque;
use std::process::Command;
use std::time::{Duration, Instant};

use modbot::domain::fence::{Access, Position};
use modbot::domain::ids::{MoveId, SessionNo};
use modbot::store::shard_db::{ShardDb, WriteError};

use crate::data::{self, EPOCH, Place, guild, open};
use crate::moving::remove;
use crate::report::{line, median, per_second};
use crate::rival;

const COUNT: i64 = 100_000;
/// Writes under way at once: what one batch takes in.
const IN_FLIGHT: usize = 512;
const RUNS: usize = 3;
/// With and without each; more, as the two are close.
const CAPTURE_RUNS: usize = 5;

/// `COUNT` transactions through the writer, each answered; the time of all.
fn through_the_writer(db: &ShardDb, first: i64) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let began = Instant::now();
    runtime.block_on(async {
        let mut answers: VecDeque<tokio::sync::oneshot::Receiver<Result<(), WriteError>>> = VecDeque::new();
        for number in first..first + COUNT {
            if answers.len() == 2 * IN_FLIGHT {
                answers.pop_front().unwrap().await.unwrap().unwrap();
            }
            let write = move |tx: &modbot::store::shard_db::WriteTx<'_>| {
                let rows = tx.guild(guild(1), Access::Serve { epoch: EPOCH })?;
                let seq = number.cast_unsigned();
                rows.advance(3, Position { session_no: SessionNo::new(1), seq });
                rows.connection()
                    .prepare_cached(
                        "INSERT INTO message_stats (guild_id, message_id, author_id, channel_id, char_count, word_count, sent_at)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    )?
                    .execute((
                        guild(1).as_i64(),
                        number,
                        700_000_000_000_000_000 + number % 2_000,
                        700_000_000_000_000_000 + number % 60,
                        number % 300,
                        number % 60,
                        1_700_000_000_000 + number,
                    ))?;
                Ok(())
            };
            answers.push_back(db.writer().submit("bench", write).await.unwrap());
        }
        for answer in answers {
            answer.await.unwrap().unwrap();
        }
    });
    began.elapsed()
}

/// Beside a C loop of the same statements in transactions of the same size.
pub(crate) fn transactions(place: &Place) {
    let shard = place.path("small");
    data::shard(&shard, 10_000);
    let c_loop = rival::c_loop(place);
    if c_loop.is_none() {
        eprintln!("skipped: no cc, or no SQLite source, for the C loop");
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut first = 1;
    for _ in 0..RUNS {
        let db = open(&shard);
        ours.push(through_the_writer(&db, first));
        assert!(db.checkpoint().unwrap());
        drop(db);
        first += COUNT;
        if let Some(program) = &c_loop {
            let args = [
                guild(1).to_string(),
                COUNT.to_string(),
                IN_FLIGHT.to_string(),
                first.to_string(),
            ];
            let output = Command::new(program).arg(&shard).args(args).output().unwrap();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            let seconds: f64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
            theirs.push(Duration::from_secs_f64(seconds));
            assert!(open(&shard).checkpoint().unwrap());
            first += COUNT;
        }
    }
    let count = COUNT.cast_unsigned();
    let rate = |times: Vec<Duration>| (!times.is_empty()).then(|| per_second(count, median(times)));
    line(
        "small fenced transactions, each synced, per second",
        rate(ours).unwrap(),
        rate(theirs),
        Some(0.8),
    );
    remove(&shard);
}

/// With and without capture, in turn, each from an empty WAL. The table grows from run to run, so which of the two
/// comes first changes.
pub(crate) fn capture(place: &Place) {
    let shard = place.path("captured");
    data::shard(&shard, 10_000);
    let db = open(&shard);
    let move_id = MoveId::new(uuid::Uuid::from_u128(1));
    let (mut plain, mut captured) = (Vec::new(), Vec::new());
    let mut first = 1;
    for run in 0..2 * CAPTURE_RUNS {
        let with_capture = (run % 2 == 1) != (run / 2 % 2 == 1);
        if with_capture {
            db.start_capture(guild(1), EPOCH, move_id).unwrap();
        }
        let time = through_the_writer(&db, first);
        first += COUNT;
        if with_capture {
            db.stop_capture(guild(1), move_id).unwrap();
            captured.push(time);
        } else {
            plain.push(time);
        }
        assert!(db.checkpoint().unwrap());
    }
    let rate = |times: Vec<Duration>| per_second(COUNT.cast_unsigned(), median(times));
    line(
        "the same while captured, beside not captured",
        rate(captured),
        Some(rate(plain)),
        Some(0.9),
    );
    drop(db);
    remove(&shard);
}
