//! How a fence changes.

use super::{FenceMode, FenceRefusal, FenceState};
use crate::domain::digest::GuildDigest;
use crate::domain::ids::{Epoch, MoveId};

/// A command to a fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FenceChange {
    /// A guild that was never served anywhere begins here.
    Born {
        /// Its first epoch.
        epoch: Epoch,
    },
    /// Rows will be brought in.
    Import {
        /// The epoch at which the guild will be served here.
        epoch: Epoch,
        /// For which move.
        move_id: MoveId,
        /// The command's number.
        freeze_no: u64,
    },
    /// The owner stops for a move.
    Freeze {
        /// The owner's epoch.
        epoch: Epoch,
        /// For which move.
        move_id: MoveId,
        /// The command's number.
        freeze_no: u64,
    },
    /// The owner goes on: this very freeze is over, also where it never came.
    Thaw {
        /// The owner's epoch.
        epoch: Epoch,
        /// Of which move.
        move_id: MoveId,
        /// The number of the freeze.
        freeze_no: u64,
    },
    /// Everything up to the cut of a freeze is here.
    Verify {
        /// The epoch at which the guild will be served here.
        epoch: Epoch,
        /// Of which move.
        move_id: MoveId,
        /// The number of the source's freeze.
        freeze_no: u64,
        /// The digest of the rows here.
        digest: GuildDigest,
    },
    /// The guild is served here from now on: what was verified.
    Start {
        /// The new owner's epoch.
        epoch: Epoch,
        /// Of which move.
        move_id: MoveId,
        /// The number of the source's freeze.
        freeze_no: u64,
        /// The digest that was verified.
        digest: GuildDigest,
    },
    /// The guild is owned elsewhere since this epoch.
    GivenAway {
        /// The new owner's epoch.
        epoch: Epoch,
    },
    /// The import is given up.
    AbortImport {
        /// The epoch at which the guild would have been served here.
        epoch: Epoch,
        /// Of which move.
        move_id: MoveId,
    },
    /// The owner stays and its epoch grows: at the end of a recovery of the config store.
    Raise {
        /// The epoch at which this pod owns the guild.
        from: Epoch,
        /// The new one.
        to: Epoch,
    },
}

/// What an accepted command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The fence says that already.
    Unchanged,
    /// The fence's new state.
    Becomes(FenceState),
}

/// Judges a command by the fence as it is (`None`: the guild was never in this file).
pub fn change(current: Option<&FenceState>, command: &FenceChange) -> Result<Outcome, FenceRefusal> {
    match *command {
        FenceChange::Born { epoch } => born(current, epoch),
        FenceChange::Import {
            epoch,
            move_id,
            freeze_no,
        } => import(current, epoch, move_id, freeze_no),
        FenceChange::Freeze {
            epoch,
            move_id,
            freeze_no,
        } => freeze(known(current)?, epoch, move_id, freeze_no),
        FenceChange::Thaw {
            epoch,
            move_id,
            freeze_no,
        } => thaw(known(current)?, epoch, move_id, freeze_no),
        FenceChange::Verify {
            epoch,
            move_id,
            freeze_no,
            digest,
        } => verify(known(current)?, epoch, move_id, freeze_no, digest),
        FenceChange::Start {
            epoch,
            move_id,
            freeze_no,
            digest,
        } => start(known(current)?, epoch, move_id, freeze_no, digest),
        FenceChange::GivenAway { epoch } => given_away(known(current)?, epoch),
        FenceChange::AbortImport { epoch, move_id } => abort_import(known(current)?, epoch, move_id),
        FenceChange::Raise { from, to } => raise(known(current)?, from, to),
    }
}

fn known(current: Option<&FenceState>) -> Result<&FenceState, FenceRefusal> {
    current.ok_or(FenceRefusal::NoFence)
}

/// A state without move, number and digest.
fn plain(epoch: Epoch, mode: FenceMode) -> FenceState {
    FenceState {
        epoch,
        mode,
        move_id: None,
        freeze_no: 0,
        digest: None,
    }
}

fn born(current: Option<&FenceState>, epoch: Epoch) -> Result<Outcome, FenceRefusal> {
    match current {
        None => Ok(Outcome::Becomes(plain(epoch, FenceMode::Serving))),
        Some(fence) if *fence == plain(epoch, FenceMode::Serving) => Ok(Outcome::Unchanged),
        Some(fence) => Err(FenceRefusal::BornBefore {
            mode: fence.mode,
            epoch: fence.epoch,
        }),
    }
}

/// An import begins over nothing, over a tombstone or over an earlier import: never over rows that may be the newest.
fn import(
    current: Option<&FenceState>,
    epoch: Epoch,
    move_id: MoveId,
    freeze_no: u64,
) -> Result<Outcome, FenceRefusal> {
    let wanted = FenceState {
        move_id: Some(move_id),
        freeze_no,
        ..plain(epoch, FenceMode::Importing)
    };
    let Some(fence) = current else {
        return Ok(Outcome::Becomes(wanted));
    };
    if *fence == wanted {
        return Ok(Outcome::Unchanged);
    }
    if fence.mode.owns() {
        return Err(FenceRefusal::Mode { mode: fence.mode });
    }
    newer_command(fence, epoch, freeze_no)?;
    Ok(Outcome::Becomes(wanted))
}

/// The command has a higher (epoch, number) than the fence.
fn newer_command(fence: &FenceState, epoch: Epoch, freeze_no: u64) -> Result<(), FenceRefusal> {
    if epoch < fence.epoch {
        return Err(FenceRefusal::StaleEpoch {
            asked: epoch,
            fence: fence.epoch,
        });
    }
    if epoch == fence.epoch && freeze_no <= fence.freeze_no {
        return Err(FenceRefusal::StaleCommand {
            asked: freeze_no,
            fence: fence.freeze_no,
        });
    }
    Ok(())
}

fn freeze(
    fence: &FenceState,
    epoch: Epoch,
    move_id: MoveId,
    freeze_no: u64,
) -> Result<Outcome, FenceRefusal> {
    let wanted = FenceState {
        move_id: Some(move_id),
        freeze_no,
        ..plain(epoch, FenceMode::Frozen)
    };
    if *fence == wanted {
        return Ok(Outcome::Unchanged);
    }
    fence.is_at(epoch)?;
    match fence.mode {
        FenceMode::Serving => {}
        FenceMode::Frozen => fence.belongs_to(move_id)?,
        mode => return Err(FenceRefusal::Mode { mode }),
    }
    newer_command(fence, epoch, freeze_no)?;
    Ok(Outcome::Becomes(wanted))
}

fn thaw(fence: &FenceState, epoch: Epoch, move_id: MoveId, freeze_no: u64) -> Result<Outcome, FenceRefusal> {
    fence.is_at(epoch)?;
    if fence.mode == FenceMode::Serving && freeze_no > fence.freeze_no {
        // It has overtaken its freeze, which then comes too late: nobody would wait for it.
        return Ok(Outcome::Becomes(FenceState {
            move_id: Some(move_id),
            freeze_no,
            ..fence.clone()
        }));
    }
    if fence.freeze_no != freeze_no {
        return Err(FenceRefusal::StaleCommand {
            asked: freeze_no,
            fence: fence.freeze_no,
        });
    }
    fence.belongs_to(move_id)?;
    match fence.mode {
        FenceMode::Serving => Ok(Outcome::Unchanged),
        FenceMode::Frozen => Ok(Outcome::Becomes(FenceState {
            mode: FenceMode::Serving,
            ..fence.clone()
        })),
        mode => Err(FenceRefusal::Mode { mode }),
    }
}

fn verify(
    fence: &FenceState,
    epoch: Epoch,
    move_id: MoveId,
    freeze_no: u64,
    digest: GuildDigest,
) -> Result<Outcome, FenceRefusal> {
    fence.allows(super::Access::Import { epoch, move_id })?;
    if freeze_no < fence.freeze_no {
        return Err(FenceRefusal::StaleCommand {
            asked: freeze_no,
            fence: fence.freeze_no,
        });
    }
    match fence.digest {
        Some(verified) if freeze_no == fence.freeze_no && verified == digest => Ok(Outcome::Unchanged),
        Some(_) if freeze_no == fence.freeze_no => Err(FenceRefusal::NotVerified),
        _ => Ok(Outcome::Becomes(FenceState {
            freeze_no,
            digest: Some(digest),
            ..fence.clone()
        })),
    }
}

fn start(
    fence: &FenceState,
    epoch: Epoch,
    move_id: MoveId,
    freeze_no: u64,
    digest: GuildDigest,
) -> Result<Outcome, FenceRefusal> {
    fence.is_at(epoch)?;
    fence.belongs_to(move_id)?;
    if fence.freeze_no != freeze_no || fence.digest != Some(digest) {
        return Err(FenceRefusal::NotVerified);
    }
    match fence.mode {
        FenceMode::Serving => Ok(Outcome::Unchanged),
        FenceMode::Importing => Ok(Outcome::Becomes(FenceState {
            mode: FenceMode::Serving,
            ..fence.clone()
        })),
        mode => Err(FenceRefusal::Mode { mode }),
    }
}

fn given_away(fence: &FenceState, epoch: Epoch) -> Result<Outcome, FenceRefusal> {
    if fence.mode == FenceMode::Tombstone && fence.epoch == epoch {
        return Ok(Outcome::Unchanged);
    }
    if epoch <= fence.epoch {
        return Err(FenceRefusal::StaleEpoch {
            asked: epoch,
            fence: fence.epoch,
        });
    }
    Ok(Outcome::Becomes(plain(epoch, FenceMode::Tombstone)))
}

fn abort_import(fence: &FenceState, epoch: Epoch, move_id: MoveId) -> Result<Outcome, FenceRefusal> {
    fence.is_at(epoch)?;
    fence.belongs_to(move_id)?;
    match fence.mode {
        FenceMode::Tombstone => Ok(Outcome::Unchanged),
        FenceMode::Importing => Ok(Outcome::Becomes(FenceState {
            mode: FenceMode::Tombstone,
            digest: None,
            ..fence.clone()
        })),
        mode => Err(FenceRefusal::Mode { mode }),
    }
}

fn raise(fence: &FenceState, from: Epoch, to: Epoch) -> Result<Outcome, FenceRefusal> {
    if !fence.mode.owns() {
        return Err(FenceRefusal::Mode { mode: fence.mode });
    }
    if fence.epoch == to {
        return Ok(Outcome::Unchanged);
    }
    fence.is_at(from)?;
    if to < from {
        return Err(FenceRefusal::StaleEpoch {
            asked: to,
            fence: from,
        });
    }
    Ok(Outcome::Becomes(FenceState {
        epoch: to,
        ..fence.clone()
    }))
}
