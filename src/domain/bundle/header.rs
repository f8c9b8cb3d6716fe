//! What a bundle says about itself.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::SchemaVersion;
use crate::domain::digest::{GuildDigest, TableDigests};
use crate::domain::fence::Progress;
use crate::domain::ids::{Epoch, GuildId};

/// The format this program writes and the only one it reads.
pub const FORMAT: u32 = 1;

/// What a bundle contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BundleKind {
    /// Every row of the guild at the cut.
    Full,
    /// The rows that changed since an earlier bundle, and the keys of those that went.
    Delta {
        /// The rounds of the copy up to this one are in the copy already.
        since: u64,
        /// The last round it contains.
        round: u64,
    },
}

/// The header of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleHeader {
    /// What it contains.
    pub kind: BundleKind,
    /// The schema its tables have.
    pub schema: SchemaVersion,
    /// Whose rows it holds.
    pub guild_id: GuildId,
    /// The epoch of the fence it was exported under; 0 for rows that never had an owner.
    pub epoch: Epoch,
    /// The cut: how far the rows had come.
    pub progress: Progress,
    /// Where the rows came from, for people.
    pub source: String,
    /// When it was written, in Unix milliseconds.
    pub exported_at: i64,
    /// The program that wrote it.
    pub program: String,
    /// Rows and digests of what it holds, by table.
    pub tables: TableDigests,
    /// The digest of the whole guild once the bundle is in. A delta taken while the guild is written has none.
    pub guild_digest: Option<GuildDigest>,
}

impl BundleHeader {
    /// A digest of the header itself, which covers the rows through their digests: the bundle's identity.
    pub fn seal(&self) -> BundleSeal {
        let (since, round) = match self.kind {
            BundleKind::Full => (0, 0),
            BundleKind::Delta { since, round } => (since, round),
        };
        let progress = &self.progress;
        let numbers = [
            u64::from(FORMAT),
            u64::from(self.kind == BundleKind::Full),
            since,
            round,
            u64::from(self.schema.get()),
            self.guild_id.get(),
            self.epoch.get(),
            u64::from(progress.shard_id),
            progress.position.session_no.get(),
            progress.position.seq,
            progress.writes,
            progress.cross_rev.get(),
            self.exported_at.cast_unsigned(),
        ];
        let mut hash = Sha256::new();
        for number in numbers {
            hash.update(number.to_le_bytes());
        }
        for text in [&self.source, &self.program] {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        hash.update(self.tables.total().as_bytes());
        hash.update(self.guild_digest.map_or([0; 32], |digest| *digest.as_bytes()));
        BundleSeal(hash.finalize().into())
    }
}

/// The identity of a bundle: two bundles with one seal say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BundleSeal([u8; 32]);

impl BundleSeal {
    /// The seal with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}
