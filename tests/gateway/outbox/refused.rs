//! What Discord refuses, limits or fails at.

use modbot::simulator::ledger::EffectKind;
use modbot::simulator::{Act, Fault, RestAnswer};

use super::{World, done, fault, say, settled, spam, times};
use crate::support::wait;

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_permission_is_said_once_and_is_no_storm() {
    let world = World::start(1, 1).await;
    let mut pod = world.pod();
    world.live().await;
    let guild = world.discord.guilds().remove(0);
    let role = guild.bot_role.unwrap();
    // All but MODERATE_MEMBERS and KICK_MEMBERS.
    let permissions = (1 << 7) | (1 << 10) | (1 << 11) | (1 << 13) | (1 << 16);
    world
        .discord
        .act(Act::SetPermissions {
            guild: guild.id,
            role,
            permissions,
        })
        .unwrap();
    let spams = [(); 3].map(|()| spam(&world, 0));
    for one in spams {
        done(&world, EffectKind::MessageDeleted, one.message).await;
    }
    settled(&world).await;
    assert_eq!(
        world.number("SELECT count(*) FROM outbox WHERE state = 'dead'"),
        3
    );
    let refused = world.discord.with_ledger(|ledger| {
        let requests = ledger.requests.iter();
        requests.filter(|request| request.status == Some(403)).count()
    });
    assert_eq!(refused, 1, "what is like it is not asked for again");
    pod.wait_for_line("the missing permission", |line| line.contains("MODERATE_MEMBERS"));
    pod.terminate();
    pod.wait_exit();
    let told = pod.stdout();
    let lines = told
        .lines()
        .filter(|line| line.contains("does not let the bot do this here"));
    assert_eq!(lines.count(), 1, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_answers_are_asked_again_and_what_was_done_is_not_done_again() {
    let world = World::start(1, 1).await;
    let _pod = world.pod();
    world.live().await;
    // It is done, and Discord says that it failed.
    fault(&world, RestAnswer::StatusAfter(500));
    let first = spam(&world, 0);
    done(&world, EffectKind::MemberTimedOut, first.user).await;
    wait::until_async("the failure to be noted", async || {
        (world.number("SELECT count(*) FROM outbox WHERE state = 'unknown'") > 0).then_some(())
    })
    .await;
    world.discord.fault(Fault::Clear);
    settled(&world).await;
    // Nothing is done, and the connection is cut.
    fault(&world, RestAnswer::Cut);
    let second = spam(&world, 0);
    wait::until_async("the cut to be noted", async || {
        (world.number("SELECT count(*) FROM outbox WHERE state = 'unknown'") > 0).then_some(())
    })
    .await;
    world.discord.fault(Fault::Clear);
    settled(&world).await;
    for one in [first, second] {
        assert_eq!(times(&world, EffectKind::MemberTimedOut, one.user), 1);
        assert_eq!(times(&world, EffectKind::MessageDeleted, one.message), 1);
    }
    assert_eq!(
        world.number("SELECT count(*) FROM outbox WHERE state = 'done'"),
        4
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn moderators_are_not_punished_and_a_honeypot_is_for_everybody_else() {
    let world = World::start(1, 1).await;
    let mut pod = world.pod();
    world.live().await;
    world.quiet().await;
    pod.kill9();
    let guild = world.discord.guilds().remove(0);
    let trap = guild.text_channels[2];
    let set = format!("INSERT INTO honeypot_config VALUES ({}, {})", guild.id.0, trap.0);
    rusqlite::Connection::open(world.file())
        .unwrap()
        .execute(&set, [])
        .unwrap();
    let _pod = world.pod();
    // The owner may say what it likes, everywhere.
    say(&world, guild.text_channels[0], guild.owner, super::SPAM);
    say(&world, trap, guild.owner, "hello");
    let one = spam(&world, 0);
    done(&world, EffectKind::MemberTimedOut, one.user).await;
    say(&world, trap, one.user, "hello");
    done(&world, EffectKind::MemberUnbanned, one.user).await;
    settled(&world).await;
    assert_eq!(times(&world, EffectKind::MemberBanned, one.user), 1);
    for kind in [EffectKind::MemberBanned, EffectKind::MemberTimedOut] {
        assert_eq!(times(&world, kind, guild.owner), 0);
    }
    let reports = "SELECT count(*) FROM reported_messages";
    assert_eq!(world.number(reports), 2);
}
