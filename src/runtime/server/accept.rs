//! Accepts connections and serves them, until told to drain.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Limits, ServerMetrics};

/// After a failed accept (no descriptors left, mostly): long enough not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts until `drain`, then lets connections in hand finish the request they are in. Connections run on
/// `tasks`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    metrics: ServerMetrics,
    drain: CancellationToken,
    tasks: TaskTracker,
) {
    let slots = Arc::new(Semaphore::new(limits.connections));
    while let Some((stream, slot)) = next(&listener, &slots, &drain).await {
        if let Err(error) = configure(&stream, limits.write_stall) {
            tracing::debug!(%error, "connection was gone before it was served");
            continue;
        }
        let (router, drain, metrics) = (router.clone(), drain.clone(), metrics.clone());
        tasks.spawn(async move {
            metrics.connection_opened();
            serve_connection(stream, router, limits, drain).await;
            metrics.connection_closed();
            drop(slot);
        });
    }
}

/// The next connection and its slot; none once draining.
async fn next(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    drain: &CancellationToken,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let accept = async {
        loop {
            // The slot comes first: what cannot be served stays in the kernel's queue.
            let slot = Arc::clone(slots).acquire_owned().await.ok()?;
            match listener.accept().await {
                Ok((stream, _)) => return Some((stream, slot)),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        () = drain.cancelled() => None,
        accepted = accept => accepted,
    }
}

fn configure(stream: &TcpStream, write_stall: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let millis = u32::try_from(write_stall.as_millis()).unwrap_or(u32::MAX);
    // A peer that reads nothing, or is gone without a word, must not hold a slot for ever.
    rustix::net::sockopt::set_tcp_user_timeout(stream, millis)?;
    rustix::net::sockopt::set_socket_keepalive(stream, true)?;
    Ok(())
}

async fn serve_connection(stream: TcpStream, router: Router, limits: Limits, drain: CancellationToken) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = drain.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, Bytes};
    use axum::routing::get;
    use tokio::io::AsyncWriteExt as _;
    use tokio_stream::StreamExt as _;

    use super::*;
    use crate::runtime::metrics::Metrics;

    async fn endless() -> Body {
        let chunk = Bytes::from(vec![b'x'; 65_536]);
        Body::from_stream(tokio_stream::iter(std::iter::repeat(chunk)).map(Ok::<_, io::Error>))
    }

    #[tokio::test]
    async fn a_peer_that_reads_nothing_loses_its_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (drain, tasks) = (CancellationToken::new(), TaskTracker::new());
        let limits = Limits {
            write_stall: Duration::from_millis(300),
            ..Limits::ADMIN
        };
        let routes = Router::new().route("/", get(endless));
        let metrics = ServerMetrics::new(&Metrics::new("test"));
        let serving = serve(listener, routes, limits, metrics, drain.clone(), tasks.clone());
        let serving = tokio::spawn(serving);
        let mut peer = TcpStream::connect(address).await.unwrap();
        peer.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        // The peer stays connected and reads nothing; its connection's task ends all the same.
        while tasks.is_empty() {
            tokio::task::yield_now().await;
        }
        tasks.close();
        tokio::time::timeout(Duration::from_mins(1), tasks.wait())
            .await
            .expect("the connection is dropped");
        drop(peer);
        drain.cancel();
        serving.await.unwrap();
    }
}
