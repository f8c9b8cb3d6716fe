//! Noticing that PostgreSQL went back in time.
//!
//! A process remembers the highest position it has seen. An answer below it that was *read after* it was
//! seen means that history was lost; a timeline or a system identifier other than the accepted one means
//! that it may have been. Either way the store begins to recover (see [`super::recovery`]).

use std::sync::{Mutex, PoisonError};

use super::connection::ConfigDb;
use super::error::StoreError;
use super::stamp::StampRow;
use crate::domain::store_stamp::{History, StorePosition, StoreStamp};

/// The highest position this process has seen.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Option<StorePosition>>);

impl Memory {
    pub(super) fn get(&self) -> Option<StorePosition> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers `position` if it is higher.
    pub(super) fn advance(&self, position: &StorePosition) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known
            .as_ref()
            .is_none_or(|k| k.history(position) == History::Continues)
        {
            *known = Some(position.clone());
        }
    }
}

impl ConfigDb {
    /// Judges an answer by what was known before it was read, and remembers it.
    pub(super) async fn settle(
        &self,
        seen_before: Option<StorePosition>,
        row: StampRow,
    ) -> Result<StoreStamp, StoreError> {
        let mut stamp = row.stamp();
        if !stamp.recovering
            && let Some((reason, claimed)) = lost_history(seen_before.as_ref(), &row, &stamp.position)?
        {
            self.enter_recovery(&reason, claimed).await?;
            stamp.recovering = true;
        }
        self.memory.advance(&stamp.position);
        Ok(stamp)
    }

    /// Looks afresh, with what a caller says it has seen: a caller that has seen more than the store holds
    /// proves that history was lost.
    ///
    /// # Errors
    /// [`StoreError::ForeignStore`] where the caller belongs to another store.
    pub async fn check_history(&self, known: Option<&StorePosition>) -> Result<StoreStamp, StoreError> {
        self.check_system().await?;
        let stamp = self.stamp().await?;
        let Some(known) = known else { return Ok(stamp) };
        match known.history(&stamp.position) {
            History::Continues => Ok(stamp),
            History::Foreign => Err(StoreError::ForeignStore {
                ours: stamp.position.store_id,
                theirs: known.store_id,
            }),
            History::WentBack => {
                let reason = format!(
                    "a caller has seen revision {}, the store holds {}",
                    known.revision, stamp.position.revision
                );
                self.enter_recovery(&reason, known.revision.as_i64()).await?;
                Ok(StoreStamp {
                    recovering: true,
                    ..stamp
                })
            }
        }
    }

    /// Compares PostgreSQL's system identifier with the accepted one: a dump restored into another server
    /// has the old timeline.
    async fn check_system(&self) -> Result<(), StoreError> {
        let row = sqlx::query!(
            r#"select m.system_identifier as accepted, s.system_identifier::text as "live!"
                 from store_meta m, pg_control_system() s"#
        )
        .fetch_one(&self.pool)
        .await?;
        if row.accepted != row.live {
            self.enter_recovery("the data was restored into another PostgreSQL server", 0)
                .await?;
        }
        Ok(())
    }
}

/// Why history must be taken for lost, and the highest revision known to have existed.
fn lost_history(
    seen_before: Option<&StorePosition>,
    row: &StampRow,
    fresh: &StorePosition,
) -> Result<Option<(String, i64)>, StoreError> {
    match seen_before.map(|known| (known, known.history(fresh))) {
        Some((known, History::Foreign)) => Err(StoreError::ForeignStore {
            ours: fresh.store_id,
            theirs: known.store_id,
        }),
        Some((known, History::WentBack)) => {
            let reason = format!(
                "the store has gone back from revision {} to {}",
                known.revision, fresh.revision
            );
            Ok(Some((reason, known.revision.as_i64())))
        }
        _ if row.forked => Ok(Some((
            format!("PostgreSQL is on a new timeline, {}", row.timeline),
            0,
        ))),
        _ => Ok(None),
    }
}
