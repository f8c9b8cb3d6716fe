//! Close codes. Source: Discord developer documentation, "Gateway Close Event Codes".

/// Close codes that the simulated Discord gives of itself; a test can order any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) enum CloseCode {
    Unknown = 4000,
    UnknownOpcode = 4001,
    Decode = 4002,
    NotAuthenticated = 4003,
    AuthenticationFailed = 4004,
    AlreadyAuthenticated = 4005,
    InvalidSeq = 4007,
    RateLimited = 4008,
    SessionTimedOut = 4009,
    InvalidShard = 4010,
    ShardingRequired = 4011,
    InvalidVersion = 4012,
    InvalidIntents = 4013,
    DisallowedIntents = 4014,
}

impl CloseCode {
    /// The number and the words that Discord closes with.
    pub(in crate::simulator) fn frame(self) -> (u16, &'static str) {
        let reason = match self {
            Self::Unknown => "Unknown error.",
            Self::UnknownOpcode => "Unknown opcode.",
            Self::Decode => "Error while decoding payload.",
            Self::NotAuthenticated => "Not authenticated.",
            Self::AuthenticationFailed => "Authentication failed.",
            Self::AlreadyAuthenticated => "Already authenticated.",
            Self::InvalidSeq => "Invalid seq.",
            Self::RateLimited => "Rate limited.",
            Self::SessionTimedOut => "Session timed out.",
            Self::InvalidShard => "Invalid shard.",
            Self::ShardingRequired => "Sharding required.",
            Self::InvalidVersion => "Invalid API version.",
            Self::InvalidIntents => "Invalid intent(s).",
            Self::DisallowedIntents => "Disallowed intent(s).",
        };
        (self as u16, reason)
    }
}

/// Whether closing with `code` ends the session, when the server closes.
pub(in crate::simulator) fn server_close_ends_session(code: u16) -> bool {
    matches!(code, 1000 | 1001 | 4003 | 4004 | 4007 | 4009..=4014)
}

/// Whether closing with `code` ends the session, when the client closes: any other code leaves it to be resumed.
pub(in crate::simulator) fn client_close_ends_session(code: u16) -> bool {
    matches!(code, 1000 | 1001)
}
