//! Finding out why the store cannot be reached.

use sqlx::{Connection, PgConnection};

use super::connection::ConfigDb;
use super::error::StoreError;

impl ConfigDb {
    /// Connects once, beside the pool, and hangs up.
    ///
    /// The pool tries again until its patience ends and then knows no cause but the time; here the first
    /// refusal is the answer. For programs that a person waits for. The caller bounds the wait.
    pub async fn reach(&self) -> Result<(), StoreError> {
        let connection = PgConnection::connect_with(&self.pool.connect_options()).await?;
        connection.close().await?;
        Ok(())
    }
}
