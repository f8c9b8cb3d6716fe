//! One gateway connection: reads what its client sends, writes what its session has, does what it is ordered.

mod close;
mod write;

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Duration, Instant, sleep_until};
use tokio_websockets::{Message, WebSocketStream};

use super::admission::Refusal;
use super::close_code::CloseCode;
use super::connection::{Connection, Order};
use super::frame::{self, Frame};
use super::pace::Pace;
use super::transport::Transport;
use crate::simulator::ledger::{ConnectionRecord, Via};
use crate::simulator::payload::ready;
use crate::simulator::state::Shared;

/// A connection's task.
pub(super) struct Link {
    shared: Arc<Shared>,
    socket: WebSocketStream<TcpStream>,
    transport: Transport,
    no: usize,
    /// The session it holds.
    session: Option<usize>,
    /// The last seq sent over it.
    sent: u64,
    orders: mpsc::UnboundedReceiver<Order>,
    wake: Arc<Notify>,
    /// When a heartbeat, or before that IDENTIFY, must have come.
    deadline: Instant,
    pace: Pace,
}

/// Why a connection is over.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// The client closed, with this code.
    Client(u16),
    /// The TCP stream broke or ended.
    Broken,
    /// Close with this code and reason.
    Server(u16, String),
    /// End the stream without a close frame.
    Drop,
    /// Reset the TCP connection.
    Reset,
}

impl From<CloseCode> for End {
    fn from(code: CloseCode) -> Self {
        let (code, reason) = code.frame();
        Self::Server(code, reason.to_owned())
    }
}

impl Link {
    /// Registers an accepted connection.
    pub(super) fn open(
        shared: Arc<Shared>,
        socket: WebSocketStream<TcpStream>,
        peer: SocketAddr,
        via: Via,
        compressed: bool,
    ) -> Self {
        let (sender, orders) = mpsc::unbounded_channel();
        let wake = Arc::new(Notify::new());
        let (no, patience) = shared.with(|state| {
            let no = state.ledger.connections.len();
            state.ledger.connections.push(ConnectionRecord {
                no,
                opened_ms: state.now_ms(),
                via,
                peer: peer.to_string(),
                compressed,
                session: None,
                heartbeats: 0,
                closed: None,
            });
            let handle = Connection {
                orders: sender,
                wake: Arc::clone(&wake),
                session: None,
                shard: None,
            };
            state.connections.insert(no, handle);
            (no, state.settings.gateway.identify_timeout)
        });
        Self {
            shared,
            socket,
            transport: Transport::new(compressed),
            no,
            session: None,
            sent: 0,
            orders,
            wake,
            deadline: Instant::now() + patience,
            pace: Pace::default(),
        }
    }

    /// Serves until the connection is over. `wrong`: say so and close at once.
    pub(super) async fn run(mut self, wrong: Option<CloseCode>) {
        let result = match wrong {
            Some(code) => Err(code.into()),
            None => self.serve().await,
        };
        if let Err(end) = result {
            self.close(end).await;
        }
    }

    async fn serve(&mut self) -> Result<(), End> {
        let interval = self
            .shared
            .read(|state| state.settings.gateway.heartbeat_interval);
        let interval_ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        self.send(10, &ready::hello(interval_ms)).await?;
        let stop = self.shared.stop.clone();
        let wake = Arc::clone(&self.wake);
        loop {
            tokio::select! {
                Some(order) = self.orders.recv() => self.obey(order).await?,
                message = self.socket.next() => match message {
                    Some(Ok(message)) => self.hear(&message).await?,
                    Some(Err(_)) | None => return Err(End::Broken),
                },
                () = wake.notified() => self.feed().await?,
                () = sleep_until(self.deadline) => return Err(self.too_late()),
                // As when Discord's own process goes down.
                () = stop.cancelled() => return Err(End::Drop),
            }
        }
    }

    fn too_late(&self) -> End {
        match self.session {
            Some(_) => CloseCode::SessionTimedOut.into(),
            None => CloseCode::NotAuthenticated.into(),
        }
    }

    async fn obey(&mut self, order: Order) -> Result<(), End> {
        match order {
            Order::Close(code, reason) => Err(End::Server(code, reason)),
            Order::Drop => Err(End::Drop),
            Order::Reset => Err(End::Reset),
            Order::Reconnect => self.send(7, &Value::Null).await,
            Order::InvalidSession(resumable) => self.send(9, &json!(resumable)).await,
            Order::AskHeartbeat => self.send(1, &Value::Null).await,
        }
    }

    async fn hear(&mut self, message: &Message) -> Result<(), End> {
        if let Some((code, _)) = message.as_close() {
            return Err(End::Client(code.into()));
        }
        if message.is_ping() || message.is_pong() {
            return Ok(());
        }
        let text = std::str::from_utf8(message.as_payload()).map_err(|_| CloseCode::Decode)?;
        let frame = frame::parse(text)?;
        if !matches!(frame, Frame::Heartbeat(_)) {
            let (now, most) = self
                .shared
                .read(|state| (state.now_ms(), state.settings.gateway.payloads_per_minute));
            if !self.pace.allows(now, most) {
                return Err(CloseCode::RateLimited.into());
            }
        }
        match (frame, self.session) {
            (Frame::Heartbeat(seq), session) => self.beat(seq, session).await,
            (Frame::Identify(_) | Frame::Resume(_), Some(_)) => Err(CloseCode::AlreadyAuthenticated.into()),
            (Frame::Identify(identify), None) => {
                let (no, wake) = (self.no, Arc::clone(&self.wake));
                let answer = self.shared.with(|state| state.identify(no, &wake, &identify));
                self.admitted(answer, 0).await
            }
            (Frame::Resume(resume), None) => {
                let (no, wake) = (self.no, Arc::clone(&self.wake));
                let answer = self.shared.with(|state| state.resume(no, &wake, &resume));
                self.admitted(answer, resume.seq).await
            }
            (_, None) => Err(CloseCode::NotAuthenticated.into()),
            (Frame::RequestMembers(request), Some(session)) => {
                self.shared.with(|state| state.send_members(session, &request));
                Ok(())
            }
            (Frame::Ignored, Some(_)) => Ok(()),
        }
    }

    async fn beat(&mut self, seq: Option<u64>, session: Option<usize>) -> Result<(), End> {
        let stalled = self.shared.with(|state| {
            state.ledger.connections[self.no].heartbeats += 1;
            if let (Some(session), Some(seq)) = (session, seq) {
                state.acknowledge(session, seq);
            }
            state
                .faults
                .conditions(state.connections.get(&self.no), &state.ledger)
                .stall_acks
        });
        if session.is_some() {
            self.deadline = Instant::now() + self.patience();
        }
        if stalled {
            Ok(())
        } else {
            self.send(11, &Value::Null).await
        }
    }

    /// How long a heartbeat may take to come.
    fn patience(&self) -> Duration {
        self.shared
            .read(|state| state.settings.gateway.heartbeat_interval + state.settings.gateway.heartbeat_grace)
    }

    async fn admitted(&mut self, answer: Result<usize, Refusal>, seq: u64) -> Result<(), End> {
        match answer {
            Ok(session) => {
                self.session = Some(session);
                self.sent = seq;
                self.deadline = Instant::now() + self.patience();
                self.shared.with(|state| {
                    let shard = state.sessions.get(session).shard;
                    if let Some(handle) = state.connections.get_mut(&self.no) {
                        (handle.session, handle.shard) = (Some(session), Some(shard));
                    }
                    state.ledger.connections[self.no].session = Some(session);
                });
                self.wake.notify_one();
                Ok(())
            }
            Err(Refusal::Close(code)) => Err(code.into()),
            Err(Refusal::InvalidSession { resumable }) => self.send(9, &json!(resumable)).await,
        }
    }
}
