//! What must always hold.

use super::planted::Planted;
use super::store::index;
use super::world::{BUDGET, TIMEOUT, World};
use crate::domain::fence::FenceMode;

/// I1-I4, I7, I9, I16: whatever has just happened.
pub(super) fn after_each_event(world: &mut World) {
    let serving: Vec<usize> = (0..2)
        .filter(|me| world.pods[*me].serves(*me, world.planted).is_some())
        .collect();
    if serving.len() > 1 {
        world.broke("I1: both pods serve");
    }
    for me in serving {
        rows_are_right(world, me);
    }
    for me in 0..2 {
        if world.pods[me].now.others != 7 + u32::try_from(me).unwrap() {
            world.broke("I7: another guild's rows have changed");
        }
        let order = world.pods[me]
            .fence()
            .map(crate::domain::fence::FenceState::order);
        if order < world.pods[me].climbed {
            world.broke(format!("I2: the fence of pod {me} went down"));
        }
        world.pods[me].climbed = order;
        pause_is_kept(world, me);
    }
}

fn rows_are_right(world: &mut World, me: usize) {
    let rows = world.pods[me].now.rows;
    let wrong = (rows.bits ^ world.truth.bits) & !world.truth.unsure;
    if wrong != 0 {
        let (missing, extra) = (wrong & world.truth.bits, wrong & rows.bits);
        world.broke(format!(
            "I3: pod {me} serves without acknowledged rows {missing:b} or with deleted rows {extra:b}"
        ));
    }
    if rows.effects != rows.seq {
        world.broke(format!("I4: {} effects of {} frames", rows.effects, rows.seq));
    }
}

/// While nothing fails a guild stands still for the budget and one call, and is then served by somebody.
fn pause_is_kept(world: &mut World, me: usize) {
    let frozen = world.pods[me]
        .fence()
        .is_some_and(|fence| fence.mode == FenceMode::Frozen);
    let other_serves = world.pods[1 - me].serves(1 - me, None).is_some();
    let now = world.now;
    let pod = &mut world.pods[me];
    pod.frozen_at = if frozen && !other_serves {
        pod.frozen_at.or(Some(now))
    } else {
        None
    };
    let since = pod.frozen_at;
    if world.calm && since.is_some_and(|since| now - since > BUDGET + 2 * TIMEOUT) {
        world.broke("I9: the guild stood still for longer than its budget and a call");
    }
}

/// I5, I6, I8: when nothing is under way any more; and then one more move must go through.
pub(super) fn when_quiet(world: &mut World) {
    at_rest(world);
    if world.broken.is_some() || world.beyond {
        return;
    }
    let before = world.store.owner;
    world.plan_anyway();
    at_rest(world);
    if world.store.owner == before {
        world.broke("I5: nothing is wrong, and the guild cannot be moved any more");
    }
}

fn at_rest(world: &mut World) {
    let was_calm = world.calm;
    let settled = world.become_quiet();
    // A file and the store lost at once, and the only rows left are those of an earlier epoch: an operator's business.
    world.beyond |= world.two_disasters() && lost_at_its_owner(world);
    if world.beyond {
        return;
    }
    if !settled {
        world.broke(format!("I5: it does not come to rest (calm: {was_calm})"));
        return;
    }
    let Some(says) = world.store.says() else { return };
    for me in 0..2 {
        let fence = world.pods[me].fence().cloned();
        let owns = fence.as_ref().is_some_and(|fence| fence.mode.owns());
        if me == index(says.owner) {
            let serves = fence
                .as_ref()
                .is_some_and(|fence| fence.mode == FenceMode::Serving && fence.epoch == says.epoch);
            if !serves {
                world.broke(format!("I6: the owner's fence says {fence:?}"));
            }
        } else if owns {
            world.broke(format!(
                "I6: pod {me} does not own the guild, and its fence says {fence:?}"
            ));
        } else if world.pods[me].now.rows != super::file::Rows::default() {
            world.broke(format!(
                "I8: rows are left on pod {me}, and nothing will delete them"
            ));
        }
    }
    world.hand_over_frames();
    let owner = index(says.owner);
    if world.pods[owner].now.rows.seq != world.truth.head && world.planted != Some(Planted::AckEarly) {
        world.broke("I4: frames are missing in the end");
    }
    after_each_event(world);
}

fn lost_at_its_owner(world: &World) -> bool {
    world.store.says().is_some_and(|says| {
        let fence = world.pods[index(says.owner)].fence();
        !fence.is_some_and(|fence| fence.mode.owns() && fence.epoch == says.epoch)
    })
}
