//! Sessions.

use serde::Serialize;

/// A session, from its IDENTIFY on.
#[derive(Debug, Clone, Serialize)]
pub struct SessionRecord {
    /// From 0.
    pub no: usize,
    /// What READY said.
    pub session_id: String,
    /// The Discord shard.
    pub shard: u32,
    /// Of how many.
    pub num_shards: u32,
    /// The intents' bits.
    pub intents: u64,
    /// Unix milliseconds of the IDENTIFY.
    pub started_ms: u64,
    /// The event number behind each sequence number: `sent[0]` is seq 1.
    pub sent: Vec<u64>,
    /// The highest seq that was written to a socket.
    pub written: u64,
    /// The highest seq that the client named in a heartbeat or a RESUME.
    pub acked: u64,
    /// Whether a connection holds it now.
    pub attached: bool,
    /// When and why it ended.
    pub ended: Option<EndReason>,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The client closed with 1000 or 1001.
    ClosedByClient,
    /// The server closed with a code that ends sessions.
    ClosedByServer(u16),
    /// Nobody resumed it in time.
    Expired,
    /// A test ended it.
    Invalidated,
    /// Its client fell so far behind that the replay buffer no longer held what comes next.
    Overrun,
    /// The identify budget was overrun.
    TokenReset,
}

impl SessionRecord {
    /// The highest seq that was given out.
    pub fn last_seq(&self) -> u64 {
        self.sent.len() as u64
    }

    /// Nothing is on its way: a connection holds the session and its client acknowledged everything.
    pub fn is_quiet(&self) -> bool {
        self.attached && self.acked == self.last_seq()
    }
}
