//! What can go wrong with the store, told apart by what the caller should do.

use uuid::Uuid;

use super::schema::SchemaError;
use crate::domain::ids::{Epoch, GuildId, Incarnation, PodId};

/// What a caller should make of an error: daemons map it to a status, `modbotctl` to an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// The store cannot be reached or did not answer in time: try again.
    Unavailable,
    /// The store recovers from a lost history: try again later.
    Recovering,
    /// The state of the world forbids it.
    Refused,
    /// No such thing.
    NotFound,
    /// A fault of modbot or of the data.
    Internal,
}

/// Why a store operation did not happen. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection, or it broke.
    #[error("the config store cannot be reached")]
    Unreachable(#[source] sqlx::Error),
    /// The server answers, but will not let this user or database in.
    #[error("the config store refuses the connection")]
    ConnectionRefused(#[source] sqlx::Error),
    /// The store's URL is not one.
    #[error("the config store's URL cannot be used")]
    BadUrl(#[source] sqlx::Error),
    /// It did not answer in time.
    #[error("the config store did not answer in time")]
    TimedOut(#[source] sqlx::Error),
    /// Its schema is not the one this program was built for.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// It lost history and waits for the pods' fences.
    #[error("the config store is recovering: {reason}")]
    Recovering {
        /// What made it recover.
        reason: String,
    },
    /// The caller belongs to another store.
    #[error("the caller belongs to store {theirs}, this is store {ours}")]
    ForeignStore {
        /// This store.
        ours: Uuid,
        /// The caller's.
        theirs: Uuid,
    },
    /// No pod with this ordinal has ever attached.
    #[error("{0} does not exist")]
    NoSuchPod(PodId),
    /// The guild has never been seen.
    #[error("guild {0} is not known")]
    NoSuchGuild(GuildId),
    /// No Discord shard with this number.
    #[error("Discord shard {0} does not exist")]
    NoSuchDiscordShard(u32),
    /// No move with this id.
    #[error("move {0} does not exist")]
    NoSuchMove(Uuid),
    /// The pod has been started anew since.
    #[error("incarnation {given} of {pod} is over: it is now {current}")]
    StaleIncarnation {
        /// Which pod.
        pod: PodId,
        /// What the caller says it is.
        given: Incarnation,
        /// What it is.
        current: Incarnation,
    },
    /// The pod's lease has run out.
    #[error("the lease of {0} has run out")]
    LeaseOver(PodId),
    /// Another process may still be alive under this ordinal.
    #[error("{pod} may still be alive on another machine: its lease runs {retry_after_ms} ms more")]
    LeaseHeld {
        /// Which pod.
        pod: PodId,
        /// Until its lease is over.
        retry_after_ms: i64,
    },
    /// The guild's epoch is another.
    #[error("guild {guild} is at epoch {current}, not {given}")]
    StaleEpoch {
        /// Which guild.
        guild: GuildId,
        /// What the caller believes.
        given: Epoch,
        /// What it is.
        current: Epoch,
    },
    /// The guild has an owner, and only a move changes that.
    #[error("guild {guild} is owned by {owner}; only a move changes that")]
    OwnedElsewhere {
        /// Which guild.
        guild: GuildId,
        /// Who owns it.
        owner: PodId,
    },
    /// The guild is being moved already.
    #[error("guild {guild} is being moved already, by move {move_id}")]
    MoveActive {
        /// Which guild.
        guild: GuildId,
        /// The active move.
        move_id: Uuid,
    },
    /// The target still has rows of an earlier stay, which nobody else may have.
    #[error("{pod} still has rows of an earlier stay of guild {guild}: they are not cleaned up yet")]
    LeftOvers {
        /// Which guild.
        guild: GuildId,
        /// Where.
        pod: PodId,
    },
    /// The world is not as the operation needs it.
    #[error("{0}")]
    Refused(String),
    /// A row that no code of ours could have written.
    #[error("the config store holds a row that makes no sense: {0}")]
    Corrupt(String),
    /// Anything else PostgreSQL says.
    #[error("the config store failed")]
    Failed(#[source] sqlx::Error),
}

impl StoreError {
    /// What the caller should make of it.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Unreachable(_) | Self::TimedOut(_) => ErrorClass::Unavailable,
            Self::Recovering { .. } => ErrorClass::Recovering,
            Self::NoSuchPod(_) | Self::NoSuchGuild(_) | Self::NoSuchDiscordShard(_) | Self::NoSuchMove(_) => {
                ErrorClass::NotFound
            }
            Self::ConnectionRefused(_)
            | Self::Schema(_)
            | Self::ForeignStore { .. }
            | Self::StaleIncarnation { .. }
            | Self::LeaseOver(_)
            | Self::LeaseHeld { .. }
            | Self::StaleEpoch { .. }
            | Self::OwnedElsewhere { .. }
            | Self::MoveActive { .. }
            | Self::LeftOvers { .. }
            | Self::Refused(_) => ErrorClass::Refused,
            Self::BadUrl(_) | Self::Corrupt(_) | Self::Failed(_) => ErrorClass::Internal,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error::{Configuration, Io, PoolClosed, PoolTimedOut, Protocol, Tls, WorkerCrashed};
        match &error {
            Io(_) | Tls(_) | Protocol(_) | PoolClosed | PoolTimedOut | WorkerCrashed => {
                Self::Unreachable(error)
            }
            Configuration(_) => Self::BadUrl(error),
            sqlx::Error::Database(database) => match database.code().as_deref().unwrap_or_default() {
                // query_canceled (statement_timeout), lock_not_available
                "57014" | "55P03" => Self::TimedOut(error),
                // admin_shutdown, crash_shutdown, cannot_connect_now, too_many_connections, read_only (a standby)
                "57P01" | "57P02" | "57P03" | "53300" | "25006" | "55000" => Self::Unreachable(error),
                // invalid_authorization, invalid_password, no such database
                "28000" | "28P01" | "3D000" => Self::ConnectionRefused(error),
                // undefined_table, undefined_column: the schema has changed under a running program
                "42P01" | "42703" => Self::Schema(SchemaError::Missing),
                code if code.starts_with("08") => Self::Unreachable(error),
                _ => Self::Failed(error),
            },
            _ => Self::Failed(error),
        }
    }
}
