//! What an operator asks for: begin a move, give it up, go on with it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::driver::Mover;
use super::error::MoveError;
use crate::domain::guild_move::Write;
use crate::domain::ids::{GuildId, PodId};
use crate::domain::move_step::MoveStep;
use crate::operations::consent::Authority;
use crate::store::config_db::{ConfigDb, MoveFilter, MoveRow, NewMove, Stamped, StoreError, WriteNote};

/// A move that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoveAsked {
    /// Which guild.
    pub guild: GuildId,
    /// To which pod.
    pub to: PodId,
    /// How long it may stand still.
    pub pause_budget: Duration,
    /// The step after which the driver waits to be told to go on.
    pub pause_after: Option<MoveStep>,
    /// The plan it belongs to.
    pub plan_id: Option<Uuid>,
}

/// Plans a move. Where the target still has rows of an earlier stay they are cleaned up first, if they may go.
pub async fn plan(
    mover: &Mover,
    asked: &MoveAsked,
    authority: &Authority,
) -> Result<Stamped<MoveRow>, MoveError> {
    let new = NewMove {
        hold_at: asked.pause_after,
        plan_id: asked.plan_id,
        ..NewMove::of(
            asked.guild,
            asked.to,
            u32::try_from(asked.pause_budget.as_millis())
                .unwrap_or(u32::MAX)
                .max(1),
        )
    };
    match mover.db.plan_move(&new, authority.by()).await {
        Err(StoreError::LeftOvers { .. }) if !authority.is_dry_run() => {
            clean_earlier(mover, asked).await?;
            Ok(mover.db.plan_move(&new, authority.by()).await?)
        }
        planned => Ok(planned?),
    }
}

async fn clean_earlier(mover: &Mover, asked: &MoveAsked) -> Result<(), MoveError> {
    let filter = MoveFilter {
        guild: Some(asked.guild),
        limit: 20,
        ..MoveFilter::default()
    };
    let earlier = mover.db.moves(&filter).await?.value;
    let left = |row: &&MoveRow| row.active.step == MoveStep::Started && row.active.src == asked.to;
    for row in earlier.iter().filter(left) {
        let never = CancellationToken::new();
        mover
            .clean_after(row.active.move_id, Duration::from_mins(1), &never)
            .await?;
    }
    Ok(())
}

/// Gives a move up, wherever it is before its flip; giving up what is given up changes nothing.
///
/// # Errors
/// [`MoveError::TooLate`] after the flip.
pub async fn abort(
    db: &ConfigDb,
    move_id: Uuid,
    authority: &Authority,
) -> Result<Stamped<MoveRow>, MoveError> {
    loop {
        let found = db.get_move(move_id).await?;
        match found.value.active.step {
            MoveStep::Aborted => return Ok(found),
            step if !step.is_before_flip() => return Err(MoveError::TooLate(move_id)),
            _ => {}
        }
        let by = authority.by();
        let why = if by.reason.is_empty() {
            format!("given up by {}", by.actor)
        } else {
            format!("given up by {}: {}", by.actor, by.reason)
        };
        let (stage, write) = (found.value.stage()?, Write::Abort { why });
        let now = db
            .write_move(move_id, stage, &write, WriteNote::default(), by)
            .await?;
        if authority.is_dry_run() || now.value.active.step == MoveStep::Aborted {
            return Ok(now);
        }
        // Its driver was quicker: look again.
    }
}

/// Lets a held move go on.
pub async fn resume(
    db: &ConfigDb,
    move_id: Uuid,
    authority: &Authority,
) -> Result<Stamped<MoveRow>, MoveError> {
    db.hold_move(move_id, None, authority.by()).await?;
    Ok(db.get_move(move_id).await?)
}
