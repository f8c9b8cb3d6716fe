//! Mistakes that an implementation could make. Each is planted on its own; the schedules must find each.

/// One mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Planted {
    /// A freeze is answered without stopping anything.
    SkipTheCut,
    /// The store thaws a move that has flipped.
    ThawAfterFlip,
    /// What was deleted between two freezes is not deleted at the target.
    LoseADelete,
    /// A pod answers before its fsync.
    AckEarly,
    /// The target serves without what was verified.
    ServeUnverified,
    /// The target serves before the flip, as soon as it is verified.
    ServeBeforeTheFlip,
    /// A delta is taken in by a target that serves already.
    StartTwice,
    /// A freeze with an old number stops the guild.
    StaleFreezeAccepted,
    /// The source's rows go before the target's replica has them.
    CleanBeforeCustody,
    /// The flip does not compare the pods' lives.
    FlipWithoutLives,
    /// Importing twice adds up.
    ImportTwiceAdds,
    /// What is left of an import is deleted without a look at the fence.
    AbortDeletesServing,
    /// The flip keeps the epoch.
    EpochReused,
    /// A pod thaws because of what the store said before the freeze.
    ThawOnOldNews,
    /// A clean-up runs at whatever epoch the tombstone is, or none.
    LateCleanUp,
    /// Command numbers begin anew with each move.
    NumbersBeginAnew,
    /// A store that has lost its last commits goes on as if nothing had happened.
    NoRecovery,
    /// An aborted move leaves its source as it is.
    NeverThaw,
    /// A pod serves by its fence alone, whatever the store says.
    ServeWithoutTheStore,
}

impl Planted {
    pub(super) const ALL: [Self; 19] = [
        Self::SkipTheCut,
        Self::ThawAfterFlip,
        Self::LoseADelete,
        Self::AckEarly,
        Self::ServeUnverified,
        Self::ServeBeforeTheFlip,
        Self::StartTwice,
        Self::StaleFreezeAccepted,
        Self::CleanBeforeCustody,
        Self::FlipWithoutLives,
        Self::ImportTwiceAdds,
        Self::AbortDeletesServing,
        Self::EpochReused,
        Self::ThawOnOldNews,
        Self::LateCleanUp,
        Self::NumbersBeginAnew,
        Self::NoRecovery,
        Self::NeverThaw,
        Self::ServeWithoutTheStore,
    ];
}
