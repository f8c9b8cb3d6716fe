//! The store's schema: what an operator migrates.

use super::consent::Authority;
use crate::domain::ids::NumShards;
use crate::store::config_db::{ConfigDb, SchemaError, SchemaState, StoreError};

/// Brings the schema up to date and answers what it was before. A dry run only looks.
///
/// `num_shards` counts only for a store that is made now.
///
/// # Errors
/// [`SchemaError::Newer`] where the store was made by a newer modbot: nothing is taken back.
pub async fn migrate(
    db: &ConfigDb,
    num_shards: NumShards,
    authority: &Authority,
) -> Result<SchemaState, StoreError> {
    if !authority.by().dry_run {
        return db.migrate(num_shards).await;
    }
    let SchemaState { found, needed } = db.schema_state().await?;
    if found > needed {
        return Err(SchemaError::Newer { found, needed }.into());
    }
    Ok(SchemaState { found, needed })
}
