//! Moving a guild, as its source and its target are told.
//!
//! Every call is idempotent by (move, step, freeze number): one that comes twice or late changes nothing, and answers
//! what it answered before, or says what has overtaken it ([`MoveRefusal`]). `epoch` is the epoch *after* the flip
//! everywhere but in freeze and thaw, which name the one at which the source owns the guild.
//!
//! Freeze numbers are counted over all moves of a guild at one epoch: a move begins above every number that an earlier
//! one was given, with its prepare, and each freeze takes the next.

use serde::{Deserialize, Serialize};

use super::GuildFence;
use crate::domain::bundle::SchemaVersion;
use crate::domain::digest::GuildDigest;
use crate::domain::fence::Progress;
use crate::domain::ids::{Epoch, MoveId, PodId, Revision};

/// `POST /v1/guilds/{guild}/prepare`, at the target: rows will be brought in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrepareRequest {
    /// For which move.
    pub move_id: MoveId,
    /// The epoch after the flip.
    pub epoch: Epoch,
    /// The move's number so far: above those of every earlier move at this epoch, below its first freeze.
    pub freeze_no: u64,
    /// The schema of the source's rows.
    pub schema: SchemaVersion,
}

/// The target is ready: its fence says importing, and nothing of an earlier stay is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// The fence.
    pub fence: GuildFence,
    /// The target's schema.
    pub schema: SchemaVersion,
    /// Free bytes where its database lies.
    pub free_bytes: u64,
}

/// `POST /v1/guilds/{guild}/freeze`, at the source: stop here. And `…/thaw`: this very freeze is over, go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreezeRequest {
    /// For which move.
    pub move_id: MoveId,
    /// The epoch at which the source owns the guild.
    pub epoch: Epoch,
    /// The freeze's number.
    pub freeze_no: u64,
}

/// The source has stopped: what the guild is from here to the flip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// The cut: the last frame with effects, and the number of writes.
    pub cut: Progress,
    /// Rows of all tables.
    pub rows: u64,
    /// What they hold, in bytes; indexes not counted.
    pub bytes: u64,
    /// Their digest, read from the tables and not from a copy.
    pub digest: GuildDigest,
    /// The source's schema.
    pub schema: SchemaVersion,
}

/// `POST /v1/guilds/{guild}/import`, at the target, which fetches the frozen guild from the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRequest {
    /// For which move.
    pub move_id: MoveId,
    /// The epoch after the flip.
    pub epoch: Epoch,
    /// The freeze whose rows are meant.
    pub freeze_no: u64,
    /// Where to fetch them.
    pub source: BundleSource,
    /// Their digest, as the freeze answered.
    pub digest: GuildDigest,
}

/// The pod that has the rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleSource {
    /// Which pod.
    pub pod: PodId,
    /// Its API, as `http://host:port`.
    pub api_url: String,
}

/// Every row is at the target, compared, and its fence says so: all in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// The fence, with the digest that was verified.
    pub fence: GuildFence,
    /// Rows of all tables.
    pub rows: u64,
}

/// `POST /v1/guilds/{guild}/serve`, at the target after the flip. The pod does it by itself as soon as it hears of the
/// flip; the call hurries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServeRequest {
    /// Of which move.
    pub move_id: MoveId,
    /// The epoch after the flip.
    pub epoch: Epoch,
    /// The freeze that was verified.
    pub freeze_no: u64,
}

/// `POST /v1/guilds/{guild}/retire`, at the source after the flip; like [`ServeRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetireRequest {
    /// Of which move.
    pub move_id: MoveId,
    /// The epoch after the flip.
    pub epoch: Epoch,
}

/// `POST /v1/guilds/{guild}/forget`: rows go that are not this pod's. Repeated until none are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetRequest {
    /// Of which move.
    pub move_id: MoveId,
    /// The epoch after the flip, or after the flip that never came.
    pub epoch: Epoch,
    /// Which rows.
    #[serde(flatten)]
    pub what: Forget,
}

/// Which rows are to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Forget {
    /// At the target: those that were brought in for a move that was given up.
    Import,
    /// At the source: those of a guild that was given away. The caller knows that the new owner has them.
    GivenAway {
        /// How safely the new owner has them.
        held: Custody,
    },
}

/// How the next holder of rows has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Custody {
    /// In its replica.
    Replicated,
    /// In its file, fsynced: where there is no replica.
    Committed,
}

/// What came of a call to forget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// The fence, which is never deleted.
    pub fence: GuildFence,
    /// Rows deleted by this call.
    pub deleted: u64,
    /// Rows that are left: call again.
    pub left: u64,
}

/// What thaw, serve and retire answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FenceAnswer {
    /// The fence as it is now.
    pub fence: GuildFence,
}

/// Why a pod did not do what a move asked for: nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum MoveRefusal {
    /// The guild was never in this file.
    #[error("the guild has no fence here: it was never in this file")]
    NotHere,
    /// The fence is at another epoch.
    #[error("the fence here is at epoch {here}, not {asked}")]
    WrongEpoch {
        /// The epoch in the request.
        asked: Epoch,
        /// The fence's.
        here: Epoch,
    },
    /// The fence is in the hands of another move, or of none.
    #[error("the guild is in the hands of {}", .here.map_or("no move".to_owned(), |id| format!("move {id}")))]
    OtherMove {
        /// The move in the fence.
        here: Option<MoveId>,
    },
    /// A later command of this epoch has been here.
    #[error("number {asked} is over: the fence here has seen {here}")]
    Superseded {
        /// The number in the request.
        asked: u64,
        /// The fence's.
        here: u64,
    },
    /// The fence is in another mode than the step needs.
    #[error("the guild is {} here at epoch {}, freeze {}", fence.mode.as_str(), fence.epoch, fence.freeze_no)]
    WrongMode {
        /// The fence.
        fence: Box<GuildFence>,
    },
    /// The rows here are not those that were verified.
    #[error("the rows here were not verified with that number and digest")]
    NotVerified,
    /// The store does not say that the flip has happened.
    #[error(
        "the store says that {} owns the guild at epoch {epoch}, not what was asked for",
        owner
    )]
    NotFlipped {
        /// Who owns the guild.
        owner: PodId,
        /// At which epoch.
        epoch: Epoch,
    },
    /// This pod cannot ask the store whether the flip has happened: try again.
    #[error("this pod does not know of a flip, and cannot ask: {why}")]
    Behind {
        /// Why it cannot ask.
        why: String,
        /// The revision that it has seen.
        revision: Option<Revision>,
    },
    /// The store recovers: nobody begins or ends serving.
    #[error("the config store is recovering; no guild changes hands")]
    Recovering,
    /// The rows are of a schema that this pod cannot read.
    #[error("the rows have schema {rows}; this pod reads {here} and the one before")]
    Schema {
        /// Of the rows.
        rows: SchemaVersion,
        /// The pod's own.
        here: SchemaVersion,
    },
    /// The source does not have the frozen guild, or gave no answer.
    #[error("the source gave no bundle: {why}")]
    NoBundle {
        /// What it said, or what failed.
        why: String,
        /// What the source refused with, where it was a refusal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<Box<Self>>,
    },
    /// What was fetched or written is not what was frozen. The bundle is kept for a look.
    #[error("the rows differ: {difference} (kept as {kept})")]
    Differs {
        /// The first difference.
        difference: String,
        /// The bundle's path on the target.
        kept: String,
    },
    /// The disk is too full for the rows.
    #[error("{needed} bytes are needed and {free} are free")]
    DiskFull {
        /// For the bundle and the rows.
        needed: u64,
        /// There.
        free: u64,
    },
}

impl MoveRefusal {
    /// A word for programs and for the log: the tag of the JSON.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotHere => "not_here",
            Self::WrongEpoch { .. } => "wrong_epoch",
            Self::OtherMove { .. } => "other_move",
            Self::Superseded { .. } => "superseded",
            Self::WrongMode { .. } => "wrong_mode",
            Self::NotVerified => "not_verified",
            Self::NotFlipped { .. } => "not_flipped",
            Self::Behind { .. } => "behind",
            Self::Recovering => "recovering",
            Self::Schema { .. } => "schema",
            Self::NoBundle { .. } => "no_bundle",
            Self::Differs { .. } => "differs",
            Self::DiskFull { .. } => "disk_full",
        }
    }
}

/// The body of a refusal: a problem like any other, with the reason in `refusal`. Its status is 409.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalBody {
    /// [`MoveRefusal::code`].
    pub error: String,
    /// One sentence for people.
    pub message: String,
    /// The request's id, to be found in the logs.
    #[serde(default)]
    pub request_id: String,
    /// The reason.
    pub refusal: MoveRefusal,
}
