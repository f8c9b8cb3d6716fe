//! The steps of a guild's move in one file, each one transaction; what a fence allows is judged in the domain.
//!
//! Blocking, all of them.

use super::bundle::forget_import;
use super::guild_rows::{self, TableRows};
use super::{ShardDb, WriteError, WriteTx};
use crate::domain::fence::{
    self, Access, Fence, FenceChange, FenceMode, FenceRefusal, FenceState, StoreWord,
};
use crate::domain::ids::{Epoch, GuildId, MoveId};

/// Rows deleted in one transaction, so that other guilds are not kept waiting.
const CLEAN_ROWS: usize = 1_000;

impl ShardDb {
    /// At a target: deletes what a tombstone left, in small transactions, then raises the fence to `importing`. One
    /// that says so for this move already stays as it is.
    pub fn prepare_move(
        &self,
        guild: GuildId,
        epoch: Epoch,
        move_id: MoveId,
        freeze_no: u64,
    ) -> Result<Fence, WriteError> {
        let begun = move |state: &FenceState| {
            state.mode == FenceMode::Importing && state.epoch == epoch && state.move_id == Some(move_id)
        };
        let import = FenceChange::Import {
            epoch,
            move_id,
            freeze_no,
        };
        if let Some(left) = self.fence(guild)?
            && left.state.mode == FenceMode::Tombstone
        {
            // Judged before anything is deleted, and again when the fence is raised.
            fence::change(Some(&left.state), &import)
                .map_err(|refusal| WriteError::Refused { guild, refusal })?;
            while self.clean_some(guild, left.state.epoch, CLEAN_ROWS)? == CLEAN_ROWS {}
        }
        self.change_in_move("prepare a move", guild, move |fence| {
            (!fence.is_some_and(|fence| begun(&fence.state))).then_some(import)
        })
    }

    /// At a source: no write of the guild after this one.
    pub fn freeze_guild(
        &self,
        guild: GuildId,
        epoch: Epoch,
        move_id: MoveId,
        freeze_no: u64,
    ) -> Result<Fence, WriteError> {
        let freeze = FenceChange::Freeze {
            epoch,
            move_id,
            freeze_no,
        };
        self.change_in_move("freeze a guild", guild, |_| Some(freeze))
    }

    /// At a source: that freeze is over.
    pub fn thaw_guild(
        &self,
        guild: GuildId,
        epoch: Epoch,
        move_id: MoveId,
        freeze_no: u64,
    ) -> Result<Fence, WriteError> {
        let thaw = FenceChange::Thaw {
            epoch,
            move_id,
            freeze_no,
        };
        self.change_in_move("thaw a guild", guild, |_| Some(thaw))
    }

    /// At a target, once the store says so: what was verified under that number is served.
    pub fn start_moved(
        &self,
        guild: GuildId,
        epoch: Epoch,
        move_id: MoveId,
        freeze_no: u64,
    ) -> Result<Fence, WriteError> {
        self.writer().write_blocking("start a moved guild", move |tx| {
            let refused = |refusal| WriteError::Refused { guild, refusal };
            let fence = tx.fence(guild)?.ok_or_else(|| refused(FenceRefusal::NoFence))?;
            let Some(digest) = fence.state.digest else {
                let import = Access::Import { epoch, move_id };
                fence.state.allows(import).map_err(refused)?;
                return Err(refused(FenceRefusal::NotVerified));
            };
            let start = FenceChange::Start {
                epoch,
                move_id,
                freeze_no,
                digest,
            };
            apply(tx, guild, &start)?;
            tx.fence(guild)?.ok_or_else(|| refused(FenceRefusal::NoFence))
        })
    }

    /// At a source, once the store says so: the guild is another pod's.
    pub fn give_guild_away(&self, guild: GuildId, epoch: Epoch) -> Result<Fence, WriteError> {
        let away = FenceChange::GivenAway { epoch };
        self.change_in_move("give a guild away", guild, |_| Some(away))
    }

    /// Does what the store's word asks of a fence, if the fence is still as it was `seen` before the store was asked;
    /// the change that was made.
    pub fn follow_store(
        &self,
        guild: GuildId,
        seen: &FenceState,
        word: StoreWord,
    ) -> Result<Option<FenceChange>, WriteError> {
        let seen = seen.clone();
        self.writer().write_blocking("follow the store", move |tx| {
            let Some(fence) = tx.fence(guild)?.filter(|fence| fence.state == seen) else {
                return Ok(None);
            };
            let Some(command) = fence::follow(&fence.state, &word) else {
                return Ok(None);
            };
            apply(tx, guild, &command)?;
            Ok(Some(command))
        })
    }

    /// Rows of a guild, table by table. Reads all of them.
    pub fn guild_sizes(&self, guild: GuildId) -> Result<Vec<TableRows>, WriteError> {
        self.read(|connection| Ok(guild_rows::sizes(connection, guild)?))
    }

    /// Changes the fence as `command` says, where it says anything; the fence afterwards.
    fn change_in_move(
        &self,
        what: &'static str,
        guild: GuildId,
        command: impl FnOnce(Option<&Fence>) -> Option<FenceChange> + Send + 'static,
    ) -> Result<Fence, WriteError> {
        self.writer().write_blocking(what, move |tx| {
            if let Some(command) = command(tx.fence(guild)?.as_ref()) {
                apply(tx, guild, &command)?;
            }
            tx.fence(guild)?.ok_or(WriteError::Refused {
                guild,
                refusal: FenceRefusal::NoFence,
            })
        })
    }
}

fn apply(tx: &WriteTx<'_>, guild: GuildId, command: &FenceChange) -> Result<(), WriteError> {
    tx.change_fence(guild, command)?;
    // What was noted about an import ends with it, one way or the other.
    if matches!(
        command,
        FenceChange::Start { .. } | FenceChange::AbortImport { .. }
    ) {
        forget_import(tx.shard(), guild)?;
    }
    Ok(())
}
