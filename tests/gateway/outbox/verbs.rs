//! The outbox as an operator sees it, and sees to it.

use modbot::simulator::Act;
use modbot::simulator::ledger::EffectKind;

use super::super::moves::started;
use super::super::number_of;
use super::super::witnesses::ctl;
use super::{done, spam};
use crate::support::wait;

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_action_is_listed_with_its_reason_sent_again_and_given_up() {
    let (fleet, _pods, owners) = started(2).await;
    let view = fleet.world.discord.guilds().remove(0);
    let pod = owners[&number_of(view.id)];
    fleet.quiet().await;
    let permit = |permissions| {
        let set = Act::SetPermissions {
            guild: view.id,
            role: view.bot_role.unwrap(),
            permissions,
        };
        fleet.world.discord.act(set).unwrap();
    };
    // All but MODERATE_MEMBERS.
    let some = (1 << 7) | (1 << 10) | (1 << 11) | (1 << 13) | (1 << 16);
    permit(some);
    let one = spam(&fleet.world, 0);
    let dead = "SELECT count(*) FROM outbox WHERE state = 'dead'";
    wait::until_async("the refusal", async || (fleet.sum(dead) == 1).then_some(())).await;

    let listed = ctl(&fleet, &format!("outbox list {pod} --state dead"));
    assert_eq!(listed.code, Some(0), "{listed:?}");
    assert!(listed.stdout.contains("MODERATE_MEMBERS"), "{}", listed.stdout);
    let json = ctl(&fleet, &format!("outbox ls {pod} -o json"));
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let item = &json["items"][0];
    assert_eq!(
        (&item["action"], &item["state"]),
        (&"time_out".into(), &"dead".into())
    );
    assert_eq!(item["what"]["user"], one.user.to_string());
    let id = item["id"].as_str().unwrap();

    let tried = ctl(&fleet, &format!("outbox retry {} {id} --dry-run", view.id));
    assert_eq!(tried.code, Some(0), "{tried:?}");
    assert!(
        tried.stdout.starts_with("dry run, nothing changed: "),
        "{tried:?}"
    );
    assert_eq!(fleet.sum(dead), 1);
    let refused = ctl(&fleet, &format!("outbox retry {} {id}", view.id));
    assert_eq!(refused.code, Some(4), "nobody has agreed: {refused:?}");

    permit(some | (1 << 40));
    let again = ctl(
        &fleet,
        &format!("outbox retry {} {id} --yes --reason fixed", view.id),
    );
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(again.stdout.contains("is pending (was dead)"), "{again:?}");
    done(&fleet.world, EffectKind::MemberTimedOut, one.user).await;
    let open = "SELECT count(*) FROM outbox WHERE state <> 'done'";
    wait::until_async("every action to be done", async || {
        (fleet.sum(open) == 0).then_some(())
    })
    .await;

    let dropped = ctl(&fleet, &format!("outbox drop {} {id} --yes", view.id));
    assert_eq!(
        dropped.code,
        Some(3),
        "what is done cannot be dropped: {dropped:?}"
    );
    assert_unknown_is_refused(&fleet, view.id);
}

fn assert_unknown_is_refused(fleet: &super::super::fleet::Fleet, guild: modbot::simulator::Snowflake) {
    let unknown = ctl(
        fleet,
        &format!("outbox drop {guild} 0123456789abcdef01234567 --yes"),
    );
    assert_eq!(unknown.code, Some(5), "{unknown:?}");
    assert_eq!(ctl(fleet, &format!("outbox drop {guild} zz --yes")).code, Some(2));
}
