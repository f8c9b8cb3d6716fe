//! Accepting gateway connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_websockets::{Limits, ServerBuilder, WebSocketStream};

use super::close_code::CloseCode;
use super::link::Link;
use crate::simulator::ledger::Via;
use crate::simulator::state::Shared;

/// A client that does not finish the WebSocket handshake in this time is dropped.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Far above what a client may send, so that an oversized payload is answered with Discord's own close code.
const MAX_MESSAGE: usize = 1 << 20;

/// What a client asked for in the URL.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    compressed: bool,
    /// What was wrong with the version or encoding.
    wrong: Option<CloseCode>,
}

/// Accepts connections until the simulator stops.
pub(in crate::simulator) async fn accept(shared: Arc<Shared>, listener: TcpListener, via: Via) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shared.stop.cancelled() => return,
        };
        let Ok((stream, peer)) = accepted else { continue };
        if shared.read(|state| state.faults.refuses_connections()) {
            let _ = stream.set_zero_linger();
            continue;
        }
        shared.tasks.spawn(serve(Arc::clone(&shared), stream, peer, via));
    }
}

async fn serve(shared: Arc<Shared>, stream: TcpStream, peer: SocketAddr, via: Via) {
    let _ = stream.set_nodelay(true);
    let Some((wish, socket)) = handshake(stream).await else {
        return;
    };
    Link::open(shared, socket, peer, via, wish.compressed)
        .run(wish.wrong)
        .await;
}

async fn handshake(stream: TcpStream) -> Option<(Wish, WebSocketStream<TcpStream>)> {
    let limits = Limits::default().max_payload_len(Some(MAX_MESSAGE));
    let builder = ServerBuilder::new().limits(limits);
    let accepted = tokio::time::timeout(HANDSHAKE, builder.accept(stream))
        .await
        .ok()?;
    let (request, socket) = accepted.ok()?;
    Some((wish(request.uri().query().unwrap_or_default()), socket))
}

fn wish(query: &str) -> Wish {
    let value = |key: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .filter(|(name, _)| *name == key)
            .map(|(_, value)| value)
            .next_back()
    };
    let version = matches!(value("v"), None | Some("9" | "10"));
    // Discord also speaks ETF; a client that asks for it must hear that it will not get it.
    let encoding = matches!(value("encoding"), None | Some("json"));
    Wish {
        compressed: value("compress") == Some("zstd-stream"),
        wrong: (!version || !encoding).then_some(CloseCode::InvalidVersion),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_says_version_encoding_and_compression() {
        let good = |compressed| Wish {
            compressed,
            wrong: None,
        };
        assert_eq!(wish("v=10&encoding=json"), good(false));
        assert_eq!(wish("v=10&encoding=json&compress=zstd-stream"), good(true));
        assert_eq!(wish(""), good(false));
        assert_eq!(wish("v=3").wrong, Some(CloseCode::InvalidVersion));
        assert_eq!(wish("v=10&encoding=etf").wrong, Some(CloseCode::InvalidVersion));
    }
}
