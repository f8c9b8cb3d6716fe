//! A move's row.

use uuid::Uuid;

use crate::domain::digest::{GuildDigest, GuildDigestError};
use crate::domain::guild_move::{GuildMove, Limits, MoveFacts, Stage};
use crate::domain::ids::{Epoch, GuildId, Incarnation, MoveId, PodId};
use crate::domain::move_step::{MoveStep, MoveStepError};
use crate::store::config_db::attach::ActiveMove;
use crate::store::config_db::change::Change;
use crate::store::config_db::error::StoreError;
use crate::store::config_db::pods::{corrupt, pod_id};

/// A move as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveRow {
    /// What both pods need to know.
    pub active: ActiveMove,
    /// The source's life at the present freeze; before the first: when the move was planned.
    pub src_incarnation: Incarnation,
    /// The target's life, likewise.
    pub dst_incarnation: Incarnation,
    /// The plan it belongs to.
    pub plan_id: Option<Uuid>,
    /// Who carries it on, while that lease runs.
    pub driver: Option<String>,
    /// How long the guild may stand still, in milliseconds.
    pub pause_budget_ms: u32,
    /// How long it stood still, in milliseconds.
    pub paused_ms: Option<u32>,
    /// Freezes that were given up.
    pub thaws: u32,
    /// The step after which its driver waits to be told to go on.
    pub hold_at: Option<MoveStep>,
    /// Rows at the last cut.
    pub rows: Option<u64>,
    /// Their digest.
    pub digest: Option<GuildDigest>,
    /// Why, in the operator's words.
    pub reason: String,
    /// Who asked for it.
    pub actor: String,
    /// What went wrong.
    pub error: Option<String>,
    /// When it was planned, in Unix milliseconds.
    pub created_at_ms: i64,
    /// When its step changed last, in Unix milliseconds.
    pub updated_at_ms: i64,
}

impl MoveRow {
    /// How far it has come.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where a verified move has no digest: no code of ours writes that.
    pub fn stage(&self) -> Result<Stage, StoreError> {
        Stage::of_row(self.active.step, self.active.freeze_no.into(), self.digest).ok_or_else(|| {
            StoreError::Corrupt(format!(
                "move {} is {} without a digest",
                self.active.move_id, self.active.step
            ))
        })
    }

    /// What does not change during the move.
    pub const fn facts(&self) -> MoveFacts {
        let ActiveMove {
            move_id,
            guild,
            src,
            dst,
            epoch,
            ..
        } = self.active;
        MoveFacts {
            move_id: MoveId::new(move_id),
            guild,
            src,
            dst,
            epoch,
        }
    }

    /// The move for a driver that finds it like this.
    pub fn found(&self, limits: Limits) -> Result<GuildMove, StoreError> {
        Ok(GuildMove::found(self.facts(), self.stage()?, self.thaws, limits))
    }

    /// Whether it waits to be told to go on.
    pub fn is_held(&self) -> bool {
        self.hold_at == Some(self.active.step)
    }
}

pub(super) struct Row {
    pub(super) move_id: Uuid,
    pub(super) guild_id: i64,
    pub(super) src: i32,
    pub(super) src_incarnation: i64,
    pub(super) dst: i32,
    pub(super) dst_incarnation: i64,
    pub(super) epoch: i64,
    pub(super) step: String,
    pub(super) freeze_no: i32,
    pub(super) plan_id: Option<Uuid>,
    pub(super) driver: Option<String>,
    pub(super) pause_budget_ms: i32,
    pub(super) paused_ms: Option<i32>,
    pub(super) thaws: i32,
    pub(super) hold_at: Option<String>,
    pub(super) rows: Option<i64>,
    pub(super) digest: Option<String>,
    pub(super) reason: String,
    pub(super) actor: String,
    pub(super) error: Option<String>,
    pub(super) created_at_ms: i64,
    pub(super) updated_at_ms: i64,
}

impl TryFrom<Row> for MoveRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let step = |text: String| text.parse().map_err(|e: MoveStepError| corrupt(&e));
        let digest = |text: String| text.parse().map_err(|e: GuildDigestError| corrupt(&e));
        Ok(Self {
            active: ActiveMove {
                move_id: row.move_id,
                guild: GuildId::from_i64(row.guild_id).map_err(|e| corrupt(&e))?,
                src: pod_id(row.src)?,
                dst: pod_id(row.dst)?,
                epoch: Epoch::from_i64(row.epoch),
                step: step(row.step)?,
                freeze_no: row.freeze_no.cast_unsigned(),
            },
            src_incarnation: Incarnation::from_i64(row.src_incarnation),
            dst_incarnation: Incarnation::from_i64(row.dst_incarnation),
            plan_id: row.plan_id,
            driver: row.driver,
            pause_budget_ms: row.pause_budget_ms.cast_unsigned(),
            paused_ms: row.paused_ms.map(i32::cast_unsigned),
            thaws: row.thaws.cast_unsigned(),
            hold_at: row.hold_at.map(step).transpose()?,
            rows: row.rows.map(i64::cast_unsigned),
            digest: row.digest.map(digest).transpose()?,
            reason: row.reason,
            actor: row.actor,
            error: row.error,
            created_at_ms: row.created_at_ms,
            updated_at_ms: row.updated_at_ms,
        })
    }
}

impl Change {
    /// A move's row, locked.
    pub(super) async fn move_row(&mut self, move_id: Uuid) -> Result<MoveRow, StoreError> {
        sqlx::query_as!(
            Row,
            r#"select move_id, guild_id, src, src_incarnation, dst, dst_incarnation, epoch, step, freeze_no, plan_id,
                      case when driver_until > now() then driver end as driver, pause_budget_ms, paused_ms, thaws,
                      hold_at, rows, digest, reason, actor, error,
                      (extract(epoch from created_at) * 1000)::bigint as "created_at_ms!",
                      (extract(epoch from updated_at) * 1000)::bigint as "updated_at_ms!"
                 from move where move_id = $1 for update"#,
            move_id
        )
        .fetch_optional(&mut *self.tx)
        .await?
        .ok_or(StoreError::NoSuchMove(move_id))?
        .try_into()
    }

    /// Moves that a pod takes part in and that are not over.
    pub(in crate::store::config_db) async fn active_moves_of(
        &mut self,
        pod: PodId,
    ) -> Result<Vec<ActiveMove>, StoreError> {
        sqlx::query!(
            "select move_id, guild_id, src, dst, epoch, step, freeze_no from move
              where (src = $1 or dst = $1) and step not in ('started', 'cleaned', 'aborted')
              order by created_at, move_id",
            pod.as_i32()
        )
        .fetch_all(&mut *self.tx)
        .await?
        .into_iter()
        .map(|row| {
            Ok(ActiveMove {
                move_id: row.move_id,
                guild: GuildId::from_i64(row.guild_id).map_err(|e| corrupt(&e))?,
                src: pod_id(row.src)?,
                dst: pod_id(row.dst)?,
                epoch: Epoch::from_i64(row.epoch),
                step: row.step.parse().map_err(|e: MoveStepError| corrupt(&e))?,
                freeze_no: row.freeze_no.cast_unsigned(),
            })
        })
        .collect()
    }

    /// Takes a guild out of its move.
    pub(super) async fn end_move(&mut self, guild: GuildId) -> Result<(), StoreError> {
        sqlx::query!(
            "update guild set move_id = null where guild_id = $1",
            guild.as_i64()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Writes a step into the move's history and tells the watchers: both pods act on it.
    pub(super) async fn note_step(
        &mut self,
        row: &MoveRow,
        detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        let move_id = row.active.move_id;
        sqlx::query!(
            "insert into move_event (move_id, ordinal, step, detail)
             select $1, coalesce(max(ordinal), 0) + 1, $2, $3 from move_event where move_id = $1",
            move_id,
            row.active.step.as_str(),
            detail
        )
        .execute(&mut *self.tx)
        .await?;
        self.tell("move", format!("move/{move_id}"), &row.active);
        Ok(())
    }
}
