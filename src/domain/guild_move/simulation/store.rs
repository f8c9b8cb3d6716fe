//! The store: the guild's row, its moves, the ledger. The same compare-and-sets as in PostgreSQL.

use uuid::Uuid;

use super::planted::Planted;
use crate::domain::fence::{FenceMode, Moving};
use crate::domain::guild_move::{Event, GuildMove, MoveFacts, Stage, Write};
use crate::domain::ids::{Epoch, GuildId, MoveId, PodId};
use crate::domain::recovery::{JUMP, ReportedFence, StoredOwner, merge};

pub(super) fn pod_id(n: usize) -> PodId {
    PodId::new(u32::try_from(n).unwrap()).unwrap()
}

pub(super) fn index(pod: PodId) -> usize {
    pod.get() as usize
}

/// What a pod reads of the guild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StoreSays {
    pub(super) owner: PodId,
    pub(super) epoch: Epoch,
    /// After a recovery: the fence epoch that may be raised.
    pub(super) raise_from: Option<Epoch>,
    pub(super) moving: Option<Moving>,
}

#[derive(Debug, Clone)]
pub(super) struct MoveRow {
    pub(super) facts: MoveFacts,
    pub(super) stage: Stage,
    pub(super) thaws: u32,
    /// Of source and target, at the freeze.
    lives: [u64; 2],
}

/// What is to be deleted: rows on a pod, at the tombstone of an epoch or of an import by a move.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cleanup {
    pub(super) pod: usize,
    pub(super) facts: MoveFacts,
    pub(super) staging: bool,
    pub(super) done: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Store {
    pub(super) owner: usize,
    pub(super) epoch: Epoch,
    pub(super) raise_from: Option<Epoch>,
    pub(super) last_no: u64,
    pub(super) moves: Vec<MoveRow>,
    pub(super) ledger: Vec<Cleanup>,
    pub(super) lives: [u64; 2],
    /// While it recovers: who has reported.
    pub(super) recovering: Option<[Option<Vec<ReportedFence>>; 2]>,
    pub(super) trouble: bool,
}

impl Store {
    pub(super) fn new() -> Self {
        Self {
            owner: 0,
            epoch: Epoch::new(1),
            raise_from: None,
            last_no: 0,
            moves: Vec::new(),
            ledger: Vec::new(),
            lives: [1, 1],
            recovering: None,
            trouble: false,
        }
    }

    pub(super) fn active(&self) -> Option<&MoveRow> {
        self.moves.iter().find(|row| row.stage.step().is_active())
    }

    pub(super) fn says(&self) -> Option<StoreSays> {
        if self.recovering.is_some() {
            return None;
        }
        Some(StoreSays {
            owner: pod_id(self.owner),
            epoch: self.epoch,
            raise_from: self.raise_from,
            moving: self.active().map(|row| Moving {
                move_id: row.facts.move_id,
                step: row.stage.step(),
                freeze_no: row.stage.no(),
            }),
        })
    }

    pub(super) fn plan(&mut self, facts: MoveFacts) -> bool {
        let left_there = self
            .ledger
            .iter()
            .any(|row| !row.done && !row.staging && row.pod == index(facts.dst));
        if self.recovering.is_some() || self.active().is_some() || left_there {
            return false;
        }
        self.moves.push(MoveRow {
            facts,
            stage: Stage::Planned,
            thaws: 0,
            lives: [0, 0],
        });
        true
    }

    pub(super) fn row(&self, facts: &MoveFacts) -> Event {
        match self.moves.iter().find(|row| row.facts.move_id == facts.move_id) {
            Some(row) => Event::Row {
                stage: row.stage,
                thaws: row.thaws,
            },
            // The store has forgotten the move: whoever drives it has nothing left to do.
            None => Event::Row {
                stage: Stage::Aborted { no: 0 },
                thaws: 0,
            },
        }
    }

    /// A compare-and-set on what the driver believes; answers the row as it is then.
    pub(super) fn write(&mut self, by: &GuildMove, write: &Write, planted: Option<Planted>) -> Event {
        if self.recovering.is_some() {
            return Event::StoreSilent;
        }
        let found = self
            .moves
            .iter()
            .position(|row| row.facts.move_id == by.facts.move_id);
        let Some(at) = found else {
            return self.row(&by.facts);
        };
        if self.moves[at].stage == by.stage || (planted == Some(Planted::ThawAfterFlip) && is_thaw(write)) {
            if *write == Write::Flip
                && self.moves[at].lives != self.lives
                && planted != Some(Planted::FlipWithoutLives)
            {
                return Event::LivesChanged;
            }
            self.accept(at, write, planted);
        }
        self.row(&by.facts)
    }

    fn next_no(&mut self, at: usize, planted: Option<Planted>) -> u64 {
        if planted == Some(Planted::NumbersBeginAnew) && self.moves[at].stage == Stage::Planned {
            self.last_no = 0;
        }
        self.last_no += 1;
        self.last_no
    }

    fn accept(&mut self, at: usize, write: &Write, planted: Option<Planted>) {
        let facts = self.moves[at].facts;
        let stage = self.moves[at].stage;
        self.moves[at].stage = match (write, stage) {
            (Write::Prepare, Stage::Planned) => {
                self.ledger.push(Cleanup {
                    pod: index(facts.dst),
                    facts,
                    staging: true,
                    done: false,
                });
                Stage::Prepared {
                    no: self.next_no(at, planted),
                }
            }
            (Write::Freeze, Stage::Prepared { .. }) => {
                self.moves[at].lives = self.lives;
                Stage::Frozen {
                    no: self.next_no(at, planted),
                }
            }
            (Write::Verify(cut), Stage::Frozen { no }) => Stage::Verified {
                no,
                digest: cut.digest,
            },
            (Write::Flip, Stage::Verified { no, digest }) => {
                assert_eq!(self.owner, index(facts.src), "a move's source owns the guild");
                self.owner = index(facts.dst);
                self.epoch = facts.epoch;
                self.raise_from = None;
                for row in &mut self.ledger {
                    row.done |= row.staging && row.facts.move_id == facts.move_id;
                }
                self.ledger.push(Cleanup {
                    pod: index(facts.src),
                    facts,
                    staging: false,
                    done: false,
                });
                Stage::Flipped { no, digest }
            }
            (Write::Start, Stage::Flipped { no, digest }) => Stage::Started { no, digest },
            (Write::Clean, Stage::Started { .. }) => {
                for row in &mut self.ledger {
                    row.done |= !row.staging && row.facts.move_id == facts.move_id;
                }
                Stage::Cleaned
            }
            (Write::Thaw { .. }, Stage::Frozen { .. } | Stage::Verified { .. }) => {
                self.moves[at].thaws += 1;
                Stage::Prepared { no: stage.no() }
            }
            (Write::Thaw { .. }, _) => {
                self.owner = index(facts.src);
                Stage::Aborted { no: stage.no() }
            }
            (Write::Abort { .. }, _) => Stage::Aborted { no: stage.no() },
            (write, stage) => panic!("{write:?} at {stage:?}"),
        };
    }

    /// Rows that a tombstone left are in the ledger, whatever the store has forgotten.
    pub(super) fn note_tombstone(&mut self, fence: ReportedFence) {
        let pod = index(fence.pod);
        let noted =
            |row: &Cleanup| row.pod == pod && row.facts.epoch == fence.epoch && !row.staging && !row.done;
        if fence.mode != FenceMode::Tombstone || self.recovering.is_some() || self.ledger.iter().any(noted) {
            return;
        }
        let facts = MoveFacts {
            move_id: MoveId::new(Uuid::from_u128(
                u128::from(fence.epoch.get()) << 64 | self.ledger.len() as u128,
            )),
            guild: GuildId::from_i64(4_194_304).unwrap(),
            src: fence.pod,
            dst: pod_id(1 - pod),
            epoch: fence.epoch,
        };
        self.ledger.push(Cleanup {
            pod,
            facts,
            staging: false,
            done: false,
        });
    }

    /// Its last commits are gone, and it has noticed.
    pub(super) fn lose(&mut self, older: Self, planted: Option<Planted>) {
        let lives = self.lives;
        *self = older;
        if planted == Some(Planted::NoRecovery) {
            self.lives = lives;
        } else {
            self.recovering = Some([None, None]);
        }
    }

    /// Ends a recovery once both pods have reported; whether it ended.
    pub(super) fn finish_recovery(&mut self) -> bool {
        let Some([Some(a), Some(b)]) = &self.recovering else {
            return false;
        };
        let fences: Vec<ReportedFence> = [a.as_slice(), b.as_slice()].concat();
        let stored = StoredOwner {
            pod: pod_id(self.owner),
            epoch: self.epoch,
        };
        let merged = merge(Some(stored), &fences).unwrap();
        self.trouble |= merged.trouble.is_some();
        self.owner = index(merged.owner);
        self.raise_from = merged.raise_from;
        self.epoch = Epoch::new(merged.epoch.get() + JUMP);
        self.last_no += JUMP;
        for row in &mut self.moves {
            if row.stage.step().is_active() {
                row.stage = Stage::Aborted { no: row.stage.no() };
            }
        }
        self.recovering = None;
        for fence in fences {
            self.note_tombstone(fence);
        }
        self.lives = self.lives.map(|life| life + JUMP);
        true
    }
}

fn is_thaw(write: &Write) -> bool {
    matches!(write, Write::Thaw { .. } | Write::Abort { .. })
}
