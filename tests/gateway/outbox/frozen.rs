//! A guild that moves: nothing is done for it while it stands still, and everything once, by whoever serves it.

use modbot::domain::fence::FenceMode;
use modbot::domain::ids::GuildId;
use modbot::domain::move_step::MoveStep;
use modbot::simulator::RestAnswer;
use modbot::simulator::ledger::EffectKind;

use super::super::moves::{Driver, started};
use super::super::number_of;
use super::{done, fault, spam, times};
use crate::support::wait;

#[tokio::test(flavor = "multi_thread")]
async fn a_freeze_drains_the_wire_and_the_new_owner_does_the_rest() {
    let (fleet, _pods, owners) = started(4).await;
    let driver = Driver::new(&fleet);
    let view = fleet.world.discord.guilds()[0].id;
    let (guild, src) = (GuildId::new(view.0).unwrap(), owners[&number_of(view)]);
    fleet.quiet().await;

    // The answers come late: the freeze waits for them, and their outcomes are in the cut.
    fault(&fleet.world, RestAnswer::Delay(400));
    let first = spam(&fleet.world, 0);
    done(&fleet.world, EffectKind::MemberTimedOut, first.user).await;
    done(&fleet.world, EffectKind::MessageDeleted, first.message).await;
    let one = driver.plan(guild, 1 - src).await;
    driver.prepare(&one).await.unwrap();
    driver.step(&one, MoveStep::Planned, MoveStep::Prepared).await;
    driver.step(&one, MoveStep::Prepared, MoveStep::Frozen).await;
    let frozen = driver.freeze(&one, 1).await.unwrap();
    let settled =
        format!("SELECT (SELECT count(*) FROM outbox WHERE guild_id = {guild} AND state = 'done'), 0");
    let at_src = || super::super::rows(&fleet.file(src), &settled)[0].0;
    assert_eq!(at_src(), 2, "drained before the cut");

    // While it stands still its frames wait, and nothing is decided or done.
    let requests = fleet.world.discord.with_ledger(|ledger| ledger.requests.len());
    let second = spam(&fleet.world, 0);
    let waiting = "SELECT count(*) FROM forward";
    wait::until_async("the frames to wait", async || {
        (fleet.sum(waiting) >= 2).then_some(())
    })
    .await;
    driver.import(&one, 1, &frozen).await.unwrap();
    driver.step(&one, MoveStep::Frozen, MoveStep::Verified).await;
    assert_eq!(
        fleet.world.discord.with_ledger(|ledger| ledger.requests.len()),
        requests
    );

    driver.flip(&one).await;
    driver
        .wait_for(&one, FenceMode::Serving, FenceMode::Tombstone)
        .await;
    done(&fleet.world, EffectKind::MemberTimedOut, second.user).await;
    fleet.quiet().await;
    let open = "SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending', 'unknown')";
    wait::until_async("every action to be settled", async || {
        (fleet.sum(open) == 0).then_some(())
    })
    .await;
    for one in [first, second] {
        assert_eq!(times(&fleet.world, EffectKind::MemberTimedOut, one.user), 1);
        assert_eq!(times(&fleet.world, EffectKind::MessageDeleted, one.message), 1);
    }
    let at_dst = super::super::rows(&fleet.file(1 - src), &settled)[0].0;
    assert_eq!(
        (at_src(), at_dst),
        (2, 4),
        "the new owner did what came after the cut"
    );
}
