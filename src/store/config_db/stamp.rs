//! Reading with a stamp: every answer says where in the store's history it stands.

use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::connection::ConfigDb;
use super::error::StoreError;
use super::schema::SchemaError;
use crate::domain::ids::Revision;
use crate::domain::store_stamp::{StorePosition, StoreStamp};

/// A value and where in the store's history it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub stamp: StoreStamp,
}

impl<T> Stamped<T> {
    /// The same stamp on what `f` makes of the value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Stamped<U> {
        Stamped {
            value: f(self.value),
            stamp: self.stamp,
        }
    }
}

/// A row of the view `store_stamp`, as queries join it.
#[derive(Debug)]
pub(super) struct StampRow {
    pub(super) store_id: Uuid,
    pub(super) revision: i64,
    pub(super) timeline: String,
    pub(super) recovering_reason: Option<String>,
    pub(super) forked: bool,
}

impl StampRow {
    pub(super) fn stamp(&self) -> StoreStamp {
        StoreStamp {
            position: StorePosition {
                store_id: self.store_id,
                timeline: self.timeline.clone(),
                revision: Revision::from_i64(self.revision),
            },
            recovering: self.recovering_reason.is_some(),
        }
    }
}

/// One consistent look at the store.
pub(super) struct Read {
    pub(super) tx: Transaction<'static, Postgres>,
    row: StampRow,
    seen_before: Option<StorePosition>,
}

impl ConfigDb {
    /// Begins a consistent look: everything read through it is of one moment, that of the stamp.
    pub(super) async fn begin_read(&self) -> Result<Read, StoreError> {
        let seen_before = self.memory.get();
        let mut tx = self
            .pool
            .begin_with("begin isolation level repeatable read, read only")
            .await?;
        let row = read_stamp(&mut tx).await?;
        Ok(Read { tx, row, seen_before })
    }

    /// Ends a look.
    pub(super) async fn end_read<T>(&self, read: Read, value: T) -> Result<Stamped<T>, StoreError> {
        read.tx.commit().await?;
        let stamp = self.settle(read.seen_before, read.row).await?;
        Ok(Stamped { value, stamp })
    }

    /// Where the store stands now.
    pub async fn stamp(&self) -> Result<StoreStamp, StoreError> {
        let read = self.begin_read().await?;
        Ok(self.end_read(read, ()).await?.stamp)
    }
}

async fn read_stamp(tx: &mut Transaction<'static, Postgres>) -> Result<StampRow, StoreError> {
    let row = sqlx::query_as!(
        StampRow,
        r#"select store_id as "store_id!", revision as "revision!", timeline as "timeline!",
                  recovering_reason, forked as "forked!"
             from store_stamp"#
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.ok_or_else(|| SchemaError::Missing.into())
}
