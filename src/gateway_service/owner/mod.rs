//! The owner: applies frames to the guilds of this pod, each in one savepoint with its cursor, fence and effects.

mod absent;
mod apply;
mod backlog;
mod dead_frames;
mod deliver;
mod expiry;
mod facts;
mod failure;
mod forward;
mod outbox;
mod outcome;
mod place;
mod rows;
#[cfg(test)]
mod tests;
mod waiting;

pub use deliver::{Delivered, Delivery};
pub use outbox::{ActionRow, Changed, Claim, Filter, OpenAction, Settled};
pub use outcome::{Outcome, StoredBecause};
pub use place::Ownership;
pub use waiting::{Waiting, WaitingFrame};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Notify, oneshot};

use super::frame::Frame;
use super::host::Hosting;
use super::loads::Loads;
use super::session_rows::{self, SessionRow};
use crate::domain::ids::{DiscordShardId, NumShards, SessionNo};
use crate::runtime::clock::Clock;
use crate::store::shard_db::{ShardDb, WriteError, WriteTx};

/// What bounds the owner.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of frames stored for one guild that is not served here; the oldest go beyond it.
    pub forward_bytes: u64,
    /// Dead frames kept for one guild; the oldest go beyond it.
    pub dead_frames: u32,
    /// How often a frame is tried alone.
    pub tries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            forward_bytes: 16 * 1024 * 1024,
            dead_frames: 1000,
            tries: 3,
        }
    }
}

/// A frame on its way into the file.
#[derive(Debug)]
pub struct Arrival {
    /// The session's Discord shard.
    pub shard: DiscordShardId,
    /// The session.
    pub session_no: SessionNo,
    /// The frame before it in this session: the cursor must stand there, or at or past the frame itself.
    pub after: u64,
    /// The frame.
    pub frame: Frame,
}

/// The answer to a frame: what became of it, once that is in the file for good.
pub type Answer = oneshot::Receiver<Result<Outcome, WriteError>>;

/// The guilds of this pod, to apply frames to. Clones are the same one.
#[derive(Clone)]
pub struct Owner {
    db: Arc<ShardDb>,
    rules: Arc<Rules>,
}

/// What a closure on the writing thread goes by.
struct Rules {
    ownership: Ownership,
    num_shards: NumShards,
    limits: Limits,
    clock: Arc<dyn Clock>,
    loads: Arc<Loads>,
    /// When this owner began, in Unix milliseconds: what was caused before may have been decided and sent before.
    horizon_ms: i64,
    /// There are new actions, for the sender to look at after the commit.
    acting: AtomicBool,
    sender: Notify,
}

impl Rules {
    fn note_actions(&self) {
        self.acting.store(true, Ordering::Release);
    }
}

impl Owner {
    /// The owner of the guilds in a file.
    pub fn new(
        db: Arc<ShardDb>,
        ownership: Ownership,
        num_shards: NumShards,
        limits: Limits,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let rules = Arc::new(Rules {
            ownership,
            num_shards,
            limits,
            horizon_ms: clock.unix_ms(),
            clock,
            loads: Arc::default(),
            acting: AtomicBool::new(false),
            sender: Notify::new(),
        });
        Self { db, rules }
    }

    /// What each guild costs.
    pub fn loads(&self) -> Arc<Loads> {
        Arc::clone(&self.rules.loads)
    }

    /// Since when this owner remembers what was sent, in Unix milliseconds.
    pub fn began_at_ms(&self) -> i64 {
        self.rules.horizon_ms
    }

    /// To be called after a commit: the sender looks where there is something new.
    pub fn wake_sender(&self) {
        if self.rules.acting.swap(false, Ordering::AcqRel) {
            self.rules.sender.notify_one();
        }
    }

    /// Waits until there are new actions.
    pub async fn new_actions(&self) {
        self.rules.sender.notified().await;
    }

    /// Hands a frame in; the answer comes after the commit that holds its cursor and effects. Frames of one session
    /// are applied in the order in which they are handed in; after one that failed none is.
    pub async fn submit(&self, arrival: Arrival) -> Result<Answer, WriteError> {
        let rules = Arc::clone(&self.rules);
        let work = move |tx: &WriteTx<'_>| apply::arrival(tx, &rules, &arrival);
        self.db.writer().submit("frame", work).await
    }

    /// The session of a Discord shard as the file has it. Goes through the writer, so it comes after every frame that
    /// was handed in before.
    pub async fn session(&self, shard: DiscordShardId) -> Result<Option<SessionRow>, WriteError> {
        self.db
            .writer()
            .write("session", move |tx| Ok(session_rows::read(tx.shard(), shard)?))
            .await
    }

    /// This pod hosts the Discord shard from now on; the session to go on from.
    pub async fn take_over(&self, shard: DiscordShardId, hosting: Hosting) -> Result<SessionRow, WriteError> {
        let rules = Arc::clone(&self.rules);
        let work = move |tx: &WriteTx<'_>| {
            let (which, now_ms) = ((shard, rules.num_shards), rules.clock.unix_ms());
            let held = (hosting.host_epoch, hosting.cursor.as_ref());
            session_rows::take_over(tx.shard(), which, held, now_ms)?.map_err(WriteError::rejected)
        };
        self.db.writer().write("take over", work).await
    }

    /// Notes that a session is about to begin: nothing is asked of Discord that could not be written down.
    pub async fn note_identify(&self) -> Result<(), WriteError> {
        let now_ms = self.rules.clock.unix_ms();
        let work = move |tx: &WriteTx<'_>| {
            let sql = "INSERT INTO meta (key, value) VALUES ('identified_at', ?1)
                       ON CONFLICT (key) DO UPDATE SET value = excluded.value";
            Ok(tx.shard().execute(sql, [now_ms.to_string()]).map(drop)?)
        };
        self.db.writer().write("identify", work).await
    }
}
