//! One Discord shard's session, for as long as the pod lives: read, hand on, take up again.

use std::sync::Arc;

use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;
use twilight_gateway::error::ReceiveMessageErrorType;
use twilight_gateway::{CloseFrame, Message, Shard};

use super::applier::Applier;
use super::queue::Tickets;
use super::sessions::Hosting;
use super::states::SessionState;
use super::{Host, close_codes, connect};
use crate::domain::discord_event::{Event, Misfit};
use crate::domain::ids::{DiscordShardId, SessionNo};
use crate::gateway_service::frame::{self, Frame};
use crate::gateway_service::owner::Arrival;
use crate::gateway_service::pause::Pause;
use crate::runtime::error_chain::Chain;
use crate::store::shard_db::WriteError;

/// Why a session is no longer read.
enum Ended {
    /// The pod stops.
    Stopped,
    /// Discord will not have it.
    Refused(String),
    /// It has to be taken up again at the file's cursor.
    Behind(String),
    /// No connection: to be tried again, now and then elsewhere than at the address that Discord gave for resuming.
    Unreachable,
    /// The pod may not act now: the connection is dropped as it is.
    LeaseOver,
}

/// Keeps a Discord shard's session until it is told to stop.
pub(super) async fn run(shard: DiscordShardId, hosting: Hosting, host: Arc<Host>, stop: CancellationToken) {
    host.states.set(shard, SessionState::Connecting);
    let mut pause = Pause::new(host.settings.retry_max);
    let mut at_saved_url = true;
    while !stop.is_cancelled() {
        tokio::select! {
            () = host.lease.held() => {}
            () = stop.cancelled() => return,
        }
        let ended = match follow((shard, &hosting), (&host, &stop), &mut pause, at_saved_url).await {
            Ok(ended) => ended,
            Err(error) => Ended::Behind(Chain(&error).to_string()),
        };
        match ended {
            Ended::Stopped => return,
            Ended::Refused(why) => {
                tracing::error!(
                    discord_shard = shard.get(),
                    why,
                    "Discord refuses the session; it is not tried again"
                );
                host.states.set(shard, SessionState::Refused(why));
                return stop.cancelled().await;
            }
            Ended::Behind(why) => tracing::error!(
                discord_shard = shard.get(),
                why,
                "the session's frames could not be written; it is closed and will be resumed at the last one that was"
            ),
            // The address may be dead while the session is not.
            Ended::Unreachable => at_saved_url = !at_saved_url,
            Ended::LeaseOver => tracing::warn!(
                discord_shard = shard.get(),
                "the pod's lease is over: the session is dropped until it is renewed"
            ),
        }
        host.states.set(shard, SessionState::Connecting);
        if !pause.wait(&stop).await {
            return;
        }
    }
}

/// Follows the session from the file's cursor on, until something ends it.
async fn follow(
    (shard, hosting): (DiscordShardId, &Hosting),
    (host, stop): (&Arc<Host>, &CancellationToken),
    pause: &mut Pause,
    at_saved_url: bool,
) -> Result<Ended, WriteError> {
    let mut row = host.owner.take_over(shard, hosting.clone()).await?;
    if !at_saved_url {
        row.resume_url = None;
    }
    let cursor = row.cursor;
    tracing::info!(
        discord_shard = shard.get(),
        session_no = cursor.session_no.get(),
        seq = cursor.seq,
        "{}",
        if row.session_id.is_some() {
            "resuming a session"
        } else {
            "beginning a session"
        }
    );
    let mut reader = Reader {
        shard,
        host: Arc::clone(host),
        socket: connect::socket(shard, Some(&row), &host.settings, host.tickets.clone()),
        applier: Applier::start(shard, Arc::clone(host)),
        session_no: cursor.session_no,
        last: cursor.seq,
        last_close: None,
    };
    let ended = reader.read(stop, pause).await;
    if !matches!(ended, Ended::Refused(_) | Ended::LeaseOver) {
        reader.close().await;
    }
    match (reader.applier.finish().await, ended) {
        (Ok(()), ended) => Ok(ended),
        // What was read and is not in the file will be replayed to whoever resumes the session next.
        (Err(error), Ended::Stopped) => {
            tracing::error!(discord_shard = shard.get(), error = %Chain(&error), "the last frames were not written; the next start resumes before them");
            Ok(Ended::Stopped)
        }
        (Err(error), _) => Err(error),
    }
}

struct Reader {
    shard: DiscordShardId,
    host: Arc<Host>,
    socket: Shard<Tickets>,
    applier: Applier,
    session_no: SessionNo,
    last: u64,
    last_close: Option<u16>,
}

impl Reader {
    /// Reads whatever comes: the socket's heartbeats depend on it.
    async fn read(&mut self, stop: &CancellationToken, pause: &mut Pause) -> Ended {
        let lease = self.host.lease.clone();
        let mut over = std::pin::pin!(lease.ended());
        loop {
            let message = tokio::select! {
                biased;
                () = stop.cancelled() => return Ended::Stopped,
                () = &mut over => return Ended::LeaseOver,
                () = self.applier.failed() => {
                    return if self.host.lease.holds() {
                        Ended::Behind("a write failed".to_owned())
                    } else {
                        Ended::LeaseOver
                    };
                }
                message = self.socket.next() => message,
            };
            match message {
                None => return Ended::Refused(self.refusal()),
                Some(Ok(Message::Text(raw))) => {
                    if let Err(misfit) = self.text(raw, pause) {
                        return Ended::Refused(format!(
                            "its READY cannot be read: {}",
                            frame::describe(&misfit)
                        ));
                    }
                }
                Some(Ok(Message::Close(frame))) => self.closed(frame.as_ref()),
                Some(Err(error)) => {
                    let unreachable = matches!(error.kind(), ReceiveMessageErrorType::Reconnect);
                    let error = Chain(&error);
                    tracing::warn!(discord_shard = self.shard.get(), error = %error, "the session's connection failed");
                    if unreachable {
                        // The client would wait for minutes, longer than Discord may keep the session.
                        return Ended::Unreachable;
                    }
                }
            }
            if self.applier.in_flight() > self.host.settings.frames_in_flight {
                return Ended::Behind(
                    "the disk is slower than Discord: too many frames in flight".to_owned(),
                );
            }
        }
    }

    /// Hands a dispatch on. A READY that does not fit is an error: another IDENTIFY would only bring it again.
    fn text(&mut self, raw: String, pause: &mut Pause) -> Result<(), Misfit> {
        let frame = match Frame::read(raw) {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(()),
            Err(misfit) => {
                self.host.metrics.unreadable.inc();
                tracing::error!(discord_shard = self.shard.get(), error = %Chain(&misfit), "a payload cannot be read");
                return Ok(());
            }
        };
        match &*frame.name {
            "READY" => {
                Event::parse(&frame.name, frame.data())?;
                self.session_no = self.host.tickets.session_no(self.shard, self.session_no);
                self.live(pause);
            }
            "RESUMED" => self.live(pause),
            _ => {}
        }
        let arrival = Arrival {
            shard: self.shard,
            session_no: self.session_no,
            after: self.last,
            frame,
        };
        // A replay may begin before what was handed on already; the owner passes that over.
        self.last = if &*arrival.frame.name == "READY" {
            arrival.frame.seq
        } else {
            self.last.max(arrival.frame.seq)
        };
        self.applier.send(arrival);
        Ok(())
    }

    fn live(&self, pause: &mut Pause) {
        pause.reset();
        self.host.states.set(self.shard, SessionState::Live);
    }

    fn closed(&mut self, frame: Option<&CloseFrame<'_>>) {
        let code = frame.map_or(1005, |frame| frame.code);
        let reason = frame.map_or("", |frame| frame.reason.as_ref());
        self.last_close = Some(code);
        self.host.metrics.close(code);
        self.host.states.set(self.shard, SessionState::Connecting);
        tracing::info!(
            discord_shard = self.shard.get(),
            code,
            reason,
            "the session's connection ended"
        );
    }

    fn refusal(&self) -> String {
        let code = self.last_close.unwrap_or(1005);
        match close_codes::remedy(code) {
            Some(remedy) => format!("closed with {code}: {remedy}"),
            None => format!("closed with {code}"),
        }
    }

    /// Closes the connection so that the session can be resumed; what still arrives is handed on.
    async fn close(&mut self) {
        if matches!(
            self.socket.state(),
            twilight_gateway::ShardState::Disconnected { .. }
        ) {
            return;
        }
        self.socket.close(CloseFrame::RESUME);
        let mut pause = Pause::new(self.host.settings.retry_max);
        let close_time = self.host.settings.close_time;
        let closing = async {
            while let Some(Ok(message)) = self.socket.next().await {
                let Message::Text(raw) = message else { return };
                if self.text(raw, &mut pause).is_err() {
                    return;
                }
            }
        };
        // The session outlives its connection, however that ends.
        let _ = tokio::time::timeout(close_time, closing).await;
    }
}
