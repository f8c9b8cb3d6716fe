//! Two pods, a store, two drivers, a wire that delays, repeats and loses: one schedule is one seed.

use std::collections::VecDeque;
use std::time::Duration;

use uuid::Uuid;

use super::file::Pod;
use super::planted::Planted;
use super::pod::{Delta, holds, party_of};
use super::random::Random;
use super::store::{Store, StoreSays, index, pod_id};
use crate::domain::fence::{FenceChange, FenceMode, FenceState};
use crate::domain::guild_move::{
    Answer, Call, Command, Event, GuildMove, Limits, MoveFacts, Party, Stage, Write, next,
};
use crate::domain::ids::{Epoch, GuildId, MoveId};
use crate::domain::recovery::ReportedFence;

/// The pause budget, and how long a call may take, in steps of the schedule.
pub(super) const BUDGET: u64 = 60;
pub(super) const TIMEOUT: u64 = 30;

#[derive(Debug, Clone)]
enum Wire {
    Call(Asked),
    Delta(Asked, Delta),
    Reply { driver: usize, ask: u32, event: Event },
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    driver: usize,
    ask: u32,
    facts: MoveFacts,
    call: Call,
}

#[derive(Debug, Default)]
struct Driver {
    it: Option<GuildMove>,
    todo: VecDeque<Command>,
    /// The call that is under way, since when, and whom it went to.
    waits_for: Option<(u32, u64, Party)>,
    frozen_at: Option<u64>,
}

/// What everybody was told.
#[derive(Debug, Default)]
pub(super) struct Truth {
    /// Rows by acknowledged writes.
    pub(super) bits: u64,
    /// Rows that an older file may have taken with it: nobody can know.
    pub(super) unsure: u64,
    /// The last frame that Discord sent.
    pub(super) head: u32,
    /// Frames up to here are in the owner's replica: the host has let them go.
    gone_to: u32,
    next_bit: u32,
    pub(super) committed: (Epoch, usize),
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) random: Random,
    pub(super) now: u64,
    pub(super) store: Store,
    history: Vec<Store>,
    pub(super) pods: [Pod; 2],
    drivers: [Driver; 2],
    wire: Vec<Wire>,
    pub(super) truth: Truth,
    pub(super) planted: Option<Planted>,
    /// No faults: the pause is measured.
    pub(super) calm: bool,
    /// Both copies were damaged by hand: an operator's business.
    pub(super) beyond: bool,
    pub(super) broken: Option<String>,
    asks: u32,
    files_put_back: u32,
    relied_on: bool,
    losses: u32,
    pub(super) finished: u32,
    pub(super) thawed: u32,
    /// What happened, for whoever looks at a broken schedule.
    pub(super) story: Option<Vec<String>>,
}

impl World {
    pub(super) fn new(seed: u64, planted: Option<Planted>) -> Self {
        let mut world = Self {
            random: Random(seed),
            now: 0,
            store: Store::new(),
            history: Vec::new(),
            pods: [Pod::default(), Pod::default()],
            drivers: [Driver::default(), Driver::default()],
            wire: Vec::new(),
            truth: Truth::default(),
            planted,
            calm: false,
            beyond: false,
            broken: None,
            asks: 0,
            files_put_back: 0,
            relied_on: false,
            losses: 0,
            finished: 0,
            thawed: 0,
            story: None,
        };
        world.calm = planted.is_none() && world.random.once_in(8);
        for (me, pod) in world.pods.iter_mut().enumerate() {
            (pod.life, pod.now.others) = (1, 7 + u32::try_from(me).unwrap());
            if me == 0 {
                pod.change(&FenceChange::Born { epoch: Epoch::new(1) }).unwrap();
            }
            pod.sync();
            pod.older.clear();
            (pod.replica, pod.view) = (pod.durable.clone(), world.store.says());
        }
        world
    }

    fn note(&mut self, line: impl FnOnce(&Self) -> String) {
        if self.story.is_some() {
            let line = format!("{}: {}", self.now, line(self));
            self.story.get_or_insert_default().push(line);
        }
    }

    pub(super) fn broke(&mut self, what: impl Into<String>) {
        if self.broken.is_none() {
            self.broken = Some(what.into());
        }
    }

    /// One thing happens.
    pub(super) fn step(&mut self) {
        self.now += 1;
        let dice = self.random.below(100);
        match dice {
            0..=29 => self.drive(),
            56..=63 => self.http(),
            64..=71 => self.frame(),
            72..=79 => self.read_store(),
            80..=87 => self.act_on_store(),
            88..=90 => self.replicate(),
            91 => self.plan(),
            92 => self.clean_up(),
            93 if !self.calm => self.operator_aborts(),
            94 if !self.calm => self.crash_driver(),
            95..=96 if !self.calm => self.crash_pod(),
            97 if !self.calm => self.put_older_file_back(),
            98 if !self.calm => self.lose_commits(),
            99 => self.recover(),
            _ => self.deliver(),
        }
    }

    // The store.

    fn remember(&mut self) {
        if self.store.recovering.is_none() {
            if self.history.len() >= 10 {
                self.history.remove(0);
            }
            self.history.push(self.store.clone());
        }
    }

    pub(super) fn plan(&mut self) {
        if self.store.moves.len() < 6 {
            self.plan_anyway();
        }
    }

    pub(super) fn plan_anyway(&mut self) {
        if self.store.active().is_some() {
            return;
        }
        self.remember();
        let raised = u64::from(self.planted != Some(Planted::EpochReused));
        let facts = MoveFacts {
            move_id: MoveId::new(Uuid::from_u128(u128::from(self.random.next()))),
            guild: GuildId::from_i64(4_194_304).unwrap(),
            src: pod_id(self.store.owner),
            dst: pod_id(1 - self.store.owner),
            epoch: Epoch::new(self.store.epoch.get() + raised),
        };
        self.store.plan(facts);
    }

    fn write(&mut self, it: &GuildMove, write: &Write) -> Event {
        self.remember();
        if matches!(write, Write::Thaw { .. }) {
            self.thawed += 1;
        }
        self.store.write(it, write, self.planted)
    }

    fn operator_aborts(&mut self) {
        if !self.random.once_in(3) {
            return;
        }
        let Some(row) = self.store.active().cloned() else {
            return;
        };
        let it = GuildMove::found(row.facts, row.stage, row.thaws, Limits::default());
        let (_, commands) = next(
            &it,
            Event::AbortAsked {
                why: "asked".to_owned(),
            },
        );
        if let [Command::Write(write)] = commands.as_slice() {
            self.write(&it, write);
        }
    }

    fn lose_commits(&mut self) {
        if self.losses > 0 || self.history.len() < 2 || !self.random.once_in(2) {
            return;
        }
        self.losses += 1;
        self.note(|_| "the store loses commits".to_owned());
        let keep = self.history.len() - 1 - self.random.below(self.history.len().min(6));
        let older = self.history[keep].clone();
        self.history.clear();
        self.store.lose(older, self.planted);
    }

    /// A pod reports, or the recovery ends.
    pub(super) fn recover(&mut self) {
        let me = self.random.below(2);
        let Some(reports) = &mut self.store.recovering else {
            return;
        };
        let pod = &mut self.pods[me];
        let reported = pod.durable.fence.as_ref().map(|fence| ReportedFence {
            pod: pod_id(me),
            epoch: fence.epoch,
            // An import that was given up never owned the guild.
            mode: match fence.mode {
                FenceMode::Tombstone if fence.move_id.is_some() => FenceMode::Importing,
                mode => mode,
            },
        });
        reports[me] = Some(reported.into_iter().collect());
        // What it read before is of a history that may be lost; what it serves it goes on serving.
        pod.unread.clear();
        if !pod.durable.fence.as_ref().is_some_and(|fence| fence.mode.owns()) {
            pod.view = None;
        }
        if self.store.finish_recovery() {
            self.note(|w| {
                format!(
                    "recovered: pod {} owns at {} from {:?}",
                    w.store.owner, w.store.epoch, w.store.raise_from
                )
            });
            for (pod, life) in self.pods.iter_mut().zip(self.store.lives) {
                pod.life = life;
            }
        }
        self.beyond |= self.store.trouble;
    }

    // Drivers.

    fn drive(&mut self) {
        let who = self.random.below(2);
        self.drive_one(who);
    }

    fn drive_one(&mut self, who: usize) {
        if self.drivers[who].it.is_none() {
            self.take_up(who);
            return;
        }
        if self.spent(who) {
            self.drivers[who].frozen_at = None;
            self.tell(who, Event::BudgetSpent);
            return;
        }
        if let Some((_, since, party)) = self.drivers[who].waits_for {
            if self.now - since > TIMEOUT {
                self.tell(who, Event::Silent(party));
            }
            return;
        }
        let Some(command) = self.drivers[who].todo.pop_front() else {
            self.tell(who, Event::Begin);
            return;
        };
        self.execute(who, command);
    }

    fn spent(&self, who: usize) -> bool {
        let driver = &self.drivers[who];
        let stopped = driver
            .it
            .as_ref()
            .is_some_and(|it| matches!(it.stage, Stage::Frozen { .. } | Stage::Verified { .. }));
        stopped && driver.frozen_at.is_some_and(|since| self.now - since > BUDGET)
    }

    /// Finds a move to carry on, or one to clean up after.
    fn take_up(&mut self, who: usize) {
        if self.store.recovering.is_some() {
            return;
        }
        let active = self.store.active().cloned();
        let started = || {
            let is_started = |stage: &Stage| matches!(stage, Stage::Started { .. });
            self.store
                .moves
                .iter()
                .find(|row| is_started(&row.stage))
                .cloned()
        };
        let (row, event) = match (active, started()) {
            (Some(row), _) => (row, Event::Begin),
            (None, Some(row)) => (row, Event::CleanDue),
            (None, None) => return,
        };
        self.drivers[who].it = Some(GuildMove::found(
            row.facts,
            row.stage,
            row.thaws,
            Limits::default(),
        ));
        self.tell(who, event);
    }

    fn tell(&mut self, who: usize, event: Event) {
        let told = self.story.is_some().then(|| event.clone());
        let driver = &mut self.drivers[who];
        let Some(it) = &driver.it else { return };
        let (it, commands) = next(it, event);
        if let (Some(story), Some(event)) = (&mut self.story, told) {
            story.push(format!(
                "{}: driver {who}: {event:?} -> {:?} {commands:?}",
                self.now, it.stage
            ));
        }
        driver.waits_for = None;
        driver.frozen_at = match it.stage {
            Stage::Frozen { .. } | Stage::Verified { .. } => driver.frozen_at.or(Some(self.now)),
            _ => None,
        };
        driver.it = Some(it);
        driver.todo = commands.into();
    }

    fn execute(&mut self, who: usize, command: Command) {
        let Some(it) = self.drivers[who].it.clone() else {
            return;
        };
        match command {
            Command::Wait(pause) => assert!(pause <= Duration::from_secs(5), "{pause:?}"),
            Command::Write(write) => {
                let mut event = self.write(&it, &write);
                if !self.calm && self.random.once_in(12) {
                    event = Event::StoreSilent;
                }
                self.tell(who, event);
            }
            Command::Read if self.store.recovering.is_some() => self.tell(who, Event::StoreSilent),
            Command::Read => {
                let row = self.store.row(&it.facts);
                self.tell(who, row);
            }
            Command::Call(call) => {
                self.asks += 1;
                let (facts, ask) = (it.facts, self.asks);
                self.drivers[who].waits_for = Some((ask, self.now, party_of(call)));
                self.wire.push(Wire::Call(Asked {
                    driver: who,
                    ask,
                    facts,
                    call,
                }));
            }
            Command::End(ended) => {
                self.finished += u32::from(ended == crate::domain::guild_move::Ended::Served);
                self.drivers[who] = Driver::default();
            }
        }
    }

    fn crash_driver(&mut self) {
        let who = self.random.below(2);
        self.drivers[who] = Driver::default();
    }

    // The wire.

    fn deliver(&mut self) {
        if self.wire.is_empty() {
            return;
        }
        let at = if self.calm {
            0
        } else {
            self.random.below(self.wire.len())
        };
        let wire = if !self.calm && self.random.once_in(8) && self.wire.len() < 16 {
            self.wire[at].clone()
        } else {
            self.wire.remove(at)
        };
        if !self.calm && self.random.once_in(14) {
            return;
        }
        self.arrive(wire);
    }

    fn arrive(&mut self, wire: Wire) {
        match wire {
            Wire::Call(asked) => self.call(asked),
            Wire::Delta(asked, delta) => self.take_in(asked, delta),
            Wire::Reply { driver, ask, event } => {
                if self.drivers[driver]
                    .waits_for
                    .is_some_and(|(waited, ..)| waited == ask)
                {
                    self.tell(driver, event);
                }
            }
        }
    }

    fn call(&mut self, asked: Asked) {
        let Asked { facts, call, .. } = asked;
        let me = index(match party_of(call) {
            Party::Source => facts.src,
            Party::Target => facts.dst,
        });
        if let Call::Import { no, .. } = call {
            if let Some(cut) = self.pods[me].verified_before(&facts, no) {
                self.reply(asked, Event::Done(Answer::Imported(cut)));
                return;
            }
            match self.pods[1 - me].bundle(&facts, no, self.planted) {
                Some(delta) => self.wire.push(Wire::Delta(asked, delta)),
                None => self.reply(asked, Event::Silent(Party::Target)),
            }
            return;
        }
        if call == Call::Forget {
            self.check_custody(me, &facts);
        }
        if call == Call::Custody && self.random.once_in(2) {
            self.pods[me].replica = self.pods[me].durable.clone();
        }
        let event = self.pods[me].asked(&facts, call, self.planted);
        self.relied_on |= event == Event::Done(Answer::Custody(true))
            && holds(self.pods[me].replica.fence.as_ref(), facts.epoch);
        self.note(|w| {
            format!(
                "pod {me}: {call:?} of {} -> {event:?}; {:?}",
                facts.epoch, w.pods[me].now
            )
        });
        self.lasting(me, asked, event);
    }

    fn take_in(&mut self, asked: Asked, delta: Delta) {
        let me = index(asked.facts.dst);
        let event = self.pods[me].take_in(&asked.facts, delta, self.planted);
        self.note(|w| format!("pod {me}: {delta:?} -> {event:?}; {:?}", w.pods[me].now));
        self.lasting(me, asked, event);
    }

    /// The fsync, then the answer; a power loss between commit and fsync leaves neither.
    fn lasting(&mut self, me: usize, asked: Asked, event: Event) {
        let early = self.planted == Some(Planted::AckEarly);
        if !self.calm && self.random.once_in(40) {
            if early {
                self.reply(asked, event);
            }
            self.power_loss(me);
            return;
        }
        self.pods[me].sync();
        self.reply(asked, event);
    }

    fn reply(&mut self, asked: Asked, event: Event) {
        let (driver, ask) = (asked.driver, asked.ask);
        self.wire.push(Wire::Reply { driver, ask, event });
    }

    // Pods.

    fn http(&mut self) {
        let me = self.random.below(2);
        let Some(epoch) = self.pods[me].serves(me, self.planted) else {
            return;
        };
        let here = self.pods[me].now.rows.bits;
        let bit = if here != 0 && self.random.once_in(3) {
            1u64 << here.trailing_zeros()
        } else if self.truth.next_bit < 64 {
            self.truth.next_bit += 1;
            1u64 << (self.truth.next_bit - 1)
        } else {
            return;
        };
        self.commits(me, epoch);
        self.pods[me].now.rows.bits ^= bit;
        let lost = !self.calm && self.random.once_in(40);
        if !lost || self.planted == Some(Planted::AckEarly) {
            self.truth.bits ^= bit;
        }
        if lost {
            self.power_loss(me);
        } else {
            self.pods[me].sync();
        }
    }

    fn commits(&mut self, me: usize, epoch: Epoch) {
        let (last, who) = self.truth.committed;
        if epoch < last || (epoch == last && who != me && epoch.get() > 1) {
            self.broke(format!(
                "I1: pod {me} commits at epoch {epoch} after pod {who} at {last}"
            ));
        }
        self.truth.committed = (epoch, me);
    }

    /// Discord sends one more, or the host hands one to whom it takes for the owner.
    fn frame(&mut self) {
        if self.random.once_in(3) {
            self.truth.head += 1;
            return;
        }
        let me = self.random.below(2);
        let Some(epoch) = self.pods[me].serves(me, self.planted) else {
            return;
        };
        let rows = &mut self.pods[me].now.rows;
        if rows.seq < self.truth.gone_to {
            // An older file: the host no longer has these. It says so in a gap row.
            (rows.effects, rows.seq) = (rows.effects + self.truth.gone_to - rows.seq, self.truth.gone_to);
        } else if rows.seq < self.truth.head {
            (rows.effects, rows.seq) = (rows.effects + 1, rows.seq + 1);
        } else {
            return;
        }
        self.commits(me, epoch);
        self.pods[me].sync();
    }

    fn read_store(&mut self) {
        let me = self.random.below(2);
        let pod = &mut self.pods[me];
        if let Some(says) = self.store.says().filter(|_| pod.unread.len() < 3) {
            pod.unread.push((pod.durable.fence.clone(), says));
        }
    }

    fn act_on_store(&mut self) {
        let me = self.random.below(2);
        let looks = self.pods[me].unread.len();
        if looks > 0 {
            let at = self.random.below(looks);
            let (seen, says) = self.pods[me].unread.swap_remove(at);
            self.act_on(me, seen, says);
        }
    }

    fn act_on(&mut self, me: usize, seen: Option<FenceState>, says: StoreSays) {
        let gone = self.pods[me].act_on(me, seen, says, self.planted);
        self.note(|w| format!("pod {me} acts on {says:?}: {:?}", w.pods[me].now));
        self.pods[me].sync();
        if gone {
            self.note_tombstone(me);
        }
    }

    fn note_tombstone(&mut self, me: usize) {
        let left = self.pods[me].now.rows != super::file::Rows::default();
        if let Some(fence) = self.pods[me].fence().filter(|_| left) {
            let (pod, epoch, mode) = (pod_id(me), fence.epoch, fence.mode);
            self.store.note_tombstone(ReportedFence { pod, epoch, mode });
        }
    }

    fn replicate(&mut self) {
        let me = self.random.below(2);
        let pod = &mut self.pods[me];
        pod.replica = pod.durable.clone();
        if pod.serves(me, None).is_some() {
            self.truth.gone_to = self.truth.gone_to.max(pod.replica.rows.seq);
        }
    }

    fn crash_pod(&mut self) {
        let me = self.random.below(2);
        self.power_loss(me);
    }

    /// The process dies and comes back on what is lasting: another life, told what the store says.
    fn power_loss(&mut self, me: usize) {
        self.note(|w| format!("pod {me} starts anew on {:?}", w.pods[me].durable));
        let pod = &mut self.pods[me];
        pod.now = pod.durable.clone();
        self.store.lives[me] += 1;
        pod.life = self.store.lives[me];
        pod.view = None;
        pod.unread.clear();
        pod.climbed = None;
        if let Some(says) = self.store.says() {
            let seen = self.pods[me].durable.fence.clone();
            self.act_on(me, seen, says);
            // Rows that came back with an older file are noted again.
            self.note_tombstone(me);
        }
    }

    fn put_older_file_back(&mut self) {
        let me = self.random.below(2);
        if self.files_put_back > 0 || self.pods[me].older.is_empty() {
            return;
        }
        // Mostly where a move can help.
        if self.copies_needed(me) && !self.random.once_in(8) {
            return;
        }
        self.files_put_back += 1;
        let pod = &self.pods[me];
        // Once a replica was relied on, putting back less than it holds is a loss by hand.
        let older = if self.relied_on {
            pod.replica.clone()
        } else {
            pod.older[self.random.below(pod.older.len())].clone()
        };
        self.note(|_| format!("pod {me} gets an older file"));
        self.excuse(me, &older);
        let pod = &mut self.pods[me];
        // Other guilds' rows of that file are no business of this model.
        (pod.durable, pod.replica) = (older.clone(), older);
        pod.older.clear();
        self.power_loss(me);
    }

    /// What only this file had is lost with it, and no move can help that.
    fn excuse(&mut self, me: usize, older: &super::file::File) {
        let now = &self.pods[me].durable;
        let owned = now.fence.as_ref().is_some_and(|fence| fence.mode.owns());
        let other = &self.pods[1 - me].durable;
        let other_owns = other.fence.as_ref().filter(|fence| fence.mode.owns());
        let newest_here = owned && now.fence.as_ref().map(|f| f.epoch) >= other_owns.map(|f| f.epoch);
        if newest_here {
            self.truth.unsure |= now.rows.bits ^ older.rows.bits;
            if now
                .fence
                .as_ref()
                .is_some_and(|fence| fence.mode == FenceMode::Serving)
            {
                self.truth.unsure |= now.rows.bits ^ other.rows.bits;
            }
        }
        self.beyond |= self.copies_needed(me);
    }

    /// Whether this pod's rows may be the last good ones of a guild that is another's: they wait to feed it, or the
    /// store does not know yet who has what.
    fn copies_needed(&self, me: usize) -> bool {
        index_of_source(&self.store) == Some(me) || self.store.recovering.is_some()
    }

    /// The ledger's loop: what no driver of a move is responsible for.
    pub(super) fn clean_up(&mut self) {
        if self.store.recovering.is_some() {
            return;
        }
        for at in 0..self.store.ledger.len() {
            let row = self.store.ledger[at];
            let stage = self
                .store
                .moves
                .iter()
                .find(|it| it.facts.move_id == row.facts.move_id)
                .map(|it| it.stage);
            let call = match stage {
                _ if row.done => continue,
                Some(Stage::Aborted { .. }) if row.staging => Call::DropImport,
                None | Some(Stage::Aborted { .. }) if !row.staging => {
                    let held = holds(self.pods[1 - row.pod].replica.fence.as_ref(), row.facts.epoch);
                    if !held {
                        continue;
                    }
                    self.check_custody(row.pod, &row.facts);
                    Call::Forget
                }
                _ => continue,
            };
            let event = self.pods[row.pod].asked(&row.facts, call, self.planted);
            self.note(|w| {
                format!(
                    "the ledger: pod {}: {call:?} -> {event:?} {:?}",
                    row.pod, w.pods[row.pod].now
                )
            });
            self.pods[row.pod].sync();
            self.store.ledger[at].done = matches!(event, Event::Done(_));
        }
    }

    fn check_custody(&mut self, me: usize, facts: &MoveFacts) {
        let fence = self.pods[me].fence();
        let deletes = fence.is_some_and(|f| f.mode == FenceMode::Tombstone && f.epoch == facts.epoch);
        let (source, replica) = (&self.pods[me].now.rows, &self.pods[1 - me].replica);
        let held = holds(replica.fence.as_ref(), facts.epoch);
        if deletes && *source != super::file::Rows::default() && !held && !self.beyond {
            self.broke("I15: the source's rows go, and the target's replica has no such guild");
        }
    }

    /// Everything that is under way is brought to its end: nothing fails any more.
    pub(super) fn become_quiet(&mut self) -> bool {
        self.calm = true;
        (self.drivers[0], self.drivers[1]) = Default::default();
        for _ in 0..400 {
            self.now += 1;
            if !self.wire.is_empty() {
                let wire = self.wire.remove(0);
                self.arrive(wire);
                continue;
            }
            let before = [self.pods[0].now.fence.clone(), self.pods[1].now.fence.clone()];
            self.recover();
            self.drive_one(0);
            self.clean_up();
            if self.wire.is_empty() {
                for me in 0..2 {
                    self.pods[me].replica = self.pods[me].durable.clone();
                    if let Some(says) = self.store.says() {
                        let seen = self.pods[me].durable.fence.clone();
                        self.act_on(me, seen, says);
                    }
                }
            }
            let changed = self
                .pods
                .iter()
                .zip(&before)
                .any(|(pod, before)| pod.now.fence != *before);
            if !changed && self.settled() {
                return true;
            }
        }
        false
    }

    pub(super) const fn two_disasters(&self) -> bool {
        self.files_put_back > 0 && self.losses > 0
    }

    fn settled(&self) -> bool {
        self.store.recovering.is_none()
            && self.wire.is_empty()
            && self.store.active().is_none()
            && self.drivers[0].it.is_none()
            && self.store.ledger.iter().all(|row| row.done)
    }

    /// The frames that the host still has reach the owner.
    pub(super) fn hand_over_frames(&mut self) {
        for me in 0..2 {
            if self.pods[me].serves(me, self.planted).is_some() {
                let (rows, head) = (&mut self.pods[me].now.rows, self.truth.head);
                (rows.effects, rows.seq) = (rows.effects + head - rows.seq, head);
            }
        }
    }
}

fn index_of_source(store: &Store) -> Option<usize> {
    let row = store
        .moves
        .iter()
        .rev()
        .find(|row| matches!(row.stage, Stage::Flipped { .. } | Stage::Started { .. }))?;
    Some(index(row.facts.src))
}
