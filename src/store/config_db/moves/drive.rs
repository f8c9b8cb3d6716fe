//! Who carries a move on. A lease for liveness only: that two drivers do no harm is the compare-and-sets' business.

use std::time::Duration;

use uuid::Uuid;

use crate::domain::move_step::MoveStep;
use crate::store::config_db::change::By;
use crate::store::config_db::connection::ConfigDb;
use crate::store::config_db::error::StoreError;
use crate::store::config_db::millis::millis;

/// What a driver may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// A move that is under way and that nobody drives; not one that waits to be told to go on.
    Open,
    /// A move whose target serves and whose source's rows are due.
    Cleaning,
}

impl ConfigDb {
    /// Takes one move for `driver`, or prolongs its lease; whether it has it.
    pub async fn claim_move(&self, move_id: Uuid, driver: &str, ttl: Duration) -> Result<bool, StoreError> {
        let claimed = sqlx::query!(
            "update move set driver = $2, driver_until = now() + $3 * interval '1 ms'
              where move_id = $1 and (driver is null or driver = $2 or driver_until < now())",
            move_id,
            driver,
            millis(ttl)
        )
        .execute(&self.pool)
        .await?;
        Ok(claimed.rows_affected() == 1)
    }

    /// Lets a move go, so that another driver need not wait for the lease to end.
    pub async fn release_move(&self, move_id: Uuid, driver: &str) -> Result<(), StoreError> {
        sqlx::query!(
            "update move set driver = null, driver_until = null where move_id = $1 and driver = $2",
            move_id,
            driver
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Takes the oldest move that nobody drives.
    pub async fn claim_next(
        &self,
        what: Claim,
        driver: &str,
        ttl: Duration,
    ) -> Result<Option<Uuid>, StoreError> {
        let claimed = match what {
            Claim::Open => {
                sqlx::query_scalar!(
                    "update move set driver = $1, driver_until = now() + $2 * interval '1 ms'
                      where move_id = (
                          select move_id from move
                           where step not in ('started', 'cleaned', 'aborted') and hold_at is distinct from step
                             and (driver is null or driver_until < now())
                           order by created_at, move_id limit 1 for update skip locked)
                      returning move_id",
                    driver,
                    millis(ttl)
                )
                .fetch_optional(&self.pool)
                .await?
            }
            Claim::Cleaning => {
                sqlx::query_scalar!(
                    "update move set driver = $1, driver_until = now() + $2 * interval '1 ms'
                      where move_id = (
                          select m.move_id from move m join cleanup c on c.move_id = m.move_id
                           where m.step = 'started' and m.hold_at is distinct from m.step
                             and c.kind = 'guild' and c.done_at is null and c.due_at <= now()
                             and (m.driver is null or m.driver_until < now())
                           order by c.due_at, m.move_id limit 1 for update of m skip locked)
                      returning move_id",
                    driver,
                    millis(ttl)
                )
                .fetch_optional(&self.pool)
                .await?
            }
        };
        Ok(claimed)
    }

    /// Puts a clean-up off that cannot be made yet.
    pub async fn put_cleaning_off(&self, move_id: Uuid, by: Duration) -> Result<(), StoreError> {
        sqlx::query!(
            "update cleanup set due_at = now() + $2 * interval '1 ms'
              where move_id = $1 and kind = 'guild' and done_at is null",
            move_id,
            millis(by)
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Says at which step the move's driver is to wait; `None`: nowhere, it goes on. Whether there is such a move and it
    /// is not over.
    pub async fn hold_move(
        &self,
        move_id: Uuid,
        hold_at: Option<MoveStep>,
        by: &By,
    ) -> Result<bool, StoreError> {
        let mut change = self.begin_change(by).await?;
        let row = change.move_row(move_id).await?;
        let open = !matches!(row.active.step, MoveStep::Cleaned | MoveStep::Aborted);
        if open && row.hold_at != hold_at {
            sqlx::query!(
                "update move set hold_at = $2 where move_id = $1",
                move_id,
                hold_at.map(MoveStep::as_str)
            )
            .execute(&mut *change.tx)
            .await?;
            let detail = serde_json::json!({ "move": move_id, "hold_at": hold_at });
            change.record("move.hold", format!("guild/{}", row.active.guild), detail);
        }
        Ok(change.commit(self, open).await?.value)
    }
}
