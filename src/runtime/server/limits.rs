//! What one server allows.

use std::time::Duration;

/// Bounds of one server.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once; more wait in the kernel's queue.
    pub connections: usize,
    /// From a connection's last answer (or its start) to the end of the next request's head. Idle
    /// connections end by it too.
    pub header_time: Duration,
    /// From the head to the end of the body.
    pub body_time: Duration,
    /// The largest body in bytes.
    pub body_bytes: usize,
    /// From the head to the start of the answer.
    pub request_time: Duration,
    /// How long a peer may leave sent bytes unread before the connection is dropped.
    pub write_stall: Duration,
}

impl Limits {
    /// The admin port's: small, and apart from the API's, so that probes are answered under load.
    pub const ADMIN: Self = Self {
        connections: 32,
        header_time: Duration::from_secs(10),
        body_time: Duration::from_secs(2),
        body_bytes: 4096,
        request_time: Duration::from_secs(5),
        write_stall: Duration::from_secs(10),
    };
}
