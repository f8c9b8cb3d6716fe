//! A bare socket, for what no good client does.

use std::future::poll_fn;
use std::pin::Pin;

use futures_util::SinkExt;
use modbot::simulator::Simulator;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_stream::Stream;
use tokio_websockets::{ClientBuilder, MaybeTlsStream, Message, WebSocketStream};

use super::PATIENCE;

/// A gateway connection.
pub(super) struct Raw {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// What came.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Came {
    Payload(Value),
    Closed(u16),
    Ended,
}

impl Raw {
    /// Connects to `url` with this query; reads HELLO where `hello`.
    pub(super) async fn connect(url: &str, query: &str) -> Self {
        let uri = format!("{url}/?{query}");
        let (socket, _) = ClientBuilder::new().uri(&uri).unwrap().connect().await.unwrap();
        Self { socket }
    }

    /// Connects to the gateway and reads HELLO.
    pub(super) async fn greeted(simulator: &Simulator) -> Self {
        let mut raw = Self::connect(&simulator.urls().gateway, "v=10&encoding=json").await;
        assert_eq!(raw.payload().await["op"], 10);
        raw
    }

    pub(super) async fn send(&mut self, payload: &Value) {
        self.send_text(payload.to_string()).await;
    }

    pub(super) async fn send_text(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub(super) async fn identify(&mut self, simulator: &Simulator, shard: (u32, u32), intents: u64) {
        self.send(&identify(&simulator.token(), shard, intents)).await;
    }

    /// What comes next.
    pub(super) async fn next(&mut self) -> Came {
        let next = poll_fn(|context| Pin::new(&mut self.socket).poll_next(context));
        match tokio::time::timeout(PATIENCE, next)
            .await
            .expect("something to come")
        {
            Some(Ok(message)) => match message.as_close() {
                Some((code, _)) => Came::Closed(code.into()),
                None => Came::Payload(serde_json::from_str(message.as_text().unwrap()).unwrap()),
            },
            Some(Err(_)) | None => Came::Ended,
        }
    }

    /// The next payload.
    pub(super) async fn payload(&mut self) -> Value {
        match self.next().await {
            Came::Payload(payload) => payload,
            other => panic!("no payload but {other:?}"),
        }
    }

    /// The next payload that `wanted` says yes to; others are passed over.
    pub(super) async fn payload_where(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let payload = self.payload().await;
            if wanted(&payload) {
                return payload;
            }
        }
    }

    /// The close code, whatever comes before.
    pub(super) async fn close_code(&mut self) -> u16 {
        loop {
            match self.next().await {
                Came::Payload(_) => {}
                Came::Closed(code) => return code,
                Came::Ended => panic!("ended without a close code"),
            }
        }
    }
}

pub(super) fn identify(token: &str, shard: (u32, u32), intents: u64) -> Value {
    json!({
        "op": 2,
        "d": { "token": token, "intents": intents, "shard": [shard.0, shard.1], "properties": { "os": "linux" } },
    })
}

pub(super) fn resume(token: &str, session_id: &str, seq: u64) -> Value {
    json!({ "op": 6, "d": { "token": token, "session_id": session_id, "seq": seq } })
}

impl Raw {
    /// Closes with a code.
    pub(super) async fn close(&mut self, code: u16) {
        let code = tokio_websockets::CloseCode::try_from(code).unwrap();
        self.socket.send(Message::close(Some(code), "")).await.unwrap();
    }
}
