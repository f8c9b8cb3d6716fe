//! One session: its replay buffer, from which connections are fed.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::Notify;

use super::sharding::Shard;
use crate::simulator::events::WireEvent;

/// Events that may wait for a connection that does not read.
const OUTGOING: usize = 100_000;

/// A session. Its record (what was sent, written, acknowledged) is in the ledger.
#[derive(Debug)]
pub(in crate::simulator) struct Session {
    pub(in crate::simulator) shard: Shard,
    pub(in crate::simulator) intents: u64,
    /// Events that can still be sent or replayed, with their seq, in order.
    pub(super) buffer: VecDeque<(u64, Arc<WireEvent>)>,
    pub(super) last_seq: u64,
    /// The last seq sent over the connection that holds it.
    pub(super) sent: u64,
    pub(super) hold: Hold,
}

/// Who holds a session.
#[derive(Debug)]
pub(super) enum Hold {
    /// A connection, woken when there is something to send.
    Connection { no: usize, wake: Arc<Notify> },
    /// Nobody, since this moment (Unix milliseconds): it can be resumed.
    Nobody { since_ms: u64 },
    /// It is over.
    Ended,
}

/// What comes next for a connection.
pub(super) enum Next {
    /// Payload texts with their seqs; none: there is nothing to send.
    Events(Vec<(u64, String)>),
    /// The buffer no longer has what comes next.
    Overrun,
}

impl Session {
    /// A session with nothing sent.
    pub(super) fn new(shard: Shard, intents: u64, hold: Hold) -> Self {
        Self {
            shard,
            intents,
            buffer: VecDeque::new(),
            last_seq: 0,
            sent: 0,
            hold,
        }
    }

    /// Gives the event the next seq. At most `most` are kept for replay; what a connection has yet to send
    /// waits beside them.
    pub(super) fn push(&mut self, event: Arc<WireEvent>, most: usize) {
        self.last_seq += 1;
        self.buffer.push_back((self.last_seq, event));
        let sent = if matches!(self.hold, Hold::Connection { .. }) {
            self.sent
        } else {
            u64::MAX
        };
        while self.buffer.len() > most {
            let may_go = self.buffer.front().is_some_and(|(seq, _)| *seq <= sent);
            if !may_go && self.buffer.len() <= most.saturating_add(OUTGOING) {
                break;
            }
            self.buffer.pop_front();
        }
        if let Hold::Connection { wake, .. } = &self.hold {
            wake.notify_one();
        }
    }

    /// Forgets what is not above `seq`.
    pub(super) fn trim(&mut self, seq: u64) {
        while self.buffer.front().is_some_and(|(first, _)| *first <= seq) {
            self.buffer.pop_front();
        }
    }

    /// Whether everything above `seq` is still there.
    pub(super) fn can_replay_from(&self, seq: u64) -> bool {
        seq == self.last_seq || self.buffer.front().is_some_and(|(first, _)| *first <= seq + 1)
    }

    /// The payloads above `sent`, at most `most`.
    pub(super) fn next(&self, sent: u64, most: usize) -> Next {
        if !self.can_replay_from(sent) {
            return Next::Overrun;
        }
        let above = self.buffer.partition_point(|(seq, _)| *seq <= sent);
        let events = self.buffer.range(above..).take(most);
        Next::Events(events.map(|(seq, event)| (*seq, payload(*seq, event))).collect())
    }
}

fn payload(seq: u64, event: &WireEvent) -> String {
    format!(r#"{{"t":"{}","s":{seq},"op":0,"d":{}}}"#, event.name, event.data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(events: u64, most: usize) -> Session {
        let mut session = Session::new(Shard { id: 0, of: 1 }, 0, Hold::Nobody { since_ms: 0 });
        for _ in 0..events {
            let event = WireEvent {
                name: "RESUMED",
                data: "{}".to_owned(),
            };
            session.push(Arc::new(event), most);
        }
        session
    }

    fn seqs(session: &Session, sent: u64) -> Option<Vec<u64>> {
        match session.next(sent, 10) {
            Next::Events(events) => Some(events.into_iter().map(|(seq, _)| seq).collect()),
            Next::Overrun => None,
        }
    }

    #[test]
    fn replay_starts_after_the_seq_given() {
        let session = session(5, 100);
        assert_eq!(seqs(&session, 0), Some(vec![1, 2, 3, 4, 5]));
        assert_eq!(seqs(&session, 3), Some(vec![4, 5]));
        assert_eq!(seqs(&session, 5), Some(vec![]));
    }

    #[test]
    fn what_was_dropped_cannot_be_replayed() {
        let full = session(5, 3);
        assert_eq!(seqs(&full, 1), None);
        assert_eq!(seqs(&full, 2), Some(vec![3, 4, 5]));
        let mut trimmed = session(5, 100);
        trimmed.trim(5);
        assert_eq!(seqs(&trimmed, 4), None);
        assert_eq!(seqs(&trimmed, 5), Some(vec![]));
    }

    #[test]
    fn what_a_connection_has_yet_to_send_is_not_forgotten() {
        let mut session = session(3, 3);
        session.sent = 1;
        session.hold = Hold::Connection {
            no: 0,
            wake: Arc::new(Notify::new()),
        };
        for _ in 0..3 {
            session.push(
                Arc::new(WireEvent {
                    name: "RESUMED",
                    data: "{}".to_owned(),
                }),
                3,
            );
        }
        assert_eq!(seqs(&session, 1), Some(vec![2, 3, 4, 5, 6]));
        session.sent = 6;
        session.push(
            Arc::new(WireEvent {
                name: "RESUMED",
                data: "{}".to_owned(),
            }),
            3,
        );
        assert_eq!(seqs(&session, 4), Some(vec![5, 6, 7]));
    }

    #[test]
    fn a_payload_is_what_discord_writes() {
        let event = WireEvent {
            name: "RESUMED",
            data: "{\"a\":1}".to_owned(),
        };
        assert_eq!(payload(7, &event), r#"{"t":"RESUMED","s":7,"op":0,"d":{"a":1}}"#);
    }
}
