//! How far an action has come.

/// How far an action has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionState {
    /// Decided; Discord was not asked.
    Pending,
    /// Discord is being asked.
    Sending,
    /// Discord did it, or it was there already.
    Done,
    /// Discord may have done it or not.
    Unknown,
    /// It will not be done: the row says why.
    Dead,
}

impl ActionState {
    /// All of them, in the order in which an action comes to them.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Sending,
        Self::Unknown,
        Self::Dead,
        Self::Done,
    ];

    /// Its name in rows and for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Done => "done",
            Self::Unknown => "unknown",
            Self::Dead => "dead",
        }
    }

    /// The state with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}
