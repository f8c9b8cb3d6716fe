//! Deleting the rows of a guild that lives elsewhere, and giving up an import.

use super::bundle::forget_import;
use super::{ShardDb, WriteError, guild_rows};
use crate::domain::fence::{Access, FenceChange, Outcome};
use crate::domain::ids::{Epoch, GuildId, MoveId};

impl ShardDb {
    /// Deletes at most `limit` rows of a guild, in one transaction that finds its fence at exactly that tombstone; how
    /// many, and fewer than `limit` when none are left. The fence stays. Blocking, as all of these.
    pub fn clean_some(&self, guild: GuildId, epoch: Epoch, limit: usize) -> Result<usize, WriteError> {
        self.writer().write_blocking("clean a guild", move |tx| {
            // From here on nobody is given these rows any more.
            tx.change_fence(guild, &FenceChange::CleanUp { epoch })?;
            let guild_tx = tx.guild(guild, Access::Clean { epoch })?;
            Ok(guild_rows::delete_some(guild_tx.connection(), guild, limit)?)
        })
    }

    /// Gives an import up: its fence becomes a tombstone, under which the rows can be deleted.
    pub fn abort_import(&self, guild: GuildId, epoch: Epoch, move_id: MoveId) -> Result<Outcome, WriteError> {
        self.writer().write_blocking("abort an import", move |tx| {
            let outcome = tx.change_fence(guild, &FenceChange::AbortImport { epoch, move_id })?;
            forget_import(tx.shard(), guild)?;
            Ok(outcome)
        })
    }

    /// Gives at most `pages` free pages back to the file system; how many are still free. For quiet times.
    pub fn give_back_pages(&self, pages: u32) -> Result<u64, WriteError> {
        self.writer().exclusive_blocking(move |connection| {
            // The pragma gives a row for every page it frees.
            let sql = format!("PRAGMA main.incremental_vacuum({pages})");
            let mut statement = connection.prepare(&sql)?;
            let mut freed = statement.query([])?;
            while freed.next()?.is_some() {}
            drop(freed);
            drop(statement);
            let left: i64 = connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
            Ok(left.cast_unsigned())
        })
    }

    /// Copies the WAL into the file and empties it; whether nothing was in the way. While a sidecar lives, that is
    /// its business.
    pub fn checkpoint(&self) -> Result<bool, WriteError> {
        self.writer().exclusive_blocking(|connection| {
            let busy: bool =
                connection.query_row("PRAGMA main.wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
            Ok(!busy)
        })
    }
}
