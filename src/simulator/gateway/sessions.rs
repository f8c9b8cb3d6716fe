//! All sessions, and what happens to them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::session::{Hold, Next, Session};
use super::sharding::Shard;
use crate::simulator::events::WireEvent;
use crate::simulator::ledger::{EndReason, SessionRecord};
use crate::simulator::settings::ReplayTrim;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::state::State;

/// Sessions by number, with an index of those that still hear events.
#[derive(Debug, Default)]
pub(in crate::simulator) struct Sessions {
    all: Vec<Session>,
    /// `num_shards` -> `shard_id` -> sessions that have not ended.
    live: BTreeMap<u32, HashMap<u32, Vec<usize>>>,
    by_id: HashMap<String, usize>,
    /// Sessions that nobody holds.
    orphans: Vec<usize>,
}

impl Sessions {
    /// A session by number.
    pub(in crate::simulator) fn get(&self, no: usize) -> &Session {
        &self.all[no]
    }

    /// The number of the session with this id.
    pub(in crate::simulator) fn by_id(&self, session_id: &str) -> Option<usize> {
        self.by_id.get(session_id).copied()
    }

    /// The sessions that hear of `guild`; without one, those of shard 0, whatever their count of shards.
    pub(in crate::simulator) fn matching(
        &self,
        guild: Option<Snowflake>,
    ) -> impl Iterator<Item = usize> + use<'_> {
        self.live.iter().flat_map(move |(of, shards)| {
            let id = guild.map_or(0, |guild| {
                u32::try_from((guild.0 >> 22) % u64::from(*of)).unwrap_or_default()
            });
            shards.get(&id).into_iter().flatten().copied()
        })
    }

    /// The numbers of the sessions that have not ended.
    pub(in crate::simulator) fn live(&self) -> Vec<usize> {
        self.live
            .values()
            .flat_map(HashMap::values)
            .flatten()
            .copied()
            .collect()
    }
}

impl State {
    /// Begins a session held by a connection. Returns its number.
    pub(super) fn begin_session(&mut self, shard: Shard, intents: u64, hold: Hold) -> usize {
        let no = self.sessions.all.len();
        let session_id = self.new_secret(32);
        self.sessions.all.push(Session::new(shard, intents, hold));
        self.sessions.by_id.insert(session_id.clone(), no);
        self.sessions
            .live
            .entry(shard.of)
            .or_default()
            .entry(shard.id)
            .or_default()
            .push(no);
        self.ledger.sessions.push(SessionRecord {
            no,
            session_id,
            shard: shard.id,
            num_shards: shard.of,
            intents,
            started_ms: self.now_ms(),
            sent: Vec::new(),
            written: 0,
            acked: 0,
            attached: true,
            ended: None,
        });
        no
    }

    /// Gives a session its next event.
    pub(in crate::simulator) fn push(&mut self, no: usize, event_no: u64, event: Arc<WireEvent>) {
        self.ledger.sessions[no].sent.push(event_no);
        let most = self.settings.gateway.replay_buffer;
        self.sessions.all[no].push(event, most);
    }

    /// What a connection that has sent up to `sent` should send next.
    pub(super) fn next(&self, no: usize, sent: u64, most: usize) -> Next {
        self.sessions.all[no].next(sent, most)
    }

    /// Notes that `connection` wrote everything up to `seq`.
    pub(super) fn written(&mut self, no: usize, connection: usize, seq: u64) {
        let record = &mut self.ledger.sessions[no];
        record.written = record.written.max(seq);
        if self.holds(no, connection) {
            self.sessions.all[no].sent = seq;
        }
    }

    /// Notes that a client named `seq` in a heartbeat.
    pub(super) fn acknowledge(&mut self, no: usize, seq: u64) {
        let record = &mut self.ledger.sessions[no];
        record.acked = record.acked.max(seq.min(record.last_seq()));
        let acked = record.acked;
        if self.settings.gateway.replay_trim == ReplayTrim::ByHeartbeat {
            self.sessions.all[no].trim(acked);
        }
    }

    /// Lets a connection hold a session, its client being at `seq`. Returns the connection that held it before.
    pub(super) fn attach(&mut self, no: usize, hold: Hold, seq: u64) -> Option<usize> {
        let session = &mut self.sessions.all[no];
        session.sent = seq;
        let before = std::mem::replace(&mut session.hold, hold);
        self.ledger.sessions[no].attached = true;
        self.sessions.orphans.retain(|orphan| *orphan != no);
        match before {
            Hold::Connection { no, .. } => Some(no),
            _ => None,
        }
    }

    /// Whether `connection` holds the session.
    pub(super) fn holds(&self, no: usize, connection: usize) -> bool {
        matches!(&self.sessions.all[no].hold, Hold::Connection { no, .. } if *no == connection)
    }

    /// A connection let go of a session: it can be resumed from now on, for a while.
    pub(super) fn detach(&mut self, no: usize, connection: usize) {
        let since_ms = self.now_ms();
        let hold = &mut self.sessions.all[no].hold;
        // A connection that took the session over keeps it.
        if matches!(hold, Hold::Connection { no: holder, .. } if *holder == connection) {
            *hold = Hold::Nobody { since_ms };
            self.sessions.orphans.push(no);
            self.ledger.sessions[no].attached = false;
        }
    }

    /// Ends a session: it hears no more events and cannot be resumed.
    pub(in crate::simulator) fn end_session(&mut self, no: usize, reason: EndReason) {
        let session = &mut self.sessions.all[no];
        if matches!(session.hold, Hold::Ended) {
            return;
        }
        session.hold = Hold::Ended;
        session.buffer.clear();
        let shard = session.shard;
        if let Some(sessions) = self
            .sessions
            .live
            .get_mut(&shard.of)
            .and_then(|of| of.get_mut(&shard.id))
        {
            sessions.retain(|live| *live != no);
        }
        self.sessions.orphans.retain(|orphan| *orphan != no);
        let record = &mut self.ledger.sessions[no];
        record.attached = false;
        record.ended = Some(reason);
    }

    /// Ends the sessions that nobody resumed in time.
    pub(in crate::simulator) fn end_expired_sessions(&mut self, now_ms: u64) {
        let window = u64::try_from(self.settings.gateway.resume_window.as_millis()).unwrap_or(u64::MAX);
        let over = |no: &usize| match self.sessions.all[*no].hold {
            Hold::Nobody { since_ms } => now_ms > since_ms.saturating_add(window),
            _ => false,
        };
        let expired: Vec<usize> = self.sessions.orphans.iter().copied().filter(over).collect();
        for no in expired {
            self.end_session(no, EndReason::Expired);
        }
    }
}
