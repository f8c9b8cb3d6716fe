//! Lost and doubled, computed from what was sent and what somebody kept.

use std::collections::HashMap;

use serde::Serialize;

use super::{EventRecord, Ledger};

/// A place in a session's stream of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Position {
    /// The session.
    pub session_id: String,
    /// The sequence number in it.
    pub seq: u64,
}

/// How what was kept differs from what was sent. All empty: every event exactly once, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reckoning {
    /// Sent, never kept.
    pub lost: Vec<Position>,
    /// Kept more than once.
    pub doubled: Vec<Position>,
    /// Kept, never sent.
    pub unknown: Vec<Position>,
    /// Kept after a later one of the same session.
    pub disordered: Vec<Position>,
}

impl Reckoning {
    /// Every event exactly once, in order.
    pub fn is_exact(&self) -> bool {
        *self == Self::default()
    }
}

impl Ledger {
    /// Compares every position that was sent with those in `kept`, given in the order of keeping.
    pub fn reckon<'a>(&self, kept: impl IntoIterator<Item = (&'a str, u64)>) -> Reckoning {
        let mut reckoning = Reckoning::default();
        let mut times: HashMap<(&str, u64), u32> = HashMap::new();
        let mut highest: HashMap<&str, u64> = HashMap::new();
        let lengths: HashMap<&str, u64> = self
            .sessions
            .iter()
            .map(|session| (session.session_id.as_str(), session.last_seq()))
            .collect();
        for (session_id, seq) in kept {
            let position = || Position {
                session_id: session_id.to_owned(),
                seq,
            };
            if seq == 0 || lengths.get(session_id).is_none_or(|last| seq > *last) {
                reckoning.unknown.push(position());
                continue;
            }
            let seen = times.entry((session_id, seq)).or_default();
            *seen += 1;
            if *seen > 1 {
                reckoning.doubled.push(position());
            }
            let top = highest.entry(session_id).or_default();
            if seq < *top {
                reckoning.disordered.push(position());
            }
            *top = seq.max(*top);
        }
        for session in &self.sessions {
            let id = session.session_id.as_str();
            let missing = (1..=session.last_seq()).filter(|seq| !times.contains_key(&(id, *seq)));
            reckoning.lost.extend(missing.map(|seq| Position {
                session_id: id.to_owned(),
                seq,
            }));
        }
        reckoning
    }

    /// The event at a position.
    pub fn at(&self, session_id: &str, seq: u64) -> Option<&EventRecord> {
        let index = usize::try_from(seq.checked_sub(1)?).ok()?;
        let no = self.session(session_id)?.sent.get(index)?;
        self.events.get(usize::try_from(no - 1).ok()?)
    }

    /// What a session had beyond `seq`: where it ended, this is what its client will never be told.
    pub fn beyond(&self, session_id: &str, seq: u64) -> Vec<&EventRecord> {
        let last = self.session(session_id).map_or(0, super::SessionRecord::last_seq);
        (seq + 1..=last)
            .filter_map(|seq| self.at(session_id, seq))
            .collect()
    }

    /// Events that were published while no session of their Discord shard existed.
    pub fn unheard(&self) -> impl Iterator<Item = &EventRecord> {
        self.events.iter().filter(|event| event.heard == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{SessionRecord, event::EventRecord};
    use super::*;

    fn ledger(sent: &[u64]) -> Ledger {
        let event = |no| EventRecord {
            no,
            at_ms: 0,
            name: "MESSAGE_CREATE",
            guild: None,
            channel: None,
            subject: None,
            user: None,
            only_for: None,
            heard: 1,
        };
        let session = SessionRecord {
            no: 0,
            session_id: "a".to_owned(),
            shard: 0,
            num_shards: 1,
            intents: 0,
            started_ms: 0,
            sent: sent.to_vec(),
            written: 0,
            acked: 0,
            attached: true,
            ended: None,
        };
        Ledger {
            events: (1..=5).map(event).collect(),
            sessions: vec![session],
            ..Ledger::default()
        }
    }

    fn positions(seqs: &[u64]) -> Vec<Position> {
        seqs.iter()
            .map(|seq| Position {
                session_id: "a".to_owned(),
                seq: *seq,
            })
            .collect()
    }

    #[test]
    fn each_kind_of_difference_is_told_apart() {
        let ledger = ledger(&[1, 2, 4, 5]);
        let kept = |seqs: &[u64]| ledger.reckon(seqs.iter().map(|seq| ("a", *seq)));
        assert!(kept(&[1, 2, 3, 4]).is_exact());
        assert_eq!(kept(&[1, 2, 4]).lost, positions(&[3]));
        assert_eq!(kept(&[1, 2, 2, 3, 4]).doubled, positions(&[2]));
        assert_eq!(kept(&[1, 3, 2, 4]).disordered, positions(&[2]));
        assert_eq!(kept(&[1, 2, 3, 4, 9]).unknown, positions(&[9]));
        assert_eq!(ledger.reckon([("b", 1)]).unknown[0].session_id, "b");
    }

    #[test]
    fn what_lies_beyond_a_position_is_named_by_event() {
        let ledger = ledger(&[1, 2, 4, 5]);
        let nos: Vec<u64> = ledger.beyond("a", 2).iter().map(|event| event.no).collect();
        assert_eq!(nos, [4, 5]);
    }
}
