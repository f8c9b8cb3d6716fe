//! The start on a file: nobody knows what became of the actions in it.

use super::super::Owner;
use crate::store::shard_db::{WriteError, WriteTx};

impl Owner {
    /// What was open in the file is unknown: the process before this one may have sent it after the file was copied, or
    /// right before it died. How many there are.
    pub async fn doubt_open_actions(&self) -> Result<usize, WriteError> {
        // No decision of anybody: only how far sending has come, which any mode of the fence allows.
        let work = move |tx: &WriteTx<'_>| {
            let sql = "UPDATE outbox SET state = 'unknown' WHERE state IN ('pending', 'sending')";
            Ok(tx.shard().execute(sql, [])?)
        };
        self.db.writer().write("doubt open actions", work).await
    }
}
