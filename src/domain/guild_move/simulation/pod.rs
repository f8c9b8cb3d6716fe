//! A pod: what it does when it is called, when it reads the store, and when somebody wants to write. Every change
//! and every write is judged by the real fence.

use super::file::{Pod, Rows};
use super::planted::Planted;
use super::store::{StoreSays, pod_id};
use crate::domain::digest::GuildDigest;
use crate::domain::fence::{
    Access, FenceChange, FenceMode, FenceRefusal, FenceState, Outcome, StoreWord, change, follow,
};
use crate::domain::guild_move::{Answer, Call, Cut, Event, MoveFacts, Party, has_taken_over};
use crate::domain::ids::Epoch;

/// What the target pulls from the source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delta {
    pub(super) no: u64,
    pub(super) rows: Rows,
}

impl Pod {
    pub(super) fn fence(&self) -> Option<&FenceState> {
        self.now.fence.as_ref()
    }

    pub(super) fn change(&mut self, command: &FenceChange) -> Result<(), FenceRefusal> {
        if let Outcome::Becomes(next) = change(self.now.fence.as_ref(), command)? {
            self.now.fence = Some(next);
        }
        Ok(())
    }

    /// The epoch at which this pod would write now: its fence and what it knows of the store agree.
    pub(super) fn serves(&self, me: usize, planted: Option<Planted>) -> Option<Epoch> {
        let fence = self.fence()?;
        if planted == Some(Planted::ServeWithoutTheStore) {
            return (fence.mode == FenceMode::Serving).then_some(fence.epoch);
        }
        let view = self.view.as_ref().filter(|view| view.owner == pod_id(me))?;
        fence
            .allows(Access::Serve { epoch: view.epoch })
            .ok()
            .map(|()| view.epoch)
    }

    /// Acts on what the store said after the fence was `seen`. Answers whether the guild was given away.
    pub(super) fn act_on(
        &mut self,
        me: usize,
        seen: Option<FenceState>,
        says: StoreSays,
        planted: Option<Planted>,
    ) -> bool {
        // Of two looks at the store the later one counts.
        if self.view.as_ref().is_none_or(|known| says.epoch >= known.epoch) {
            self.view = Some(says);
        }
        let mine = says.owner == pod_id(me);
        let seen = if planted == Some(Planted::ThawOnOldNews) {
            self.now.fence.clone()
        } else {
            seen
        };
        let Some(fence) = seen else { return false };
        if mine && fence.mode.owns() && says.raise_from == Some(fence.epoch) && fence.epoch < says.epoch {
            let (from, to) = (fence.epoch, says.epoch);
            // Whoever has changed the fence since is judged anew.
            let _ = self.change(&FenceChange::Raise { from, to });
            return false;
        }
        let (epoch, moving) = (says.epoch, says.moving);
        let Some(command) = follow(&fence, &StoreWord { mine, epoch, moving }) else {
            return false;
        };
        if planted == Some(Planted::NeverThaw) && matches!(command, FenceChange::Thaw { .. }) {
            return false;
        }
        if self.change(&command).is_err() {
            return false;
        }
        if matches!(command, FenceChange::AbortImport { .. }) {
            // What was brought in never was anybody's only copy.
            self.now.rows = Rows::default();
        }
        matches!(command, FenceChange::GivenAway { .. })
    }

    /// Does what a driver asks, up to the fsync. Imports are not done here: they need the source.
    pub(super) fn asked(&mut self, facts: &MoveFacts, call: Call, planted: Option<Planted>) -> Event {
        let (epoch, move_id) = (facts.epoch, facts.move_id);
        let owned = Epoch::new(epoch.get() - u64::from(planted != Some(Planted::EpochReused)));
        let outcome = match call {
            Call::Prepare { no } => self.prepare(facts, no, planted),
            Call::Freeze { no } => return self.freeze(facts, owned, no, planted),
            Call::Thaw { no } => self
                .change(&FenceChange::Thaw {
                    epoch: owned,
                    move_id,
                    freeze_no: no,
                })
                .map(|()| Answer::Thawed),
            Call::Serve { no, digest } => return self.serve(facts, no, digest, planted),
            Call::Retire => self.retire(epoch),
            Call::DropImport => Ok(self.drop_import(facts, planted)),
            Call::Custody if planted == Some(Planted::CleanBeforeCustody) => Ok(Answer::Custody(true)),
            Call::Custody if !holds(self.fence(), epoch) => return Event::NotVerified,
            Call::Custody => Ok(Answer::Custody(holds(self.replica.fence.as_ref(), epoch))),
            Call::Forget => self.forget(epoch, planted),
            Call::Import { .. } => unreachable!("imports go by way of the source"),
        };
        match outcome {
            Ok(answer) => Event::Done(answer),
            Err(why) => Event::Refused {
                party: party_of(call),
                why: why.to_string(),
            },
        }
    }

    fn prepare(
        &mut self,
        facts: &MoveFacts,
        no: u64,
        planted: Option<Planted>,
    ) -> Result<Answer, FenceRefusal> {
        let before = self.now.fence.clone();
        let begun = before.as_ref().is_some_and(|fence| {
            fence.mode == FenceMode::Importing
                && fence.epoch == facts.epoch
                && fence.move_id == Some(facts.move_id)
        });
        if begun {
            return Ok(Answer::Prepared);
        }
        self.change(&FenceChange::Import {
            epoch: facts.epoch,
            move_id: facts.move_id,
            freeze_no: no,
        })?;
        if before != self.now.fence && planted != Some(Planted::LoseADelete) {
            self.now.rows = Rows::default();
        }
        Ok(Answer::Prepared)
    }

    fn freeze(&mut self, facts: &MoveFacts, epoch: Epoch, no: u64, planted: Option<Planted>) -> Event {
        let cut = self.now.rows.cut();
        if planted == Some(Planted::SkipTheCut) {
            return Event::Done(Answer::Frozen(cut));
        }
        let command = FenceChange::Freeze {
            epoch,
            move_id: facts.move_id,
            freeze_no: no,
        };
        match self.change(&command) {
            Ok(()) => Event::Done(Answer::Frozen(cut)),
            Err(FenceRefusal::StaleCommand { .. }) if planted == Some(Planted::StaleFreezeAccepted) => {
                let fence = self.now.fence.as_mut().unwrap();
                (fence.mode, fence.freeze_no, fence.move_id) = (FenceMode::Frozen, no, Some(facts.move_id));
                Event::Done(Answer::Frozen(cut))
            }
            Err(why) => Event::Refused {
                party: Party::Source,
                why: why.to_string(),
            },
        }
    }

    fn serve(&mut self, facts: &MoveFacts, no: u64, digest: GuildDigest, planted: Option<Planted>) -> Event {
        if planted == Some(Planted::ServeUnverified)
            && let Some(fence) = self.now.fence.as_mut()
            && fence.epoch <= facts.epoch
        {
            (fence.epoch, fence.mode) = (facts.epoch, FenceMode::Serving);
            return Event::Done(Answer::Serving);
        }
        let command = FenceChange::Start {
            epoch: facts.epoch,
            move_id: facts.move_id,
            freeze_no: no,
            digest,
        };
        match self.change(&command) {
            Ok(()) => Event::Done(Answer::Serving),
            Err(
                FenceRefusal::NotVerified
                | FenceRefusal::NoFence
                | FenceRefusal::Behind { .. }
                | FenceRefusal::OtherMove { .. },
            ) => Event::NotVerified,
            Err(why) => Event::Refused {
                party: Party::Target,
                why: why.to_string(),
            },
        }
    }

    fn retire(&mut self, epoch: Epoch) -> Result<Answer, FenceRefusal> {
        match self.change(&FenceChange::GivenAway { epoch }) {
            // It has seen a later epoch, or never had the guild: in both cases it knows.
            Ok(()) | Err(FenceRefusal::StaleEpoch { .. } | FenceRefusal::NoFence) => Ok(Answer::Retired),
            Err(why) => Err(why),
        }
    }

    fn drop_import(&mut self, facts: &MoveFacts, planted: Option<Planted>) -> Answer {
        let (epoch, move_id) = (facts.epoch, facts.move_id);
        if planted == Some(Planted::AbortDeletesServing) {
            self.now.rows = Rows::default();
            return Answer::Dropped;
        }
        // Where it is refused nothing of that import is here any more.
        if self.change(&FenceChange::AbortImport { epoch, move_id }).is_ok() {
            self.now.rows = Rows::default();
        }
        Answer::Dropped
    }

    fn forget(&mut self, epoch: Epoch, planted: Option<Planted>) -> Result<Answer, FenceRefusal> {
        if planted == Some(Planted::LateCleanUp) {
            self.now.rows = Rows::default();
            return Ok(Answer::Forgotten);
        }
        let Some(fence) = self.fence() else {
            return Ok(Answer::Forgotten);
        };
        match fence.allows(Access::Clean { epoch }) {
            Ok(()) => {
                self.now.rows = Rows::default();
                Ok(Answer::Forgotten)
            }
            // The rows of that stay were overwritten by another.
            Err(FenceRefusal::StaleEpoch { .. }) => Ok(Answer::Forgotten),
            Err(why) => Err(why),
        }
    }

    /// What was brought in and compared before, where it is of this very freeze.
    pub(super) fn verified_before(&self, facts: &MoveFacts, no: u64) -> Option<Cut> {
        let fence = self.fence()?;
        let here = fence.mode == FenceMode::Importing
            && fence.move_id == Some(facts.move_id)
            && (fence.epoch, fence.freeze_no) == (facts.epoch, no);
        (here && fence.digest.is_some()).then(|| self.now.rows.cut())
    }

    /// The guild's rows as they stand still, for the target.
    pub(super) fn bundle(&self, facts: &MoveFacts, no: u64, planted: Option<Planted>) -> Option<Delta> {
        let fence = self.fence()?;
        let frozen = fence.mode == FenceMode::Frozen && fence.freeze_no == no;
        let left = fence.mode == FenceMode::Tombstone && fence.epoch == facts.epoch;
        (frozen || left || planted == Some(Planted::SkipTheCut)).then_some(Delta {
            no,
            rows: self.now.rows,
        })
    }

    /// Takes in what was pulled, and verifies it, in one transaction.
    pub(super) fn take_in(&mut self, facts: &MoveFacts, delta: Delta, planted: Option<Planted>) -> Event {
        let access = Access::Import {
            epoch: facts.epoch,
            move_id: facts.move_id,
        };
        if planted == Some(Planted::StartTwice)
            && self
                .fence()
                .is_some_and(|fence| fence.mode == FenceMode::Serving && fence.epoch == facts.epoch)
        {
            self.now.rows = delta.rows;
            return Event::Done(Answer::Imported(delta.rows.cut()));
        }
        let Some(fence) = self.fence() else {
            return Event::NotVerified;
        };
        if let Err(why) = fence.allows(access) {
            return match why {
                FenceRefusal::Behind { .. } => Event::NotVerified,
                _ if fence.epoch == facts.epoch && fence.mode == FenceMode::Serving => {
                    Event::Done(Answer::Imported(delta.rows.cut()))
                }
                why => Event::Refused {
                    party: Party::Target,
                    why: why.to_string(),
                },
            };
        }
        let cut = delta.rows.cut();
        let was = self.now.rows;
        let verify = FenceChange::Verify {
            epoch: facts.epoch,
            move_id: facts.move_id,
            freeze_no: delta.no,
            digest: cut.digest,
        };
        if let Err(why) = self.change(&verify) {
            return Event::Refused {
                party: Party::Target,
                why: why.to_string(),
            };
        }
        self.now.rows = delta.rows;
        match planted {
            Some(Planted::LoseADelete) => self.now.rows.bits |= was.bits,
            Some(Planted::ImportTwiceAdds) => self.now.rows.effects += was.effects,
            Some(Planted::ServeBeforeTheFlip) => self.now.fence.as_mut().unwrap().mode = FenceMode::Serving,
            _ => {}
        }
        Event::Done(Answer::Imported(cut))
    }
}

/// Whether a file with this fence has taken the guild over.
pub(super) fn holds(fence: Option<&FenceState>, since: Epoch) -> bool {
    fence.is_some_and(|fence| has_taken_over(fence.epoch, fence.mode, since))
}

pub(super) const fn party_of(call: Call) -> Party {
    match call {
        Call::Freeze { .. } | Call::Thaw { .. } | Call::Retire | Call::Forget => Party::Source,
        _ => Party::Target,
    }
}
