//! What follows on what.

use std::time::Duration;

use super::command::{Call, Command, Ended, Write};
use super::event::{Answer, Event, Party};
use super::stage::{Cut, GuildMove, Stage};

/// The first pause after a failure; it doubles with each one after the other.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// The longest while the guild stands still: there the budget counts.
const LONGEST_WAIT_FROZEN: Duration = Duration::from_millis(200);
/// The longest.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What to do, now that this has happened.
pub fn next(before: &GuildMove, event: Event) -> (GuildMove, Vec<Command>) {
    let mut it = before.clone();
    let commands = match event {
        Event::Begin => it.begin(),
        Event::CleanDue => it.clean(),
        Event::Row { stage, thaws } => it.learn(stage, thaws),
        Event::StoreSilent => it.later(Command::Read),
        Event::LivesChanged => it.thaw("a pod was started anew after the freeze".to_owned()),
        Event::Done(answer) => it.answered(answer),
        Event::Silent(party) => it.unanswered(party),
        Event::Refused { party, why } => it.refused(party, why),
        Event::NotVerified => it.feed_again(),
        Event::Differs { why } | Event::AbortAsked { why } => it.give_up(why),
        Event::BudgetSpent => it.thaw("the pause budget was spent".to_owned()),
    };
    (it, commands)
}

impl GuildMove {
    /// What the present stage asks for: each of it may have been done already.
    fn begin(&mut self) -> Vec<Command> {
        let command = match self.stage {
            Stage::Planned => Command::Write(Write::Prepare),
            Stage::Prepared { no } if self.thaws > 0 => Command::Call(Call::Thaw { no }),
            Stage::Prepared { no } => Command::Call(Call::Prepare { no }),
            Stage::Frozen { no } => Command::Call(Call::Freeze { no }),
            Stage::Verified { .. } => Command::Write(Write::Flip),
            Stage::Flipped { no, digest } => Command::Call(Call::Serve { no, digest }),
            Stage::Started { .. } => Command::Call(Call::Retire),
            Stage::Cleaned => Command::End(Ended::Cleaned),
            Stage::Aborted { no: 0 } => Command::End(Ended::Aborted),
            Stage::Aborted { no } => Command::Call(Call::Thaw { no }),
        };
        vec![command]
    }

    fn clean(&mut self) -> Vec<Command> {
        self.cleaning = true;
        self.begin()
    }

    /// The row is what counts, whoever wrote it.
    fn learn(&mut self, stage: Stage, thaws: u32) -> Vec<Command> {
        if stage != self.stage {
            self.cut = None;
            self.tries = 0;
        }
        (self.stage, self.thaws) = (stage, thaws);
        self.begin()
    }

    /// The source goes on: the target makes room again, or that was the last try.
    fn thawed(&self, no: u64) -> Vec<Command> {
        if self.thaws >= self.limits.thaws {
            let last = self.last_trouble.as_deref().unwrap_or("see its history");
            let why = format!("the guild was stopped {} times in vain: {last}", self.thaws);
            return vec![Command::Write(Write::Abort { why })];
        }
        let pause = wait_after(self.thaws, LONGEST_WAIT);
        vec![Command::Wait(pause), Command::Call(Call::Prepare { no })]
    }

    fn answered(&mut self, answer: Answer) -> Vec<Command> {
        self.tries = 0;
        let command = match (self.stage, answer) {
            (Stage::Prepared { no }, Answer::Thawed) => return self.thawed(no),
            (Stage::Prepared { .. }, Answer::Prepared) => Command::Write(Write::Freeze),
            (Stage::Frozen { no }, Answer::Frozen(cut)) => {
                self.cut = Some(cut);
                let digest = cut.digest;
                Command::Call(Call::Import { no, digest })
            }
            (Stage::Frozen { no }, Answer::Imported(here)) => return self.imported(no, here),
            (Stage::Flipped { no, digest } | Stage::Started { no, digest }, Answer::Prepared) => {
                Command::Call(Call::Import { no, digest })
            }
            (Stage::Flipped { no, digest } | Stage::Started { no, digest }, Answer::Imported(_)) => {
                Command::Call(Call::Serve { no, digest })
            }
            (Stage::Flipped { .. }, Answer::Serving) => Command::Write(Write::Start),
            (Stage::Started { .. }, Answer::Serving) => Command::Call(Call::Retire),
            (Stage::Started { .. }, Answer::Retired) if self.cleaning => Command::Call(Call::Custody),
            (Stage::Started { .. }, Answer::Retired) => Command::End(Ended::Served),
            (Stage::Started { .. }, Answer::Custody(true)) => Command::Call(Call::Forget),
            (Stage::Started { .. }, Answer::Custody(false)) => Command::End(Ended::NotYetCleaned),
            (Stage::Started { .. }, Answer::Forgotten) => Command::Write(Write::Clean),
            (Stage::Aborted { .. }, Answer::Thawed) => Command::Call(Call::DropImport),
            (Stage::Aborted { .. }, Answer::Dropped) => Command::End(Ended::Aborted),
            // An answer to what somebody else's row has overtaken.
            _ => return self.begin(),
        };
        vec![command]
    }

    fn imported(&mut self, no: u64, here: Cut) -> Vec<Command> {
        match self.cut {
            Some(cut) if cut == here => vec![Command::Write(Write::Verify(cut))],
            Some(cut) => {
                let why = format!(
                    "the target holds {} rows ({}), the source had {} ({})",
                    here.rows,
                    here.digest.short(),
                    cut.rows,
                    cut.digest.short()
                );
                self.give_up(why)
            }
            None => vec![Command::Call(Call::Freeze { no })],
        }
    }

    fn unanswered(&mut self, party: Party) -> Vec<Command> {
        match self.stage {
            Stage::Aborted { .. } if party == Party::Source => {
                return vec![Command::Call(Call::DropImport)];
            }
            Stage::Aborted { .. } => return vec![Command::End(Ended::Aborted)],
            Stage::Started { .. } if self.cleaning => return vec![Command::End(Ended::NotYetCleaned)],
            Stage::Started { .. } => return vec![Command::End(Ended::Served)],
            _ => {}
        }
        if self.tries < self.limits.tries {
            return self.later_begin();
        }
        let who = match party {
            Party::Source => self.facts.src,
            Party::Target => self.facts.dst,
        };
        let why = format!("{who} does not answer");
        match self.stage {
            Stage::Planned | Stage::Prepared { .. } => self.give_up(why),
            Stage::Frozen { .. } => self.thaw(why),
            // After the flip there is only forward.
            _ => self.later_begin(),
        }
    }

    fn refused(&mut self, party: Party, why: String) -> Vec<Command> {
        match (self.stage, party) {
            // It is not frozen by that number: then it need not be thawed.
            (Stage::Prepared { no }, Party::Source) => self.thawed(no),
            (Stage::Prepared { .. }, Party::Target) => self.give_up(why),
            (Stage::Frozen { .. } | Stage::Verified { .. }, _) => self.thaw(why),
            (Stage::Flipped { .. }, _) => {
                self.last_trouble = Some(why);
                self.later_begin()
            }
            _ => self.unanswered(party),
        }
    }

    /// The target has lost what it had: before the flip that is a new try, after it the source's rows, which wait for
    /// this, are brought in again.
    fn feed_again(&mut self) -> Vec<Command> {
        match self.stage {
            // It may have been verified and never started.
            Stage::Started { no, digest } if !self.serve_tried => {
                self.serve_tried = true;
                vec![Command::Call(Call::Serve { no, digest })]
            }
            Stage::Flipped { no, .. } | Stage::Started { no, .. } => {
                let pause = self.pause();
                // Under the number before the freeze, which then verifies it.
                let again = Command::Call(Call::Prepare {
                    no: no.saturating_sub(1),
                });
                vec![Command::Wait(pause), again]
            }
            _ => self.thaw("the target has lost what it had".to_owned()),
        }
    }

    fn thaw(&mut self, why: String) -> Vec<Command> {
        if !matches!(self.stage, Stage::Frozen { .. } | Stage::Verified { .. }) {
            return self.begin();
        }
        self.last_trouble = Some(why.clone());
        vec![Command::Write(Write::Thaw { why })]
    }

    fn give_up(&mut self, why: String) -> Vec<Command> {
        match self.stage {
            Stage::Aborted { .. } => self.begin(),
            stage if stage.step().is_before_flip() => vec![Command::Write(Write::Abort { why })],
            _ => vec![Command::End(Ended::TooLate)],
        }
    }

    fn later(&mut self, then: Command) -> Vec<Command> {
        vec![Command::Wait(self.pause()), then]
    }

    fn later_begin(&mut self) -> Vec<Command> {
        vec![Command::Wait(self.pause())]
    }

    /// How long to wait after one more failure.
    fn pause(&mut self) -> Duration {
        self.tries = self.tries.saturating_add(1);
        let longest = match self.stage {
            Stage::Frozen { .. } | Stage::Verified { .. } | Stage::Flipped { .. } => LONGEST_WAIT_FROZEN,
            _ => LONGEST_WAIT,
        };
        wait_after(self.tries, longest)
    }
}

fn wait_after(failures: u32, longest: Duration) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    FIRST_WAIT.saturating_mul(1 << doublings).min(longest)
}
