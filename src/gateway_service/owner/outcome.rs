//! What became of a frame.

/// What became of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It began a session.
    SessionBegan,
    /// Its effects are in the guild's rows: so many changes.
    Applied(usize),
    /// The guild had it already; the cursor has moved.
    Repeated,
    /// The cursor was there already.
    Passed,
    /// Nothing is done with events of this name.
    Unsupported,
    /// It belongs to no guild.
    NoGuild,
    /// It is kept in `forward` for the guild's owner.
    Stored(StoredBecause),
    /// It could not be applied and is kept in `dead_frame`.
    Dead(String),
    /// Its guild cannot be told: it is lost, and a gap says so.
    Unroutable(String),
}

/// Why a frame was stored and not applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredBecause {
    /// The guild's fence does not allow it: frozen, or not at the epoch that config gave.
    NotServing,
    /// Another pod owns the guild.
    Elsewhere,
    /// Nobody has been asked who owns it.
    NoOwner,
    /// It is this pod's and was never served: config has to hear of it first.
    Unborn,
    /// Frames of the guild that came before it are still waiting.
    Behind,
}

impl Outcome {
    /// A word for metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::SessionBegan => "session_began",
            Self::Applied(_) => "applied",
            Self::Repeated => "repeated",
            Self::Passed => "passed",
            Self::Unsupported => "unsupported",
            Self::NoGuild => "no_guild",
            Self::Stored(_) => "stored",
            Self::Dead(_) => "dead",
            Self::Unroutable(_) => "unroutable",
        }
    }
}
