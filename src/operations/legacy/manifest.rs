//! What a split says about itself: `manifest.json`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::domain::digest::GuildDigest;
use crate::domain::ids::{DiscordShardId, Epoch, GuildId, NumShards, PodId};
use crate::runtime::files::{self, FileError};

/// The name and version of the format.
pub const FORMAT: &str = "modbot/legacy-split/v1";
/// The manifest's name in a split.
pub const MANIFEST: &str = "manifest.json";
/// The name of the file with the fleet's rows.
pub const GLOBAL: &str = "global.sqlite3";
/// The name of the file with the rows in quarantine.
pub const QUARANTINE: &str = "quarantine.sqlite3";

/// What a split says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// Names this split; the pods' files carry it too.
    pub split_id: String,
    /// When it was made, RFC 3339.
    pub made_at: String,
    /// The version of modbot that made it.
    pub made_by: String,
    /// What was split.
    pub source: SourceFacts,
    /// How many Discord shards the fleet has.
    pub num_shards: NumShards,
    /// The epoch of every guild in the files: that of the old bot, one below its first owner's in the fleet.
    pub epoch: Epoch,
    /// The pods, in order.
    pub pods: Vec<PodFacts>,
    /// The guilds, in order.
    pub guilds: Vec<GuildFacts>,
    /// Rows of the fleet per table.
    pub global: BTreeMap<String, u64>,
    /// Rows in quarantine.
    pub quarantine: Vec<QuarantineFacts>,
    /// Rows that were not carried, per table.
    pub not_carried: BTreeMap<String, u64>,
    /// How often each normalisation was applied.
    pub changes: BTreeMap<String, u64>,
}

/// What was split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFacts {
    /// The file, as it was named.
    pub path: String,
    /// Its bytes.
    pub bytes: u64,
    /// Bytes of its write-ahead log.
    pub wal_bytes: u64,
    /// The last migration of the old bot that it had seen.
    pub migration: String,
    /// Rows per table.
    pub rows: BTreeMap<String, u64>,
}

/// One pod's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodFacts {
    /// The pod.
    pub pod: PodId,
    /// The file's name in the split.
    pub file: String,
    /// Its Discord shards.
    pub discord_shards: Vec<DiscordShardId>,
    /// Its guilds.
    pub guilds: u64,
    /// Their rows.
    pub rows: u64,
}

/// One guild.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuildFacts {
    /// The guild.
    pub guild: GuildId,
    /// Its pod.
    pub pod: PodId,
    /// Its rows.
    pub rows: u64,
    /// The digest over all of them.
    pub digest: GuildDigest,
}

/// Rows in quarantine, of one table for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineFacts {
    /// The table.
    pub table: String,
    /// The reason, by its stable name.
    pub reason: String,
    /// The column at fault, where it is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub column: Option<String>,
    /// The rows.
    pub rows: u64,
}

/// Why a directory is not a split.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It has no manifest.
    #[error("{directory} is not a split: it has no {MANIFEST}")]
    Missing {
        /// The directory.
        directory: String,
    },
    /// The manifest cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The manifest is not what this version writes.
    #[error("{path} is not a manifest that this version reads")]
    Format {
        /// The file.
        path: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The manifest is of another version.
    #[error("{path} has format {found:?}, this version reads {FORMAT:?}")]
    OtherVersion {
        /// The file.
        path: String,
        /// Its format.
        found: String,
    },
}

impl Manifest {
    /// Reads the manifest of a split.
    pub fn read(directory: &Path) -> Result<Self, ManifestError> {
        let path = directory.join(MANIFEST);
        let shown = path.display().to_string();
        if !path.exists() {
            return Err(ManifestError::Missing {
                directory: directory.display().to_string(),
            });
        }
        let text = files::read_to_string(&path)?;
        let format = |source| ManifestError::Format {
            path: shown.clone(),
            source,
        };
        let json: serde_json::Value = serde_json::from_str(&text).map_err(format)?;
        match json.get("format").and_then(serde_json::Value::as_str) {
            Some(FORMAT) => serde_json::from_value(json).map_err(format),
            found => Err(ManifestError::OtherVersion {
                path: shown,
                found: found.unwrap_or_default().to_owned(),
            }),
        }
    }

    /// Writes the manifest into a split.
    pub fn write(&self, directory: &Path) -> Result<(), FileError> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default() + "\n";
        files::write_atomic(&directory.join(MANIFEST), text.as_bytes(), 0o644)
    }

    /// Rows that the pods got.
    pub fn carried(&self) -> u64 {
        self.guilds.iter().map(|guild| guild.rows).sum()
    }

    /// Rows in quarantine.
    pub fn quarantined(&self) -> u64 {
        self.quarantine.iter().map(|facts| facts.rows).sum()
    }
}
