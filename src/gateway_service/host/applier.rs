//! From the socket's reader to the owner: frames in order, answers in order, the socket never kept waiting.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream::{FuturesOrdered, StreamExt as _};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Host;
use crate::domain::discord_event::Event;
use crate::domain::ids::{DiscordShardId, GuildId, SessionNo};
use crate::gateway_service::frame::Frame;
use crate::gateway_service::owner::{Arrival, Outcome, StoredBecause};
use crate::store::shard_db::{WriteError, WriterStopped};

/// A session's way to the owner.
pub(super) struct Applier {
    frames: mpsc::UnboundedSender<Arrival>,
    in_flight: Arc<AtomicUsize>,
    task: JoinHandle<Result<(), WriteError>>,
}

/// What is remembered of a frame until its answer is there.
struct Sent {
    name: Box<str>,
    session_no: SessionNo,
    seq: u64,
}

impl Applier {
    pub(super) fn start(shard: DiscordShardId, host: Arc<Host>) -> Self {
        let (frames, arriving) = mpsc::unbounded_channel();
        let in_flight = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn(apply(shard, host, arriving, Arc::clone(&in_flight)));
        Self {
            frames,
            in_flight,
            task,
        }
    }

    /// Hands a frame on. Lost when the task has ended: the session is then taken up again at the file's cursor.
    pub(super) fn send(&self, arrival: Arrival) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let _ = self.frames.send(arrival);
    }

    /// Frames without an answer.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Waits until a frame could not be written.
    pub(super) async fn failed(&self) {
        self.frames.closed().await;
    }

    /// Waits until all that was handed on is in the file, or says why it is not.
    pub(super) async fn finish(self) -> Result<(), WriteError> {
        drop(self.frames);
        self.task.await.unwrap_or(Err(WriterStopped::Closed.into()))
    }
}

async fn apply(
    shard: DiscordShardId,
    host: Arc<Host>,
    mut arriving: mpsc::UnboundedReceiver<Arrival>,
    in_flight: Arc<AtomicUsize>,
) -> Result<(), WriteError> {
    let mut answers = FuturesOrdered::new();
    let mut open = true;
    while open || !answers.is_empty() {
        tokio::select! {
            biased;
            Some((sent, answer)) = answers.next(), if !answers.is_empty() => {
                in_flight.fetch_sub(1, Ordering::Relaxed);
                let outcome = answer?;
                // Committed, and perhaps for nobody: a pod that outlived its lease does nothing more with it.
                if !host.lease.holds() {
                    return Ok(());
                }
                settle(shard, &host, &sent, &outcome);
                host.owner.wake_sender();
            }
            arrival = arriving.recv(), if open => match arrival {
                None => open = false,
                Some(arrival) => {
                    let sent = Sent {
                        name: arrival.frame.name.clone(),
                        session_no: arrival.session_no,
                        seq: arrival.frame.seq,
                    };
                    let present = guilds_of(&arrival.frame);
                    let answer = host.owner.submit(arrival).await?;
                    if let Some(present) = present {
                        note_absent(shard, &host, present).await?;
                    }
                    answers.push_back(async move {
                        (sent, answer.await.unwrap_or(Err(WriterStopped::Closed.into())))
                    });
                }
            },
        }
    }
    Ok(())
}

/// The guilds that a READY names.
fn guilds_of(frame: &Frame) -> Option<BTreeSet<GuildId>> {
    if &*frame.name != "READY" {
        return None;
    }
    match Event::parse(&frame.name, frame.data()) {
        Ok(Some(Event::Ready(ready))) => Some(ready.guilds.iter().map(|guild| guild.id).collect()),
        _ => None,
    }
}

async fn note_absent(
    shard: DiscordShardId,
    host: &Host,
    present: BTreeSet<GuildId>,
) -> Result<(), WriteError> {
    let guilds = host.owner.note_absent(shard, present).await?;
    if guilds > 0 {
        tracing::warn!(
            discord_shard = shard.get(),
            guilds,
            "the bot left guilds while no session was listening"
        );
    }
    Ok(())
}

/// After the commit: counts, log lines.
fn settle(shard: DiscordShardId, host: &Host, sent: &Sent, outcome: &Outcome) {
    host.metrics.frame(outcome.as_str());
    let event = &*sent.name;
    match outcome {
        Outcome::Dead(why) => tracing::error!(
            discord_shard = shard.get(),
            session_no = sent.session_no.get(),
            seq = sent.seq,
            event,
            why,
            "a frame could not be applied; it is kept in dead_frame"
        ),
        Outcome::Unroutable(why) => tracing::error!(
            discord_shard = shard.get(),
            session_no = sent.session_no.get(),
            seq = sent.seq,
            event,
            why,
            "a frame's guild cannot be read; it is lost, and a gap says so"
        ),
        Outcome::SessionBegan => tracing::info!(
            discord_shard = shard.get(),
            session_no = sent.session_no.get(),
            "a session began"
        ),
        // The guild is served here by now, and its stored frames hold this one up.
        Outcome::Stored(StoredBecause::Behind) => host.waiting.backlog.notify_one(),
        Outcome::Stored(StoredBecause::Elsewhere) => host.waiting.forwarding.notify_one(),
        Outcome::Stored(StoredBecause::NoOwner | StoredBecause::Unborn) => host.waiting.placing.notify_one(),
        Outcome::Stored(StoredBecause::NotServing)
        | Outcome::Applied(_)
        | Outcome::Repeated
        | Outcome::Passed
        | Outcome::Unsupported
        | Outcome::NoGuild => {}
    }
}
