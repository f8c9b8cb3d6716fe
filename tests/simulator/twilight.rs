//! A client as the gateway daemon will be: twilight-gateway, one session, everything received noted.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use modbot::simulator::Simulator;
use serde_json::Value;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio_stream::Stream;
use twilight_gateway::queue::Queue;
use twilight_gateway::{
    CloseFrame, ConfigBuilder, EventTypeFlags, Intents, Message, MessageSender, Session, Shard, ShardId,
};

use super::PATIENCE;

/// Lets every IDENTIFY through at once: the simulator is to be the judge.
#[derive(Debug, Clone)]
struct NoQueue;

impl Queue for NoQueue {
    fn enqueue(&self, _: u32) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        sender.send(()).unwrap();
        receiver
    }
}

/// An event as it was received.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) session: String,
    pub(super) seq: u64,
    pub(super) name: String,
    pub(super) data: Value,
}

/// What a client saw.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub(super) events: Vec<Received>,
    /// Close codes, in order; `None` where a connection broke.
    pub(super) closed: Vec<Option<u16>>,
    /// The client gave up: a fatal close code.
    pub(super) gave_up: bool,
}

/// A running client.
pub(super) struct Client {
    seen: Arc<Mutex<Seen>>,
    changed: watch::Receiver<u64>,
    sender: MessageSender,
    leave: Arc<AtomicBool>,
    task: JoinHandle<Option<(Session, Option<String>)>>,
}

/// How to connect.
pub(super) struct Plan {
    pub(super) shard: (u32, u32),
    pub(super) intents: Intents,
    /// A session to be resumed, and where.
    pub(super) resume: Option<(Session, Option<String>)>,
    pub(super) token: Option<String>,
}

/// All that a moderation bot listens to.
pub(super) fn all_intents() -> Intents {
    Intents::all() & !Intents::GUILD_PRESENCES
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            shard: (0, 1),
            intents: all_intents(),
            resume: None,
            token: None,
        }
    }
}

impl Client {
    pub(super) fn connect(simulator: &Simulator, plan: Plan) -> Self {
        let token = plan.token.unwrap_or_else(|| simulator.token());
        let mut config = ConfigBuilder::new(token, plan.intents)
            .proxy_url(simulator.urls().gateway)
            // Its limiter reserves heartbeats of a real interval, which tests shorten.
            .ratelimit_messages(false)
            .queue(NoQueue);
        if let Some((session, url)) = plan.resume {
            config = config.session(session);
            if let Some(url) = url {
                config = config.resume_url(url);
            }
        }
        let shard = Shard::with_config(ShardId::new(plan.shard.0, plan.shard.1), config.build());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (tell, changed) = watch::channel(0);
        let sender = shard.sender();
        let leave = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(read(shard, Arc::clone(&seen), tell, Arc::clone(&leave)));
        Self {
            seen,
            changed,
            sender,
            leave,
            task,
        }
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until what was seen fulfils `condition`.
    pub(super) async fn until(&self, what: &str, condition: impl Fn(&Seen) -> bool) -> Seen {
        let mut changed = self.changed.clone();
        let met = async {
            loop {
                changed.borrow_and_update();
                let seen = self.seen();
                if condition(&seen) {
                    return seen;
                }
                if changed.changed().await.is_err() {
                    let seen = self.seen();
                    assert!(
                        condition(&seen),
                        "the client ended before {what}: {:?}",
                        seen.closed
                    );
                    return seen;
                }
            }
        };
        let met = tokio::time::timeout(PATIENCE, met).await;
        met.unwrap_or_else(|_| panic!("waited in vain for {what}: {:?}", summary(&self.seen())))
    }

    /// Waits for the first event of this name.
    pub(super) async fn event(&self, name: &str) -> Received {
        let seen = self
            .until(name, |seen| seen.events.iter().any(|event| event.name == name))
            .await;
        seen.events.into_iter().find(|event| event.name == name).unwrap()
    }

    /// Every position received, in order.
    pub(super) fn positions(&self) -> Vec<(String, u64)> {
        self.seen()
            .events
            .into_iter()
            .map(|event| (event.session, event.seq))
            .collect()
    }

    /// Closes so that the session can be resumed. Returns it, and where.
    pub(super) async fn leave(self) -> (Session, Option<String>) {
        self.leave.store(true, Ordering::Relaxed);
        self.sender.close(CloseFrame::RESUME).unwrap();
        self.task.await.unwrap().expect("a session")
    }

    /// Closes for good.
    pub(super) async fn end(self) {
        self.leave.store(true, Ordering::Relaxed);
        self.sender.close(CloseFrame::NORMAL).unwrap();
        self.task.await.unwrap();
    }

    /// Dies as by `kill -9`: the socket goes with the task.
    pub(super) async fn die(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

fn summary(seen: &Seen) -> (usize, Vec<(String, u64)>, Vec<Option<u16>>) {
    let last = seen
        .events
        .iter()
        .rev()
        .take(5)
        .map(|event| (event.name.clone(), event.seq))
        .collect();
    (seen.events.len(), last, seen.closed.clone())
}

async fn read(
    mut shard: Shard<NoQueue>,
    seen: Arc<Mutex<Seen>>,
    tell: watch::Sender<u64>,
    leave: Arc<AtomicBool>,
) -> Option<(Session, Option<String>)> {
    let mut last = None;
    let mut url = None;
    loop {
        let next = poll_fn(|context| Pin::new(&mut shard).poll_next(context)).await;
        if let Some(session) = shard.session() {
            last = Some(session.clone());
        }
        url = shard.resume_url().map(str::to_owned).or(url);
        let mut leaving = false;
        {
            let mut seen = seen.lock().unwrap();
            match next {
                Some(Ok(Message::Text(text))) => note(&mut seen, &text, last.as_ref()),
                Some(Ok(Message::Close(frame))) => {
                    // A close that the client itself asked for is answered by the server.
                    leaving = leave.load(Ordering::Relaxed);
                    seen.closed.push(frame.as_ref().map(|frame| frame.code));
                }
                Some(Err(_)) => seen.closed.push(None),
                None => {
                    seen.gave_up = true;
                    leaving = true;
                }
            }
        }
        tell.send_modify(|times| *times += 1);
        if leaving {
            return last.map(|session| (session, url));
        }
    }
}

const UNKNOWN_TO_TWILIGHT: &[&str] = &["VOICE_CHANNEL_STATUS_UPDATE", "VOICE_CHANNEL_START_TIME_UPDATE"];

fn note(seen: &mut Seen, text: &str, session: Option<&Session>) {
    let payload: Value = serde_json::from_str(text).unwrap();
    if payload["op"] != 0 {
        return;
    }
    let name = payload["t"].as_str().unwrap();
    if !UNKNOWN_TO_TWILIGHT.contains(&name) {
        // Typed to the last nested field, by people who read Discord's documents too.
        let parsed = twilight_gateway::parse(text.to_owned(), EventTypeFlags::all());
        assert!(
            matches!(parsed, Ok(Some(_))),
            "{name}: {:?}\n{text}",
            parsed.err().map(|error| error.to_string())
        );
    }
    seen.events.push(Received {
        session: session.expect("events come in a session").id().to_owned(),
        seq: payload["s"].as_u64().unwrap(),
        name: name.to_owned(),
        data: payload["d"].clone(),
    });
}
