//! A move takes a step: a compare-and-set on its step and number.

use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::row::MoveRow;
use crate::domain::guild_move::{Stage, Write};
use crate::domain::move_step::MoveStep;
use crate::store::config_db::change::{By, Change};
use crate::store::config_db::connection::ConfigDb;
use crate::store::config_db::error::StoreError;
use crate::store::config_db::millis::millis;
use crate::store::config_db::stamp::Stamped;

/// What a driver knows beside the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteNote {
    /// How long the guild stood still, from the freeze to the present step, in milliseconds.
    pub paused_ms: Option<u32>,
    /// How long the source keeps its rows after the flip.
    pub keep: Duration,
}

impl ConfigDb {
    /// Takes a move from `from` to what `write` says, if it is there; answers the row as it is then. A second driver
    /// that comes late changes nothing and learns where the move is. A flip is [`ConfigDb::flip_move`].
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a flip, or a step that `from` has no way to.
    pub async fn write_move(
        &self,
        move_id: Uuid,
        from: Stage,
        write: &Write,
        note: WriteNote,
        by: &By,
    ) -> Result<Stamped<MoveRow>, StoreError> {
        let mut change = self.begin_change(by).await?;
        let row = change.move_row(move_id).await?;
        if row.stage()? != from {
            return change.commit(self, row).await;
        }
        match (write, row.active.step) {
            (Write::Prepare, MoveStep::Planned) => change.prepare(&row).await?,
            (Write::Freeze, MoveStep::Prepared) => change.freeze(&row).await?,
            (Write::Verify(cut), MoveStep::Frozen) => {
                let (rows, digest) = (cut.rows.cast_signed(), cut.digest.to_string());
                sqlx::query!(
                    "update move set step = 'verified', rows = $2, digest = $3, updated_at = now() where move_id = $1",
                    move_id,
                    rows,
                    digest
                )
                .execute(&mut *change.tx)
                .await?;
            }
            (Write::Start, MoveStep::Flipped) => change.start(&row, note).await?,
            (Write::Clean, MoveStep::Started) => change.clean(&row).await?,
            (Write::Thaw { why }, MoveStep::Frozen | MoveStep::Verified) => {
                sqlx::query!(
                    "update move set step = 'prepared', thaws = thaws + 1, digest = null, error = $2, updated_at = now()
                      where move_id = $1",
                    move_id,
                    why
                )
                .execute(&mut *change.tx)
                .await?;
            }
            (Write::Abort { why }, step) if step.is_before_flip() => change.abort(&row, why).await?,
            (write, step) => {
                let what = format!("a move does not go from {step} on by {}", name(write));
                return Err(StoreError::Refused(what));
            }
        }
        let row = change.move_row(move_id).await?;
        change.note_step(&row, detail(write, note)).await?;
        change.commit(self, row).await
    }
}

const fn name(write: &Write) -> &'static str {
    match write {
        Write::Prepare => "prepare",
        Write::Freeze => "freeze",
        Write::Verify(_) => "verify",
        Write::Flip => "flip",
        Write::Start => "start",
        Write::Clean => "clean",
        Write::Thaw { .. } => "thaw",
        Write::Abort { .. } => "abort",
    }
}

fn detail(write: &Write, note: WriteNote) -> serde_json::Value {
    match write {
        Write::Verify(cut) => json!({ "rows": cut.rows, "digest": cut.digest }),
        Write::Start => json!({ "paused_ms": note.paused_ms }),
        Write::Thaw { why } | Write::Abort { why } => json!({ "why": why }),
        Write::Prepare | Write::Freeze | Write::Flip | Write::Clean => json!({}),
    }
}

impl Change {
    /// The ledger's row first: whatever an import brings to the target is known before it is there.
    async fn prepare(&mut self, row: &MoveRow) -> Result<(), StoreError> {
        let active = &row.active;
        sqlx::query!(
            "insert into cleanup (kind, pod_id, guild_id, epoch, move_id) values ('staging', $1, $2, $3, $4)",
            active.dst.as_i32(),
            active.guild.as_i64(),
            active.epoch.as_i64(),
            active.move_id
        )
        .execute(&mut *self.tx)
        .await?;
        let no = self.next_command(row).await?;
        sqlx::query!(
            "update move set step = 'prepared', freeze_no = $2, updated_at = now() where move_id = $1",
            active.move_id,
            no
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// With the present lives of both pods: whoever begins another one before the flip makes it void.
    async fn freeze(&mut self, row: &MoveRow) -> Result<(), StoreError> {
        let no = self.next_command(row).await?;
        sqlx::query!(
            "update move m set step = 'frozen', freeze_no = $2, digest = null, updated_at = now(),
                    src_incarnation = (select incarnation from pod where pod_id = m.src),
                    dst_incarnation = (select incarnation from pod where pod_id = m.dst)
              where move_id = $1",
            row.active.move_id,
            no
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The guild's next command number.
    async fn next_command(&mut self, row: &MoveRow) -> Result<i32, StoreError> {
        let no = sqlx::query_scalar!(
            "update guild set command_no = command_no + 1 where guild_id = $1 returning command_no",
            row.active.guild.as_i64()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(no)
    }

    async fn start(&mut self, row: &MoveRow, note: WriteNote) -> Result<(), StoreError> {
        sqlx::query!(
            "update move set step = 'started', paused_ms = coalesce($2, paused_ms), served_at = now(), error = null,
                    updated_at = now()
              where move_id = $1",
            row.active.move_id,
            note.paused_ms.map(u32::cast_signed)
        )
        .execute(&mut *self.tx)
        .await?;
        sqlx::query!(
            "update cleanup set due_at = now() + $2 * interval '1 ms'
              where move_id = $1 and kind = 'guild' and done_at is null",
            row.active.move_id,
            millis(note.keep)
        )
        .execute(&mut *self.tx)
        .await?;
        self.end_move(row.active.guild).await
    }

    async fn clean(&mut self, row: &MoveRow) -> Result<(), StoreError> {
        sqlx::query!(
            "update move set step = 'cleaned', updated_at = now() where move_id = $1",
            row.active.move_id
        )
        .execute(&mut *self.tx)
        .await?;
        sqlx::query!(
            "update cleanup set done_at = now() where move_id = $1 and kind = 'guild' and done_at is null",
            row.active.move_id
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The staged rows stay in the ledger: whoever works it off deletes them at the target.
    async fn abort(&mut self, row: &MoveRow, why: &str) -> Result<(), StoreError> {
        sqlx::query!(
            "update move set step = 'aborted', error = $2, updated_at = now() where move_id = $1",
            row.active.move_id,
            why
        )
        .execute(&mut *self.tx)
        .await?;
        let subject = format!("guild/{}", row.active.guild);
        self.record("move.abort", subject, json!({ "move": row.active, "why": why }));
        self.end_move(row.active.guild).await
    }
}
