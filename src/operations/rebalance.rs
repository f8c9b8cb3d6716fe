//! Rebalancing: a plan from the store's word, and carrying one out.

use std::collections::VecDeque;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::consent::Authority;
use super::guild_move::{Driven, MoveAsked, MoveError, Mover, plan as plan_move};
use crate::domain::fleet::Load;
use crate::domain::guild_move::{Ended, Event};
use crate::domain::planner::{Plan, PlanGuild, PlanPod, PlannedMove, Snapshot};
use crate::store::config_db::{ConfigDb, GuildFilter, GuildRow, PodRow, StoreError};

/// Guilds in one read.
const PAGE: u32 = 10_000;

/// The fleet as the planner sees it.
pub async fn snapshot(db: &ConfigDb) -> Result<Snapshot, StoreError> {
    let pods = db.pods().await?.value.iter().map(pod).collect();
    let mut guilds = Vec::new();
    let mut filter = GuildFilter {
        limit: PAGE,
        ..GuildFilter::default()
    };
    loop {
        let page = db.guilds(&filter).await?.value;
        guilds.extend(page.iter().map(guild));
        match page.last() {
            Some(last) if page.len() == PAGE as usize => filter.after = Some(last.guild),
            _ => return Ok(Snapshot { pods, guilds }),
        }
    }
}

fn pod(row: &PodRow) -> PlanPod {
    PlanPod {
        pod: row.pod,
        state: row.state,
        leased: row.leased(),
        capacity: row.capacity,
    }
}

fn guild(row: &GuildRow) -> PlanGuild {
    // Events a second are few, and never negative.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a saturating cast of a small figure"
    )]
    let milli_events = (f64::from(row.events_per_s) * 1000.0) as u64;
    PlanGuild {
        guild: row.guild,
        pod: row.pod,
        epoch: row.epoch,
        load: Load::of(1, milli_events, row.bytes),
        pinned: row.pinned,
        // One that nobody has served has no rows, and nothing to move.
        busy: row.move_id.is_some() || row.trouble.is_some() || row.born_at_ms.is_none(),
    }
}

/// How a plan is carried out.
#[derive(Debug, Clone, Copy)]
pub struct Applying {
    /// Moves at once.
    pub at_once: usize,
    /// How long each guild may stand still.
    pub pause_budget: std::time::Duration,
}

/// What became of one move of a plan.
#[derive(Debug)]
pub struct Applied {
    /// The move.
    pub planned: PlannedMove,
    /// How it ended.
    pub ended: Result<Driven, MoveError>,
}

impl Applied {
    /// Whether the guild is where the plan wants it.
    pub fn is_done(&self) -> bool {
        matches!(&self.ended, Ok(driven) if driven.ended == Some(Ended::Served))
    }
}

/// Carries a plan out, some moves at once, in order; `on` hears of each as it ends. Once `stop` is cancelled no further move
/// is begun.
pub async fn apply(
    mover: &Mover,
    plan: &Plan,
    how: Applying,
    authority: &Authority,
    stop: &CancellationToken,
    on: &mut dyn FnMut(&Applied),
) -> Vec<Applied> {
    let plan_id = Uuid::now_v7();
    let mut waiting: VecDeque<PlannedMove> = plan.moves.iter().cloned().collect();
    let (mut running, mut ended) = (FuturesUnordered::new(), Vec::new());
    loop {
        while running.len() < how.at_once.max(1) && !stop.is_cancelled() {
            let Some(next) = waiting.pop_front() else { break };
            running.push(one(mover, next, how, plan_id, authority, stop));
        }
        let Some(applied) = running.next().await else {
            return ended;
        };
        on(&applied);
        ended.push(applied);
    }
}

async fn one(
    mover: &Mover,
    planned: PlannedMove,
    how: Applying,
    plan_id: Uuid,
    authority: &Authority,
    stop: &CancellationToken,
) -> Applied {
    let asked = MoveAsked {
        guild: planned.guild,
        to: planned.dst,
        pause_budget: how.pause_budget,
        pause_after: None,
        plan_id: Some(plan_id),
    };
    let ended = async {
        let row = plan_move(mover, &asked, authority).await?.value;
        mover.drive(row.active.move_id, Event::Begin, stop, &|_| {}).await
    };
    let ended = ended.await;
    Applied { planned, ended }
}
