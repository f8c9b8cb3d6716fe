//! A move is asked for.

use uuid::Uuid;

use super::row::MoveRow;
use crate::domain::fleet::{PodStateError, closed_because};
use crate::domain::ids::{GuildId, Incarnation, PodId};
use crate::domain::move_step::MoveStep;
use crate::store::config_db::change::{By, Change};
use crate::store::config_db::connection::ConfigDb;
use crate::store::config_db::error::StoreError;
use crate::store::config_db::pods::{corrupt, pod_id};
use crate::store::config_db::stamp::Stamped;

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
    /// The step after which its driver waits to be told to go on.
    pub hold_at: Option<MoveStep>,
    /// The plan it belongs to.
    pub plan_id: Option<Uuid>,
}

impl NewMove {
    /// A move by itself.
    pub fn of(guild: GuildId, dst: PodId, pause_budget_ms: u32) -> Self {
        Self {
            move_id: Uuid::now_v7(),
            guild,
            dst,
            pause_budget_ms,
            hold_at: None,
            plan_id: None,
        }
    }
}

struct Party {
    pod: PodId,
    incarnation: Incarnation,
}

impl ConfigDb {
    /// Plans a move from the guild's present owner. Nothing is touched yet.
    ///
    /// # Errors
    /// [`StoreError::MoveActive`] where one is under way: two never are, whoever asks at once.
    /// [`StoreError::Refused`] where it could not go through: a pod is not alive or takes nothing, the guild is in
    /// trouble, or the target still has rows of an earlier stay that nobody else may have.
    pub async fn plan_move(&self, new: &NewMove, by: &By) -> Result<Stamped<MoveRow>, StoreError> {
        let mut change = self.begin_change(by).await?;
        let row = change.plan_move(new).await?;
        change.commit(self, row).await
    }
}

impl Change {
    pub(in crate::store::config_db) async fn plan_move(
        &mut self,
        new: &NewMove,
    ) -> Result<MoveRow, StoreError> {
        let guild = sqlx::query!(
            "select pod_id, epoch, move_id, trouble, command_no from guild where guild_id = $1 for update",
            new.guild.as_i64()
        )
        .fetch_optional(&mut *self.tx)
        .await?
        .ok_or(StoreError::NoSuchGuild(new.guild))?;
        if let Some(move_id) = guild.move_id {
            return Err(StoreError::MoveActive {
                guild: new.guild,
                move_id,
            });
        }
        if let Some(trouble) = guild.trouble {
            return Err(StoreError::Refused(format!(
                "guild {} is in trouble, and stays where it is: {trouble}",
                new.guild
            )));
        }
        let src = pod_id(guild.pod_id)?;
        if src == new.dst {
            return Err(StoreError::Refused(format!(
                "guild {} is on {src} already",
                new.guild
            )));
        }
        let (src, dst) = (self.source(src).await?, self.target(new.dst).await?);
        self.refuse_leftovers(new.guild, dst.pod).await?;
        sqlx::query!(
            "insert into move (move_id, guild_id, src, src_incarnation, dst, dst_incarnation, epoch, freeze_no,
                               pause_budget_ms, hold_at, plan_id, reason, actor)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            new.move_id,
            new.guild.as_i64(),
            src.pod.as_i32(),
            src.incarnation.as_i64(),
            dst.pod.as_i32(),
            dst.incarnation.as_i64(),
            guild.epoch + 1,
            guild.command_no,
            new.pause_budget_ms.cast_signed(),
            new.hold_at.map(MoveStep::as_str),
            new.plan_id,
            self.by().reason.clone(),
            self.by().actor.clone()
        )
        .execute(&mut *self.tx)
        .await?;
        self.begin_move(new).await?;
        let row = self.move_row(new.move_id).await?;
        self.note_step(&row, serde_json::json!({})).await?;
        self.record("move.plan", format!("guild/{}", new.guild), &row.active);
        Ok(row)
    }

    /// Puts the guild into its move.
    async fn begin_move(&mut self, new: &NewMove) -> Result<(), StoreError> {
        sqlx::query!(
            "update guild set move_id = $2 where guild_id = $1",
            new.guild.as_i64(),
            new.move_id
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The source must answer: there is nobody else to export.
    async fn source(&mut self, pod: PodId) -> Result<Party, StoreError> {
        let row = sqlx::query!(
            r#"select incarnation, lease_until > now() as "leased!" from pod where pod_id = $1"#,
            pod.as_i32()
        )
        .fetch_optional(&mut *self.tx)
        .await?
        .ok_or(StoreError::NoSuchPod(pod))?;
        if !row.leased {
            return Err(StoreError::Refused(format!(
                "{pod}, which owns the guild, is not alive: its lease has run out"
            )));
        }
        let incarnation = Incarnation::from_i64(row.incarnation);
        Ok(Party { pod, incarnation })
    }

    async fn target(&mut self, pod: PodId) -> Result<Party, StoreError> {
        let row = sqlx::query!(
            r#"select incarnation, state, lease_until > now() as "leased!" from pod where pod_id = $1"#,
            pod.as_i32()
        )
        .fetch_optional(&mut *self.tx)
        .await?
        .ok_or(StoreError::NoSuchPod(pod))?;
        let state = row.state.parse().map_err(|e: PodStateError| corrupt(&e))?;
        if let Some(why) = closed_because(state, row.leased) {
            return Err(StoreError::Refused(format!("{pod} takes no guilds: {why}")));
        }
        let incarnation = Incarnation::from_i64(row.incarnation);
        Ok(Party { pod, incarnation })
    }

    /// What an earlier stay left at the target may be the last copy in case the present owner loses its file: it goes
    /// only by way of the ledger, which knows when it may.
    async fn refuse_leftovers(&mut self, guild: GuildId, dst: PodId) -> Result<(), StoreError> {
        let left = sqlx::query_scalar!(
            r#"select exists (select from cleanup where kind = 'guild' and done_at is null
                                and pod_id = $1 and guild_id = $2) as "left!""#,
            dst.as_i32(),
            guild.as_i64()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        if left {
            return Err(StoreError::LeftOvers { guild, pod: dst });
        }
        Ok(())
    }
}
