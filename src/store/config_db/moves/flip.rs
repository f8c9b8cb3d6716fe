//! The point of no return.

use uuid::Uuid;

use super::row::MoveRow;
use crate::domain::guild_move::Stage;
use crate::domain::ids::{Epoch, Incarnation, PodId};
use crate::domain::move_step::MoveStep;
use crate::store::config_db::attach::ActiveMove;
use crate::store::config_db::change::{By, Change};
use crate::store::config_db::connection::ConfigDb;
use crate::store::config_db::error::StoreError;
use crate::store::config_db::stamp::Stamped;

/// What came of a flip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlipOutcome {
    /// The row as it is now: flipped, or where somebody else has taken it.
    Row(Box<MoveRow>),
    /// Nothing changed: since the freeze a pod has begun another life, and may have lost what it promised.
    LivesChanged {
        /// Which pod.
        pod: PodId,
        /// Its life at the freeze.
        at_freeze: Incarnation,
        /// Its present one.
        now: Incarnation,
    },
}

impl ConfigDb {
    /// Owner, epoch and step change together, if the move is at `from`, which must be verified, the guild is still at the
    /// epoch before, and both pods live the lives that were recorded at the freeze.
    ///
    /// # Errors
    /// [`StoreError::StaleEpoch`] where the guild is not what the move was planned for: nothing changed.
    pub async fn flip_move(
        &self,
        move_id: Uuid,
        from: Stage,
        by: &By,
    ) -> Result<Stamped<FlipOutcome>, StoreError> {
        let mut change = self.begin_change(by).await?;
        let row = change.move_row(move_id).await?;
        if row.active.step != MoveStep::Verified || row.stage()? != from {
            return change.commit(self, FlipOutcome::Row(Box::new(row))).await;
        }
        for (pod, at_freeze) in [
            (row.active.src, row.src_incarnation),
            (row.active.dst, row.dst_incarnation),
        ] {
            match change.expect_incarnation(pod, at_freeze).await {
                Ok(()) => {}
                Err(StoreError::StaleIncarnation { current: now, .. }) => {
                    let outcome = FlipOutcome::LivesChanged { pod, at_freeze, now };
                    return change.commit(self, outcome).await;
                }
                Err(error) => return Err(error),
            }
        }
        change.flip(&row).await?;
        let row = change.move_row(move_id).await?;
        change.note_step(&row, serde_json::json!({})).await?;
        let ActiveMove {
            guild, dst, epoch, ..
        } = row.active;
        let told = serde_json::json!({ "guild": guild, "pod": dst, "epoch": epoch });
        change.tell("guild", format!("guild/{guild}"), &told);
        change.record("guild.flip", format!("guild/{guild}"), &row.active);
        change.commit(self, FlipOutcome::Row(Box::new(row))).await
    }
}

impl Change {
    /// Step first: the trigger below us lets an owner change only with a move that has flipped to it.
    async fn flip(&mut self, row: &MoveRow) -> Result<(), StoreError> {
        let ActiveMove {
            move_id,
            guild,
            src,
            dst,
            epoch,
            ..
        } = row.active;
        sqlx::query!(
            "update move set step = 'flipped', updated_at = now() where move_id = $1",
            move_id
        )
        .execute(&mut *self.tx)
        .await?;
        let flipped = sqlx::query!(
            "update guild set pod_id = $3, epoch = $4::bigint, raised_from = null
              where guild_id = $1 and pod_id = $2 and epoch = $4::bigint - 1 and move_id = $5",
            guild.as_i64(),
            src.as_i32(),
            dst.as_i32(),
            epoch.as_i64(),
            move_id
        )
        .execute(&mut *self.tx)
        .await?;
        if flipped.rows_affected() != 1 {
            let current = sqlx::query_scalar!("select epoch from guild where guild_id = $1", guild.as_i64())
                .fetch_one(&mut *self.tx)
                .await?;
            let current = Epoch::from_i64(current);
            return Err(StoreError::StaleEpoch {
                guild,
                given: epoch,
                current,
            });
        }
        // From here on the target's rows are the guild, and the source's will have to go. Not before the start: till
        // then they may have to feed the target again.
        sqlx::query!(
            "update cleanup set done_at = now() where move_id = $1 and kind = 'staging' and done_at is null",
            move_id
        )
        .execute(&mut *self.tx)
        .await?;
        sqlx::query!(
            "insert into cleanup (kind, pod_id, guild_id, epoch, move_id, due_at)
             values ('guild', $1, $2, $3, $4, now() + interval '100 years')",
            src.as_i32(),
            guild.as_i64(),
            epoch.as_i64(),
            move_id
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}
