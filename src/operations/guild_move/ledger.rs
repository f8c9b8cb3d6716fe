//! Moves that nobody drives, and what is left when they are over.

use std::time::Duration;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::calls;
use super::driver::Mover;
use super::error::MoveError;
use crate::client::pod_api::{Custody, Forget};
use crate::domain::guild_move::{Ended, Event, MoveFacts, has_taken_over};
use crate::domain::ids::{MoveId, PodId};
use crate::store::config_db::{Claim, CleanupKind, CleanupRow};

/// Rows of the ledger in one round.
const ROWS: u32 = 50;

/// What one round has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cleaned {
    /// Things that are gone.
    pub done: usize,
    /// Things that will have to be tried again.
    pub left: usize,
}

impl Mover {
    /// Takes up to `at_once` moves that nobody drives, and drives them on; how many.
    pub async fn take_up(&self, at_once: usize, stop: &CancellationToken) -> Result<usize, MoveError> {
        let mut taken = Vec::new();
        while taken.len() < at_once {
            match self
                .db
                .claim_next(Claim::Open, &self.settings.name, self.settings.lease)
                .await?
            {
                Some(move_id) => taken.push(move_id),
                None => break,
            }
        }
        let driven = join_all(
            taken
                .iter()
                .map(|id| self.drive(*id, Event::Begin, stop, &|_| {})),
        )
        .await;
        for (move_id, driven) in taken.iter().zip(&driven) {
            match driven {
                Ok(driven) => tracing::info!(%move_id, step = %driven.row.active.step, "drove a move on"),
                Err(error) => {
                    let chain = crate::runtime::error_chain::Chain(error);
                    tracing::warn!(%move_id, error = %chain, "a move was not driven on");
                }
            }
        }
        Ok(taken.len())
    }

    /// Deletes what is due: sources' rows whose target has the guild, and what imports that were given up left.
    pub async fn clean_up(&self, again: Duration, stop: &CancellationToken) -> Result<Cleaned, MoveError> {
        let mut cleaned = Cleaned::default();
        while !stop.is_cancelled()
            && let Some(move_id) = self
                .db
                .claim_next(Claim::Cleaning, &self.settings.name, self.settings.lease)
                .await?
        {
            cleaned.count(self.clean_after(move_id, again, stop).await?);
        }
        for row in self.db.due_row_cleanups(ROWS).await? {
            let done = self.clean_row(&row).await?;
            if done {
                self.db.finish_cleanup(row.cleanup_id).await?;
            }
            cleaned.count(done);
        }
        Ok(cleaned)
    }

    /// Deletes the source's rows of a move whose target serves, if they may go; whether they are gone.
    pub async fn clean_after(
        &self,
        move_id: Uuid,
        again: Duration,
        stop: &CancellationToken,
    ) -> Result<bool, MoveError> {
        let driven = self.drive(move_id, Event::CleanDue, stop, &|_| {}).await?;
        let done = driven.ended == Some(Ended::Cleaned);
        if !done {
            self.db.put_cleaning_off(move_id, again).await?;
        }
        Ok(done)
    }

    async fn clean_row(&self, row: &CleanupRow) -> Result<bool, MoveError> {
        let (guild, epoch, move_id, what) = match row.what {
            CleanupKind::Staging(guild, epoch, id) => (guild, epoch, id, Forget::Import),
            CleanupKind::Guild(guild, epoch) => {
                let held = Custody::Committed;
                (guild, epoch, Uuid::nil(), Forget::GivenAway { held })
            }
            CleanupKind::Lineage(_) => return Ok(false),
        };
        let Some(owner) = self.db.guild(guild).await?.value else {
            return Ok(false);
        };
        if what != Forget::Import {
            let Ok(report) = self.pods.guild(&self.url(owner.pod).await?, guild).await else {
                return Ok(false);
            };
            if !has_taken_over(report.fence.epoch, report.fence.mode, epoch) {
                return Ok(false);
            }
        }
        let facts = MoveFacts {
            move_id: MoveId::new(move_id),
            guild,
            src: row.pod,
            dst: row.pod,
            epoch,
        };
        let url = self.url(row.pod).await?;
        match calls::forget(&self.pods, &facts, &url, what).await {
            Ok(()) => Ok(true),
            // Nothing of that is there any more: the fence has gone on.
            Err(error) => Ok(error.refusal().is_some()),
        }
    }

    async fn url(&self, pod: PodId) -> Result<String, MoveError> {
        Ok(self.db.pod(pod).await?.value.api_url)
    }
}

impl Cleaned {
    const fn count(&mut self, done: bool) {
        if done {
            self.done += 1;
        } else {
            self.left += 1;
        }
    }
}
