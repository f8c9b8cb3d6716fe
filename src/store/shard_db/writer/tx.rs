//! What a closure on the writing thread may do: one guild's rows under its fence, and the shard's own tables.

use std::cell::{Cell, RefCell};

use rusqlite::Connection;

use super::error::WriteError;
use crate::domain::fence::{self, Access, Fence, FenceChange, Outcome, Position, Progress};
use crate::domain::ids::{GuildId, Revision};
use crate::store::shard_db::fence_rows;

/// One savepoint of the writing thread.
#[derive(Debug)]
pub struct WriteTx<'c> {
    connection: &'c Connection,
    guild: Cell<Option<GuildId>>,
    progress: RefCell<Option<Progress>>,
}

/// A guild whose fence allowed the access.
#[derive(Debug)]
pub struct GuildTx<'t, 'c> {
    tx: &'t WriteTx<'c>,
    fence: Fence,
}

/// Whether a frame has been applied before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It is new: the fence now stands at it.
    New,
    /// The fence is at or past it: apply nothing.
    Before,
}

impl<'c> WriteTx<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            guild: Cell::new(None),
            progress: RefCell::new(None),
        }
    }

    /// The connection, for the shard's own tables (sessions, forwarded frames, gaps). Guild rows go through
    /// [`Self::guild`].
    pub fn shard(&self) -> &Connection {
        self.connection
    }

    /// The fence of a guild, as it is in this transaction.
    pub fn fence(&self, guild: GuildId) -> Result<Option<Fence>, WriteError> {
        Ok(fence_rows::read(self.connection, guild)?)
    }

    /// Reads the guild's fence and hands out its rows if the access is allowed. One guild per transaction.
    pub fn guild(&self, guild: GuildId, access: Access) -> Result<GuildTx<'_, 'c>, WriteError> {
        self.hold(guild)?;
        let refused = |refusal| WriteError::Refused { guild, refusal };
        let fence = fence_rows::read(self.connection, guild)?;
        let fence = fence.ok_or_else(|| refused(fence::FenceRefusal::NoFence))?;
        fence.state.allows(access).map_err(refused)?;
        if matches!(access, Access::Serve { .. }) && self.progress.borrow().is_none() {
            let mut progress = fence.progress;
            progress.writes += 1;
            self.progress.replace(Some(progress));
        }
        Ok(GuildTx { tx: self, fence })
    }

    /// Changes who may write the guild's rows here, if the order of changes allows it.
    pub fn change_fence(&self, guild: GuildId, command: &FenceChange) -> Result<Outcome, WriteError> {
        self.hold(guild)?;
        let fence = fence_rows::read(self.connection, guild)?;
        let outcome = fence::change(fence.as_ref().map(|fence| &fence.state), command)
            .map_err(|refusal| WriteError::Refused { guild, refusal })?;
        if let Outcome::Becomes(state) = &outcome {
            fence_rows::write_state(self.connection, guild, state)?;
        }
        Ok(outcome)
    }

    fn hold(&self, second: GuildId) -> Result<(), WriteError> {
        match self.guild.replace(Some(second)) {
            Some(first) if first != second => Err(WriteError::SecondGuild { first, second }),
            _ => Ok(()),
        }
    }

    /// Writes the fence's progress, once for the whole closure.
    pub(super) fn finish(self) -> Result<(), WriteError> {
        if let (Some(guild), Some(progress)) = (self.guild.get(), self.progress.into_inner()) {
            fence_rows::write_progress(self.connection, guild, &progress)?;
        }
        Ok(())
    }
}

impl GuildTx<'_, '_> {
    /// The connection. Statements name this guild and no other.
    pub fn connection(&self) -> &Connection {
        self.tx.connection
    }

    /// The guild's fence as it was when the access was allowed.
    pub fn fence(&self) -> &Fence {
        &self.fence
    }

    /// Moves the guild's position to a frame; [`Seen::Before`] where it is there or past it already.
    pub fn advance(&self, shard_id: u32, position: Position) -> Seen {
        let mut progress = self.tx.progress.borrow_mut();
        let now = progress.get_or_insert(self.fence.progress);
        if position <= now.position {
            return Seen::Before;
        }
        now.shard_id = shard_id;
        now.position = position;
        Seen::New
    }

    /// Moves the guild's place in the stream of cross-guild events; [`Seen::Before`] where it is there already.
    pub fn advance_cross_rev(&self, cross_rev: Revision) -> Seen {
        let mut progress = self.tx.progress.borrow_mut();
        let now = progress.get_or_insert(self.fence.progress);
        if cross_rev <= now.cross_rev {
            return Seen::Before;
        }
        now.cross_rev = cross_rev;
        Seen::New
    }

    /// Sets how far the rows have come: an import takes this over from its source.
    pub(in crate::store::shard_db) fn set_progress(&self, progress: Progress) {
        self.tx.progress.replace(Some(progress));
    }
}
