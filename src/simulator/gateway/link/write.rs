//! Writing to a connection, without ever being deaf to orders: a client may have stopped reading.

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::time::{Duration, sleep, sleep_until};
use tokio_websockets::Message;

use super::{End, Link};
use crate::simulator::gateway::close_code::CloseCode;
use crate::simulator::gateway::session::Next;
use crate::simulator::ledger::EndReason;

/// Events written between two looks at the client's own messages.
const BATCH: usize = 64;

impl Link {
    /// Sends a payload that is no event.
    pub(super) async fn send(&mut self, op: u8, data: &Value) -> Result<(), End> {
        let payload = json!({ "t": null, "s": null, "op": op, "d": data }).to_string();
        self.write(vec![payload]).await
    }

    /// Sends what the session has beyond what was sent.
    pub(super) async fn feed(&mut self) -> Result<(), End> {
        let Some(session) = self.session else {
            return Ok(());
        };
        let now = self.conditions();
        if now.freeze {
            return Ok(());
        }
        if let Some(delay_ms) = now.delay_ms {
            sleep(Duration::from_millis(delay_ms)).await;
        }
        let sent = self.sent;
        let next = self.shared.read(|state| {
            // Somebody may have ended the session, or taken it over, since.
            state
                .holds(session, self.no)
                .then(|| state.next(session, sent, BATCH))
        });
        let events = match next {
            None => return Ok(()),
            Some(Next::Events(events)) => events,
            Some(Next::Overrun) => {
                self.shared
                    .with(|state| state.end_session(session, EndReason::Overrun));
                return Err(CloseCode::Unknown.into());
            }
        };
        let Some((last, _)) = events.last() else {
            return Ok(());
        };
        let last = *last;
        let full = events.len() == BATCH;
        self.write(events.into_iter().map(|(_, payload)| payload).collect())
            .await?;
        self.sent = last;
        self.shared.with(|state| state.written(session, self.no, last));
        if full {
            self.wake.notify_one();
        }
        Ok(())
    }

    fn conditions(&self) -> crate::simulator::faults::Conditions {
        self.shared.read(|state| {
            state
                .faults
                .conditions(state.connections.get(&self.no), &state.ledger)
        })
    }

    async fn write(&mut self, payloads: Vec<String>) -> Result<(), End> {
        let messages: Result<Vec<Message>, String> = payloads
            .into_iter()
            .map(|payload| self.transport.message(payload))
            .collect();
        let messages = messages.map_err(|_| End::Broken)?;
        let mut later = Vec::new();
        let end = {
            let writing = async {
                for message in messages {
                    self.socket.feed(message).await?;
                }
                self.socket.flush().await
            };
            tokio::pin!(writing);
            loop {
                tokio::select! {
                    written = &mut writing => break written.err().map(|_| End::Broken),
                    Some(order) = self.orders.recv() => {
                        let ends = order.ends();
                        later.push(order);
                        // The client does not read: a close frame would not reach it either.
                        if ends { break Some(End::Reset) }
                    }
                    () = sleep_until(self.deadline) => break Some(End::Reset),
                    () = self.shared.stop.cancelled() => break Some(End::Drop),
                }
            }
        };
        if let Some(end) = end {
            return Err(end);
        }
        for order in later {
            Box::pin(self.obey(order)).await?;
        }
        Ok(())
    }
}
