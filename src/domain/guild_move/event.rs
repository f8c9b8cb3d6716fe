//! What happens to a move.

use super::stage::{Cut, Stage};

/// Something a driver has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A driver begins, or has waited.
    Begin,
    /// The rows of the source may be deleted now, as far as time goes.
    CleanDue,
    /// The row is this now, by our own write or by another's.
    Row {
        /// Its stage.
        stage: Stage,
        /// Freezes given up.
        thaws: u32,
    },
    /// The store did not answer: what was to be written may be written or not.
    StoreSilent,
    /// The flip was refused: since the freeze a pod has begun another life.
    LivesChanged,
    /// A pod did it.
    Done(Answer),
    /// A pod did not answer: it may have done it or not.
    Silent(Party),
    /// A pod will not, and would not if it were asked again.
    Refused {
        /// Which.
        party: Party,
        /// Why.
        why: String,
    },
    /// The target does not hold what was verified.
    NotVerified,
    /// What the target imported is not what the source had.
    Differs {
        /// The first difference.
        why: String,
    },
    /// The guild has stood still for as long as it may.
    BudgetSpent,
    /// Somebody wants the move given up.
    AbortAsked {
        /// Why.
        why: String,
    },
}

/// A pod's part in a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// Gives the guild.
    Source,
    /// Gets it.
    Target,
}

/// What a pod answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// There is room.
    Prepared,
    /// It has stopped.
    Frozen(Cut),
    /// It goes on.
    Thawed,
    /// It holds the rows.
    Imported(Cut),
    /// It serves.
    Serving,
    /// It knows that the guild is elsewhere.
    Retired,
    /// The import is undone.
    Dropped,
    /// Whether its replica holds the guild.
    Custody(bool),
    /// The rows are gone.
    Forgotten,
}
