//! Why a split was not loaded.

use std::path::PathBuf;

use crate::domain::fence::FenceState;
use crate::domain::ids::{Epoch, GuildId, PodId};
use crate::operations::legacy::manifest::ManifestError;
use crate::runtime::files::FileError;
use crate::store::config_db::{ExistingGuild, StoreError};
use crate::store::legacy_db::SourceError;
use crate::store::shard_db::bundle::{BundleError, ImportError};
use crate::store::shard_db::{OpenError, ShardReaderError, WriteError};

/// Guilds that an error names.
const NAMED: usize = 5;

/// Why a split was not loaded, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The directory is not a split.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A pod was named that the split has nothing for.
    #[error("the split has no file for {pod}: it has {}", names(pods))]
    NoSuchPart {
        /// The pod.
        pod: PodId,
        /// Those of the split.
        pods: Vec<PodId>,
    },
    /// A pod was named twice.
    #[error("{0} is named twice")]
    Twice(PodId),
    /// Pods of the split were not named.
    #[error("nothing says where the file of {} is", names(.0))]
    Unnamed(Vec<PodId>),
    /// Two pods, or a pod and the split, would share a file.
    #[error("{} is named for {pod}, but it is {other}", file.display())]
    SameFile {
        /// The file.
        file: PathBuf,
        /// For which pod.
        pod: PodId,
        /// What it is already.
        other: String,
    },
    /// A file of the split is not what the manifest says.
    #[error("{} is not what the split's manifest says: {problem}", file.display())]
    NotThisSplit {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A pod's file belongs to another fleet.
    #[error("{} belongs to the fleet of store {theirs}, this is store {ours}", file.display())]
    OtherFleet {
        /// The file.
        file: PathBuf,
        /// Its store.
        theirs: String,
        /// The store that was asked.
        ours: String,
    },
    /// A pod's file knows a guild of the split from an earlier life.
    #[error("{} knows guild {guild} already: its fence says {state}", file.display())]
    KnownThere {
        /// The file.
        file: PathBuf,
        /// The guild.
        guild: GuildId,
        /// Its fence.
        state: FenceState,
    },
    /// There is too little room.
    #[error("{} needs {needed} bytes, and {free} are free there", file.display())]
    NoRoom {
        /// The file to be made.
        file: PathBuf,
        /// What it needs.
        needed: u64,
        /// What there is.
        free: u64,
    },
    /// The fleet has some of the guilds.
    #[error("{}", existing(.0))]
    Exist(Vec<ExistingGuild>),
    /// A fence and the store do not agree.
    #[error("guild {guild} is at epoch {epoch} in the store, but {} says {found}", file.display())]
    Disagree {
        /// The guild.
        guild: GuildId,
        /// Its epoch in the store.
        epoch: Epoch,
        /// The pod's file.
        file: PathBuf,
        /// What its fence says.
        found: String,
    },
    /// The store did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A pod's file cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A pod's file cannot be read.
    #[error(transparent)]
    Shard(#[from] ShardReaderError),
    /// The fleet's rows cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A guild was not exported from the split.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A guild was not imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// A pod's file was not written.
    #[error("the pod's file was not written")]
    Write(#[from] WriteError),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A bug.
    #[error("a thread that loads panicked")]
    Panicked,
    /// The guilds are recorded, and something failed after that.
    #[error("the guilds are recorded in the store, but not everything is in its place yet")]
    Unfinished(#[source] Box<Self>),
}

impl LoadError {
    /// The same, after the guilds were recorded.
    pub(super) fn unfinished(self) -> Self {
        Self::Unfinished(Box::new(self))
    }
}

fn names(pods: &[PodId]) -> String {
    pods.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

fn existing(guilds: &[ExistingGuild]) -> String {
    let named: Vec<String> = guilds
        .iter()
        .take(NAMED)
        .map(|guild| {
            let how = match (&guild.split, guild.born) {
                (Some(split), _) => format!("came with split {split}"),
                (None, true) => "served".to_owned(),
                (None, false) => "assigned".to_owned(),
            };
            format!("{} ({how}, {})", guild.guild, guild.owner)
        })
        .collect();
    let more = guilds.len().saturating_sub(NAMED);
    let more = if more > 0 {
        format!(", and {more} more")
    } else {
        String::new()
    };
    let (count, have) = match guilds.len() {
        1 => ("1 guild".to_owned(), "is"),
        count => (format!("{count} guilds"), "are"),
    };
    format!(
        "{count} of the split {have} in the fleet already: {}{more}",
        named.join(", ")
    )
}
