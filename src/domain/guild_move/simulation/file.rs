//! A pod's file: one guild's rows and fence, the rows of others, and which of it would survive what.

use super::store::StoreSays;
use crate::domain::digest::GuildDigest;
use crate::domain::fence::FenceState;
use crate::domain::guild_move::Cut;
use crate::domain::ids::Epoch;

/// The guild's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Rows {
    /// Rows born over HTTP, one a bit.
    pub(super) bits: u64,
    /// The last frame that was applied.
    pub(super) seq: u32,
    /// How many frames took effect.
    pub(super) effects: u32,
}

impl Rows {
    pub(super) fn cut(self) -> Cut {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&self.bits.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.seq.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.effects.to_le_bytes());
        Cut {
            digest: GuildDigest::from_bytes(bytes),
            rows: u64::from(self.bits.count_ones()),
        }
    }
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct File {
    pub(super) fence: Option<FenceState>,
    pub(super) rows: Rows,
    /// Stands for all other guilds.
    pub(super) others: u32,
}

/// A pod.
#[derive(Debug, Clone, Default)]
pub(super) struct Pod {
    /// The file as the process sees it.
    pub(super) now: File,
    /// What a power loss leaves.
    pub(super) durable: File,
    /// What the replica holds.
    pub(super) replica: File,
    /// Older states that somebody may put back.
    pub(super) older: Vec<File>,
    pub(super) life: u64,
    /// What it last read of the store.
    pub(super) view: Option<StoreSays>,
    /// Its fence, and what it then asked of the store and has not yet acted on.
    pub(super) unread: Vec<(Option<FenceState>, StoreSays)>,
    /// How high the fence has been in this life.
    pub(super) climbed: Option<(Epoch, u64, u8)>,
    /// How long the guild has stood still here.
    pub(super) frozen_at: Option<u64>,
}

impl Pod {
    /// Makes what was committed lasting.
    pub(super) fn sync(&mut self) {
        if self.durable == self.now {
            return;
        }
        let before = std::mem::replace(&mut self.durable, self.now.clone());
        if before.fence != self.durable.fence || self.older.is_empty() {
            if self.older.len() >= 8 {
                self.older.remove(0);
            }
            self.older.push(before);
        }
    }
}
