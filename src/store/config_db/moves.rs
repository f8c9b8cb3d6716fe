//! Moves: the only way an owner changes.
//!
//! Here are the rows and the compare-and-sets; which step follows which is the move machine's business.

use uuid::Uuid;

use super::attach::ActiveMove;
use super::change::{By, Change};
use super::connection::ConfigDb;
use super::error::StoreError;
use super::pods::{corrupt, pod_id};
use super::stamp::Stamped;
use crate::domain::ids::{Epoch, GuildId, Incarnation, PodId};
use crate::domain::move_step::MoveStep;

/// A move to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewMove {
    /// Its id.
    pub move_id: Uuid,
    /// Which guild.
    pub guild: GuildId,
    /// To which pod.
    pub dst: PodId,
    /// How long the guild may stand still, in milliseconds.
    pub pause_budget_ms: u32,
}

/// A move as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveRow {
    /// What both pods need to know.
    pub active: ActiveMove,
    /// The source's life when the move was planned.
    pub src_incarnation: Incarnation,
    /// The target's life when the move was planned.
    pub dst_incarnation: Incarnation,
    /// Who carries it on.
    pub driver: Option<String>,
    /// How long the guild may stand still, in milliseconds.
    pub pause_budget_ms: u32,
    /// How long it stood still, in milliseconds.
    pub paused_ms: Option<u32>,
    /// Why, in the operator's words.
    pub reason: String,
    /// Who asked for it.
    pub actor: String,
    /// What went wrong.
    pub error: Option<String>,
}

impl ConfigDb {
    /// Plans a move from the guild's present owner. Its freezes are numbered above those of every earlier move at this
    /// epoch, so that the pods can tell a late command of one from this one's.
    ///
    /// # Errors
    /// [`StoreError::MoveActive`] where one is under way: two never are, whoever asks at once.
    pub async fn plan_move(&self, new: &NewMove, by: &By) -> Result<Stamped<MoveRow>, StoreError> {
        let mut change = self.begin_change(by).await?;
        let guild = sqlx::query!(
            "select pod_id, epoch, move_id from guild where guild_id = $1 for update",
            new.guild.as_i64()
        )
        .fetch_optional(&mut *change.tx)
        .await?
        .ok_or(StoreError::NoSuchGuild(new.guild))?;
        if let Some(move_id) = guild.move_id {
            return Err(StoreError::MoveActive {
                guild: new.guild,
                move_id,
            });
        }
        let src = pod_id(guild.pod_id)?;
        if src == new.dst {
            return Err(StoreError::Refused(format!(
                "guild {} is on {src} already",
                new.guild
            )));
        }
        let src_incarnation = change.incarnation_of(src).await?;
        let dst_incarnation = change.incarnation_of(new.dst).await?;
        sqlx::query!(
            "insert into move (move_id, guild_id, src, src_incarnation, dst, dst_incarnation, epoch,
                               pause_budget_ms, reason, actor, freeze_no)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
                     (select coalesce(max(freeze_no) + 1, 0) from move where guild_id = $2 and epoch = $7))",
            new.move_id,
            new.guild.as_i64(),
            src.as_i32(),
            src_incarnation.as_i64(),
            new.dst.as_i32(),
            dst_incarnation.as_i64(),
            guild.epoch + 1,
            new.pause_budget_ms.cast_signed(),
            change.by().reason.clone(),
            change.by().actor.clone()
        )
        .execute(&mut *change.tx)
        .await?;
        sqlx::query!(
            "update guild set move_id = $2 where guild_id = $1",
            new.guild.as_i64(),
            new.move_id
        )
        .execute(&mut *change.tx)
        .await?;
        let row = change.move_row(new.move_id).await?;
        change.note_step(&row, MoveStep::Planned).await?;
        change.record("move.plan", format!("guild/{}", new.guild), &row.active);
        change.commit(self, row).await
    }

    /// One move.
    pub async fn get_move(&self, move_id: Uuid) -> Result<Stamped<MoveRow>, StoreError> {
        let mut change = self.begin_change_even_recovering(&By::daemon("reader")).await?;
        let row = change.move_row(move_id).await?;
        change.commit(self, row).await
    }

    /// Takes a move from one step to a later one before the flip, or gives it up; a second driver that
    /// comes late changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where the move is at another step, or `to` is the flip or after it.
    pub async fn advance_move(
        &self,
        move_id: Uuid,
        from: MoveStep,
        to: MoveStep,
        by: &By,
    ) -> Result<Stamped<MoveRow>, StoreError> {
        if !from.is_before_flip() || !(to.is_before_flip() || to == MoveStep::Aborted) {
            return Err(StoreError::Refused(format!(
                "a move does not go from {from} to {to} this way"
            )));
        }
        let mut change = self.begin_change(by).await?;
        let row = change.expect_step(move_id, from).await?;
        sqlx::query!(
            "update move set step = $2, updated_at = now(),
                    freeze_no = freeze_no + case when $2 = 'frozen' then 1 else 0 end
              where move_id = $1",
            move_id,
            to.as_str()
        )
        .execute(&mut *change.tx)
        .await?;
        if to == MoveStep::Aborted {
            change.end_move(row.active.guild).await?;
        }
        let row = change.move_row(move_id).await?;
        change.note_step(&row, to).await?;
        change.commit(self, row).await
    }

    /// The point of no return: owner, epoch and step change together, if the move is verified, the guild is
    /// still at the epoch before, and both pods live the lives that were recorded.
    ///
    /// # Errors
    /// [`StoreError::Refused`], [`StoreError::StaleEpoch`] or [`StoreError::StaleIncarnation`]: nothing changed.
    pub async fn flip_move(&self, move_id: Uuid, by: &By) -> Result<Stamped<MoveRow>, StoreError> {
        let mut change = self.begin_change(by).await?;
        let row = change.expect_step(move_id, MoveStep::Verified).await?;
        let ActiveMove {
            guild,
            src,
            dst,
            epoch,
            ..
        } = row.active;
        change.expect_incarnation(src, row.src_incarnation).await?;
        change.expect_incarnation(dst, row.dst_incarnation).await?;
        sqlx::query!(
            "update move set step = 'flipped', updated_at = now() where move_id = $1",
            move_id
        )
        .execute(&mut *change.tx)
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
        .execute(&mut *change.tx)
        .await?;
        if flipped.rows_affected() != 1 {
            let current = sqlx::query_scalar!("select epoch from guild where guild_id = $1", guild.as_i64())
                .fetch_one(&mut *change.tx)
                .await?;
            let current = Epoch::from_i64(current);
            return Err(StoreError::StaleEpoch {
                guild,
                given: epoch,
                current,
            });
        }
        let row = change.move_row(move_id).await?;
        change.note_step(&row, MoveStep::Flipped).await?;
        let told = serde_json::json!({ "guild": guild, "pod": dst, "epoch": epoch });
        change.tell("guild", format!("guild/{guild}"), &told);
        change.record("guild.flip", format!("guild/{guild}"), &row.active);
        change.commit(self, row).await
    }
}

struct Row {
    move_id: Uuid,
    guild_id: i64,
    src: i32,
    dst: i32,
    epoch: i64,
    step: String,
    freeze_no: i32,
}

impl TryFrom<Row> for ActiveMove {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            move_id: row.move_id,
            guild: GuildId::from_i64(row.guild_id).map_err(|e| corrupt(&e))?,
            src: pod_id(row.src)?,
            dst: pod_id(row.dst)?,
            epoch: Epoch::from_i64(row.epoch),
            step: row
                .step
                .parse()
                .map_err(|e: crate::domain::move_step::MoveStepError| corrupt(&e))?,
            freeze_no: row.freeze_no.cast_unsigned(),
        })
    }
}

impl Change {
    /// Moves that a pod takes part in and that are not over.
    pub(super) async fn active_moves_of(&mut self, pod: PodId) -> Result<Vec<ActiveMove>, StoreError> {
        sqlx::query_as!(
            Row,
            "select move_id, guild_id, src, dst, epoch, step, freeze_no from move
              where (src = $1 or dst = $1) and step not in ('started', 'cleaned', 'aborted')
              order by created_at, move_id",
            pod.as_i32()
        )
        .fetch_all(&mut *self.tx)
        .await?
        .into_iter()
        .map(ActiveMove::try_from)
        .collect()
    }

    async fn incarnation_of(&mut self, pod: PodId) -> Result<Incarnation, StoreError> {
        sqlx::query_scalar!("select incarnation from pod where pod_id = $1", pod.as_i32())
            .fetch_optional(&mut *self.tx)
            .await?
            .map(Incarnation::from_i64)
            .ok_or(StoreError::NoSuchPod(pod))
    }

    async fn move_row(&mut self, move_id: Uuid) -> Result<MoveRow, StoreError> {
        let row = sqlx::query!(
            "select move_id, guild_id, src, src_incarnation, dst, dst_incarnation, epoch, step, freeze_no, driver,
                    pause_budget_ms, paused_ms, reason, actor, error
               from move where move_id = $1 for update",
            move_id
        )
            .fetch_optional(&mut *self.tx)
            .await?
            .ok_or(StoreError::NoSuchMove(move_id))?;
        Ok(MoveRow {
            src_incarnation: Incarnation::from_i64(row.src_incarnation),
            dst_incarnation: Incarnation::from_i64(row.dst_incarnation),
            driver: row.driver,
            pause_budget_ms: row.pause_budget_ms.cast_unsigned(),
            paused_ms: row.paused_ms.map(i32::cast_unsigned),
            reason: row.reason,
            actor: row.actor,
            error: row.error,
            active: ActiveMove::try_from(Row {
                move_id: row.move_id,
                guild_id: row.guild_id,
                src: row.src,
                dst: row.dst,
                epoch: row.epoch,
                step: row.step,
                freeze_no: row.freeze_no,
            })?,
        })
    }

    async fn expect_step(&mut self, move_id: Uuid, step: MoveStep) -> Result<MoveRow, StoreError> {
        let row = self.move_row(move_id).await?;
        if row.active.step == step {
            return Ok(row);
        }
        Err(StoreError::Refused(format!(
            "move {move_id} is {}, not {step}",
            row.active.step
        )))
    }

    /// Takes a guild out of its move.
    async fn end_move(&mut self, guild: GuildId) -> Result<(), StoreError> {
        sqlx::query!(
            "update guild set move_id = null where guild_id = $1",
            guild.as_i64()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Writes a step into the move's history and tells the watchers: both pods act on it.
    async fn note_step(&mut self, row: &MoveRow, step: MoveStep) -> Result<(), StoreError> {
        let move_id = row.active.move_id;
        sqlx::query!(
            "insert into move_event (move_id, ordinal, step)
             select $1, coalesce(max(ordinal), 0) + 1, $2 from move_event where move_id = $1",
            move_id,
            step.as_str()
        )
        .execute(&mut *self.tx)
        .await?;
        self.tell("move", format!("move/{move_id}"), &row.active);
        Ok(())
    }
}
