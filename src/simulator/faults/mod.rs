//! Faults on demand.

mod rest;

use serde::{Deserialize, Serialize};

use super::gateway::connection::{Connection, Order};
use super::ledger::{EndReason, Ledger};
use super::state::State;

pub use rest::{RestAnswer, RestFault};

/// Which connections and sessions a fault is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// All of them.
    #[default]
    All,
    /// Those of the Discord shard with this id, whatever the count of shards.
    Shard(u32),
    /// One session, by its id.
    Session(String),
}

/// A fault. The first group happens once, at once; the second lasts until [`Fault::Clear`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// Close with a code; 1000, 1001, 4003, 4004, 4007 and 4009 to 4014 end the session.
    Close {
        /// Whose connection.
        #[serde(default)]
        target: Target,
        /// The close code.
        code: u16,
    },
    /// End the TCP stream without a close frame.
    Drop {
        /// Whose connection.
        #[serde(default)]
        target: Target,
    },
    /// Reset the TCP connection.
    Reset {
        /// Whose connection.
        #[serde(default)]
        target: Target,
    },
    /// Op 7.
    Reconnect {
        /// To whom.
        #[serde(default)]
        target: Target,
    },
    /// Op 9; not resumable also ends the session.
    InvalidSession {
        /// To whom.
        #[serde(default)]
        target: Target,
        /// The `d` of op 9.
        resumable: bool,
    },
    /// End sessions without a word, their connections dropped: the next RESUME gets op 9.
    ForgetSessions {
        /// Whose.
        #[serde(default)]
        target: Target,
    },
    /// Op 1: ask for a heartbeat at once.
    AskHeartbeat {
        /// Whom.
        #[serde(default)]
        target: Target,
    },
    /// Leave so many identifies of the daily budget.
    IdentifyBudget {
        /// Identifies left.
        remaining: u32,
    },
    /// The next so many IDENTIFYs get op 9.
    RefuseIdentifies {
        /// How many.
        times: u32,
        /// The `d` of op 9.
        resumable: bool,
    },
    /// The next so many RESUMEs get op 9.
    RefuseResumes {
        /// How many.
        times: u32,
        /// The `d` of op 9.
        resumable: bool,
    },
    /// No heartbeat is answered.
    StallAcks {
        /// Whose.
        #[serde(default)]
        target: Target,
    },
    /// Events are held back, heartbeats answered.
    Freeze {
        /// Whose.
        #[serde(default)]
        target: Target,
    },
    /// Every batch of events leaves later.
    Delay {
        /// Whose.
        #[serde(default)]
        target: Target,
        /// Milliseconds.
        ms: u64,
    },
    /// New gateway connections are reset before the handshake.
    RefuseConnections,
    /// REST requests fail.
    Rest(RestFault),
    /// All that lasts is over.
    Clear,
}

/// What lasts for one connection.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Conditions {
    pub(super) stall_acks: bool,
    pub(super) freeze: bool,
    pub(super) delay_ms: Option<u64>,
}

/// Faults in force.
#[derive(Debug, Default)]
pub(super) struct Faults {
    lasting: Vec<Fault>,
    refuse_identifies: (u32, bool),
    refuse_resumes: (u32, bool),
    pub(super) rest: rest::RestFaults,
}

impl Faults {
    /// Whether gateway connections are refused.
    pub(super) fn refuses_connections(&self) -> bool {
        self.lasting.contains(&Fault::RefuseConnections)
    }

    /// What lasts for `connection`.
    pub(super) fn conditions(&self, connection: Option<&Connection>, ledger: &Ledger) -> Conditions {
        let mut conditions = Conditions::default();
        // The usual case, asked for at every batch.
        let Some(connection) = connection.filter(|_| !self.lasting.is_empty()) else {
            return conditions;
        };
        for fault in &self.lasting {
            match fault {
                Fault::StallAcks { target } if target.means(connection, ledger) => {
                    conditions.stall_acks = true;
                }
                Fault::Freeze { target } if target.means(connection, ledger) => {
                    conditions.freeze = true;
                }
                Fault::Delay { target, ms } if target.means(connection, ledger) => {
                    conditions.delay_ms = Some(*ms);
                }
                _ => {}
            }
        }
        conditions
    }

    /// The `d` of op 9, where the next IDENTIFY is to be refused.
    pub(super) fn refuse_identify(&mut self) -> Option<bool> {
        take(&mut self.refuse_identifies)
    }

    /// The `d` of op 9, where the next RESUME is to be refused.
    pub(super) fn refuse_resume(&mut self) -> Option<bool> {
        take(&mut self.refuse_resumes)
    }
}

fn take(order: &mut (u32, bool)) -> Option<bool> {
    order.0 = order.0.checked_sub(1)?;
    Some(order.1)
}

impl Target {
    fn means(&self, connection: &Connection, ledger: &Ledger) -> bool {
        match self {
            Self::All => true,
            Self::Shard(id) => connection.shard.is_some_and(|shard| shard.id == *id),
            Self::Session(id) => connection
                .session
                .is_some_and(|session| ledger.sessions[session].session_id == *id),
        }
    }
}

impl State {
    /// Brings a fault about. Returns how many connections or sessions it met; 1 for those that meet none yet.
    pub(super) fn fault(&mut self, fault: Fault) -> usize {
        match fault {
            Fault::Close { target, code } => {
                self.order_all(&target, &Order::Close(code, "Ordered by a test.".to_owned()))
            }
            Fault::Drop { target } => self.order_all(&target, &Order::Drop),
            Fault::Reset { target } => self.order_all(&target, &Order::Reset),
            Fault::Reconnect { target } => self.order_all(&target, &Order::Reconnect),
            Fault::AskHeartbeat { target } => self.order_all(&target, &Order::AskHeartbeat),
            Fault::InvalidSession { target, resumable } => {
                let met = self.order_all(&target, &Order::InvalidSession(resumable));
                if !resumable {
                    self.forget(&target);
                }
                met
            }
            Fault::ForgetSessions { target } => {
                self.order_all(&target, &Order::Drop);
                self.forget(&target)
            }
            Fault::IdentifyBudget { remaining } => {
                self.identify.set_remaining(remaining);
                1
            }
            Fault::RefuseIdentifies { times, resumable } => {
                self.faults.refuse_identifies = (times, resumable);
                1
            }
            Fault::RefuseResumes { times, resumable } => {
                self.faults.refuse_resumes = (times, resumable);
                1
            }
            Fault::Rest(fault) => {
                self.faults.rest.add(fault);
                1
            }
            Fault::Clear => {
                self.faults = Faults::default();
                self.connections
                    .values()
                    .for_each(|connection| connection.wake.notify_one());
                self.connections.len()
            }
            lasting => {
                self.faults.lasting.push(lasting);
                1
            }
        }
    }

    fn order_all(&self, target: &Target, order: &Order) -> usize {
        let meant = self
            .connections
            .values()
            .filter(|connection| target.means(connection, &self.ledger));
        meant
            .filter(|connection| connection.orders.send(order.clone()).is_ok())
            .count()
    }

    fn forget(&mut self, target: &Target) -> usize {
        let meant = |no: &usize| match target {
            Target::All => true,
            Target::Shard(id) => self.sessions.get(*no).shard.id == *id,
            Target::Session(id) => self.ledger.sessions[*no].session_id == *id,
        };
        let sessions: Vec<usize> = self.sessions.live().into_iter().filter(meant).collect();
        for no in &sessions {
            self.end_session(*no, EndReason::Invalidated);
        }
        sessions.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_written_as_an_operator_would() {
        let read = |text: &str| serde_json::from_str::<Fault>(text).unwrap();
        let all = Target::All;
        assert_eq!(
            read(r#"{"fault":"close","code":4000}"#),
            Fault::Close {
                target: all,
                code: 4000
            }
        );
        assert_eq!(
            read(r#"{"fault":"invalid_session","target":{"shard":3},"resumable":false}"#),
            Fault::InvalidSession {
                target: Target::Shard(3),
                resumable: false
            }
        );
        assert_eq!(
            read(r#"{"fault":"rest","method":"POST","answer":{"status":500},"times":2}"#),
            Fault::Rest(RestFault {
                method: Some("POST".to_owned()),
                answer: RestAnswer::Status(500),
                times: Some(2),
                ..RestFault::default()
            })
        );
    }
}
