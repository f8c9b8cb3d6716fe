//! Open connections as the rest of the simulator sees them: where to send orders.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc};

use super::sharding::Shard;

/// A connection's handle.
#[derive(Debug)]
pub(in crate::simulator) struct Connection {
    pub(in crate::simulator) orders: mpsc::UnboundedSender<Order>,
    pub(in crate::simulator) wake: Arc<Notify>,
    pub(in crate::simulator) session: Option<usize>,
    pub(in crate::simulator) shard: Option<Shard>,
}

/// What a connection is told to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::simulator) enum Order {
    /// Close with this code and reason.
    Close(u16, String),
    /// End the TCP stream without a close frame.
    Drop,
    /// Reset the TCP connection.
    Reset,
    /// Op 7.
    Reconnect,
    /// Op 9.
    InvalidSession(bool),
    /// Op 1.
    AskHeartbeat,
}

impl Order {
    /// Whether the connection is over after it.
    pub(super) fn ends(&self) -> bool {
        matches!(self, Self::Close(..) | Self::Drop | Self::Reset)
    }
}
