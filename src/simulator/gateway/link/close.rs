//! Ending a connection, and what becomes of its session.

use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio::time::{Duration, timeout};
use tokio_websockets::Message;

use super::{End, Link};
use crate::simulator::gateway::close_code::{client_close_ends_session, server_close_ends_session};
use crate::simulator::ledger::{Closed, Closer, EndReason};

/// How long the other side may take to finish the closing handshake.
const FAREWELL: Duration = Duration::from_secs(2);

impl Link {
    /// Ends the connection. Its session is given up before the first byte of the farewell is sent, so that a
    /// client that has seen the end can resume at once.
    pub(super) async fn close(mut self, end: End) {
        self.let_go(&end);
        match &end {
            End::Server(code, reason) => {
                let message = tokio_websockets::CloseCode::try_from(*code)
                    .ok()
                    .filter(|code| !code.is_reserved())
                    .map(|code| Message::close(Some(code), reason));
                if let Some(message) = message {
                    let _ = timeout(FAREWELL, self.socket.send(message)).await;
                }
                self.wait_for_the_end().await;
            }
            End::Client(_) => self.wait_for_the_end().await,
            End::Drop => {
                let _ = timeout(FAREWELL, self.socket.get_mut().shutdown()).await;
            }
            End::Reset => {
                let _ = self.socket.get_ref().set_zero_linger();
            }
            End::Broken => {}
        }
    }

    async fn wait_for_the_end(&mut self) {
        let _ = timeout(FAREWELL, async {
            while let Some(Ok(_)) = self.socket.next().await {}
        })
        .await;
    }

    fn let_go(&self, end: &End) {
        let (by, code) = match end {
            End::Client(code) => (Closer::Client, Some(*code)),
            End::Server(code, _) => (Closer::Server, Some(*code)),
            End::Drop | End::Reset => (Closer::Server, None),
            End::Broken => (Closer::Transport, None),
        };
        let ends = match end {
            End::Client(code) if client_close_ends_session(*code) => Some(EndReason::ClosedByClient),
            End::Server(code, _) if server_close_ends_session(*code) => {
                Some(EndReason::ClosedByServer(*code))
            }
            _ => None,
        };
        self.shared.with(|state| {
            state.connections.remove(&self.no);
            state.ledger.connections[self.no].closed = Some(Closed {
                by,
                code,
                at_ms: state.now_ms(),
            });
            match (self.session, ends) {
                (Some(session), Some(reason)) if state.holds(session, self.no) => {
                    state.end_session(session, reason);
                }
                (Some(session), _) => state.detach(session, self.no),
                (None, _) => {}
            }
        });
    }
}
