//! When a bundle may be imported by hand, and at which epoch.

use super::{BundleHeader, BundleKind, BundleSeal, SchemaVersion};
use crate::domain::fence::{Fence, FenceMode};
use crate::domain::ids::{Epoch, MoveId};

/// What a file knows of the guild already.
#[derive(Debug, Clone, Copy)]
pub struct ImportTarget<'a> {
    /// The guild's fence there.
    pub fence: Option<&'a Fence>,
    /// The seal of the bundle of an import that was begun.
    pub begun: Option<BundleSeal>,
}

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportPlan {
    /// These rows were imported, are served, and nothing was written since.
    AlreadyThere {
        /// The epoch at which they are served.
        epoch: Epoch,
    },
    /// An import of this very bundle was interrupted: it goes on.
    Resume {
        /// Its epoch.
        epoch: Epoch,
        /// The number in the fence.
        freeze_no: u64,
    },
    /// Rows of an earlier stay are deleted first, where there are any.
    Begin {
        /// The epoch at which the guild will be served.
        epoch: Epoch,
        /// The command's number within it.
        freeze_no: u64,
    },
}

impl ImportPlan {
    /// The epoch at which the guild is served in the end.
    pub const fn epoch(&self) -> Epoch {
        match *self {
            Self::AlreadyThere { epoch } | Self::Resume { epoch, .. } | Self::Begin { epoch, .. } => epoch,
        }
    }

    /// Whether there is nothing to do.
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::AlreadyThere { .. })
    }
}

/// Why a bundle is not imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportRefusal {
    /// Written by a newer program.
    #[error("the bundle has schema {found}; this program knows schemas up to {known}")]
    NewerSchema {
        /// The bundle's.
        found: SchemaVersion,
        /// The newest known.
        known: SchemaVersion,
    },
    /// Older than the one before.
    #[error("the bundle has schema {found}; the oldest that can be imported is {oldest}")]
    OlderSchema {
        /// The bundle's.
        found: SchemaVersion,
        /// The oldest that is read.
        oldest: SchemaVersion,
    },
    /// A delta alone is no guild.
    #[error("the bundle holds only what changed in one round of a move: it belongs to that move")]
    OnlyChanges,
    /// The guild lives here, with rows of its own.
    #[error("the guild is {} here at epoch {epoch}", .mode.as_str())]
    LivesHere {
        /// The fence's mode.
        mode: FenceMode,
        /// The fence's epoch.
        epoch: Epoch,
    },
    /// Another import holds the guild.
    #[error("another import of this guild is under way here ({})", .holder.map_or("by hand".to_owned(), |id| format!("move {id}")))]
    OtherImport {
        /// The move in the fence.
        holder: Option<MoveId>,
    },
    /// The file knows that newer rows exist somewhere.
    #[error(
        "the bundle is of epoch {bundle}, but the guild was given away from here at epoch {fence}: newer rows exist elsewhere"
    )]
    NewerElsewhere {
        /// The bundle's epoch.
        bundle: Epoch,
        /// The tombstone's epoch.
        fence: Epoch,
    },
    /// The epoch asked for is not above those known.
    #[error("epoch {asked} is taken: the newest known is {newest}")]
    EpochTaken {
        /// What was asked for.
        asked: Epoch,
        /// The newest of bundle and file.
        newest: Epoch,
    },
}

impl ImportRefusal {
    /// What the operator can do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NewerSchema { .. } => {
                "use the modbotctl of the release that wrote the bundle, or a newer one"
            }
            Self::OlderSchema { .. } => {
                "import it with the release before this one, and export it again from there"
            }
            Self::OnlyChanges => "export the whole guild instead",
            Self::LivesHere { .. } => {
                "nothing was changed; import into another file, or move the guild away first"
            }
            Self::OtherImport { .. } => "finish or abort that import first",
            Self::NewerElsewhere { .. } => {
                "find the guild's newest holder; if these rows are really wanted, name the epoch with --epoch"
            }
            Self::EpochTaken { .. } => "choose a higher --epoch, or leave it out",
        }
    }
}

/// Judges an import by hand of a bundle that has been brought to the file's schema. Without `epoch` the guild gets
/// the one after the bundle's.
pub fn plan_import(
    header: &BundleHeader,
    target: ImportTarget<'_>,
    epoch: Option<Epoch>,
) -> Result<ImportPlan, ImportRefusal> {
    let Some(fence) = target.fence else {
        let epoch = choose_epoch(header.epoch, epoch)?;
        return Ok(ImportPlan::Begin { epoch, freeze_no: 0 });
    };
    let state = &fence.state;
    match state.mode {
        FenceMode::Serving => {
            let unchanged = state.digest == header.guild_digest && fence.progress == header.progress;
            if unchanged && epoch.is_none_or(|asked| asked == state.epoch) {
                Ok(ImportPlan::AlreadyThere { epoch: state.epoch })
            } else {
                Err(ImportRefusal::LivesHere {
                    mode: state.mode,
                    epoch: state.epoch,
                })
            }
        }
        FenceMode::Frozen => Err(ImportRefusal::LivesHere {
            mode: state.mode,
            epoch: state.epoch,
        }),
        FenceMode::Importing if target.begun == Some(header.seal()) => Ok(ImportPlan::Resume {
            epoch: state.epoch,
            freeze_no: state.freeze_no,
        }),
        FenceMode::Importing => Err(ImportRefusal::OtherImport {
            holder: state.move_id,
        }),
        FenceMode::Tombstone => over_a_tombstone(header, fence, epoch),
    }
}

/// Whether a program that knows schemas up to `known` can import a bundle at all.
pub fn check_readable(header: &BundleHeader, known: SchemaVersion) -> Result<(), ImportRefusal> {
    let found = header.schema;
    if found > known {
        return Err(ImportRefusal::NewerSchema { found, known });
    }
    if found < known.previous() {
        return Err(ImportRefusal::OlderSchema {
            found,
            oldest: known.previous(),
        });
    }
    if header.kind != BundleKind::Full {
        return Err(ImportRefusal::OnlyChanges);
    }
    Ok(())
}

fn choose_epoch(newest: Epoch, asked: Option<Epoch>) -> Result<Epoch, ImportRefusal> {
    match asked {
        None => Ok(newest.next()),
        Some(asked) if asked > newest => Ok(asked),
        Some(asked) => Err(ImportRefusal::EpochTaken { asked, newest }),
    }
}

fn over_a_tombstone(
    header: &BundleHeader,
    fence: &Fence,
    epoch: Option<Epoch>,
) -> Result<ImportPlan, ImportRefusal> {
    let stone = fence.state.epoch;
    // An import that was given up leaves a tombstone at the epoch it would have had: nobody owned that one.
    let given_up = fence.state.move_id.is_some();
    let newest_owner = if given_up {
        Epoch::new(stone.get().saturating_sub(1))
    } else {
        stone
    };
    if epoch.is_none() && newest_owner > header.epoch {
        return Err(ImportRefusal::NewerElsewhere {
            bundle: header.epoch,
            fence: stone,
        });
    }
    let epoch = choose_epoch(header.epoch.max(newest_owner), epoch)?;
    let freeze_no = if epoch == stone {
        fence.state.freeze_no + 1
    } else {
        0
    };
    Ok(ImportPlan::Begin { epoch, freeze_no })
}
