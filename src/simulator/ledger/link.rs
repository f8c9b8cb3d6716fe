//! Connections, and the IDENTIFYs and RESUMEs that came over them.

use serde::Serialize;

/// A gateway connection.
#[derive(Debug, Clone, Serialize)]
pub struct ConnectionRecord {
    /// From 0.
    pub no: usize,
    /// Unix milliseconds.
    pub opened_ms: u64,
    /// Which address it came to.
    pub via: Via,
    /// The client's address and port.
    pub peer: String,
    /// Whether it asked for `zstd-stream`.
    pub compressed: bool,
    /// The session that it holds or held, by number.
    pub session: Option<usize>,
    /// Heartbeats received.
    pub heartbeats: u64,
    /// How it ended.
    pub closed: Option<Closed>,
}

/// A gateway address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// The one of `GET /gateway/bot`.
    Gateway,
    /// `resume_gateway_url`.
    ResumeUrl,
}

/// The end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Closed {
    /// Who began it.
    pub by: Closer,
    /// The close code, where there was a close frame with one.
    pub code: Option<u16>,
    /// Unix milliseconds.
    pub at_ms: u64,
}

/// Who ended a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Closer {
    /// The client, with a close frame.
    Client,
    /// The simulated Discord.
    Server,
    /// Nobody said so: the connection broke.
    Transport,
}

/// An IDENTIFY or RESUME.
#[derive(Debug, Clone, Serialize)]
pub struct Attempt {
    /// Unix milliseconds.
    pub at_ms: u64,
    /// The connection, by number.
    pub connection: usize,
    /// The Discord shard and the count of them, where known.
    pub shard: Option<(u32, u32)>,
    /// The session's id: the new one, or the one to be resumed.
    pub session_id: Option<String>,
    /// What it got.
    pub outcome: Outcome,
}

/// What an IDENTIFY or RESUME got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// READY.
    Identified,
    /// Op 9: less than the identify interval after another of the same key.
    TooSoon,
    /// The daily budget was spent: every session ended, the token is reset.
    OverBudget,
    /// Op 9 as a test ordered.
    RefusedByOrder,
    /// Closed with this code.
    Closed(u16),
    /// Replayed from the seq after this one.
    Resumed {
        /// The client's last seq.
        from: u64,
        /// Events replayed, RESUMED not counted.
        replayed: u64,
    },
    /// Op 9: no such session, or it ended.
    UnknownSession,
    /// Op 9: the events after this seq are no longer kept, or an older seq is refused.
    SeqTooOld(u64),
}
