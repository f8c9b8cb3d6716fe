//! A decision is carried out once, whenever the process is killed and whatever it forgets.

use modbot::simulator::ledger::EffectKind;
use modbot::simulator::{Fault, Ledger, RestAnswer};

use super::{Spam, World, done, fault, settled, spam, times};
use crate::support::wait;

/// The message went and its author was timed out, each once.
fn assert_once(world: &World, spam: Spam) {
    assert_eq!(
        times(world, EffectKind::MessageDeleted, spam.message),
        1,
        "{spam:?}"
    );
    assert_eq!(times(world, EffectKind::MemberTimedOut, spam.user), 1, "{spam:?}");
    let member = world.discord.member(spam.guild, spam.user).unwrap();
    assert!(member.timeout_until_ms.is_some());
}

async fn decided(world: &World, rows: i64) {
    wait::until_async("the decision to be in the file", async || {
        (world.number("SELECT count(*) FROM outbox") == rows).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spam_message_is_deleted_and_its_author_timed_out_once_through_kills() {
    let world = World::start(2, 1).await;
    let mut pod = world.pod();
    world.live().await;
    let first = spam(&world, 0);
    done(&world, EffectKind::MemberTimedOut, first.user).await;
    settled(&world).await;
    assert_once(&world, first);

    // Killed between decision and sending: Discord lets nothing through.
    fault(
        &world,
        RestAnswer::RateLimited {
            retry_after: 600.0,
            scope: "global".to_owned(),
        },
    );
    let second = spam(&world, 1);
    decided(&world, 4).await;
    pod.kill9();
    world.discord.fault(Fault::Clear);
    let mut pod = world.pod();
    done(&world, EffectKind::MemberTimedOut, second.user).await;
    settled(&world).await;
    assert_once(&world, second);

    // Killed between sending and answer: it was done, and nobody has heard of it.
    fault(&world, RestAnswer::Delay(60_000));
    let third = spam(&world, 0);
    done(&world, EffectKind::MemberTimedOut, third.user).await;
    done(&world, EffectKind::MessageDeleted, third.message).await;
    pod.kill9();
    world.discord.fault(Fault::Clear);
    let _pod = world.pod();
    settled(&world).await;
    for spam in [first, second, third] {
        assert_once(&world, spam);
    }
    assert_eq!(
        world.number("SELECT count(*) FROM outbox WHERE state = 'done'"),
        6
    );
    assert_eq!(
        world.number("SELECT count(*) FROM reported_messages WHERE reason = 'spam'"),
        3
    );
    assert_eq!(world.discord.with_ledger(Ledger::identifies), 1);
}

/// The pod's file becomes the older copy.
fn put_back(world: &World, copy: &std::path::Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = world.file().into_os_string();
        name.push(suffix);
        let _ = std::fs::remove_file(name);
    }
    std::fs::copy(copy, world.file()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_put_back_decides_the_same_again_and_does_nothing_twice() {
    let world = World::start(2, 1).await;
    let mut pod = world.pod();
    world.live().await;
    let log = world.discord.guilds()[0].text_channels[1];
    let guild = world.discord.guilds()[0].id;
    world.quiet().await;
    pod.kill9();
    let set = format!(
        "UPDATE guilds SET mod_log = {} WHERE guild_id = {}",
        log.0, guild.0
    );
    rusqlite::Connection::open(world.file())
        .unwrap()
        .execute(&set, [])
        .unwrap();
    let copy = world.dir.path().join("older.db");
    let vacuum = format!("VACUUM INTO '{}'", copy.display());
    rusqlite::Connection::open(world.file())
        .unwrap()
        .execute(&vacuum, [])
        .unwrap();

    let mut pod = world.pod();
    let spams = [spam(&world, 0), spam(&world, 1), spam(&world, 0)];
    for one in spams {
        done(&world, EffectKind::MemberTimedOut, one.user).await;
    }
    settled(&world).await;
    let ids = || {
        let connection = rusqlite::Connection::open(world.file()).unwrap();
        let mut statement = connection
            .prepare("SELECT action_id FROM outbox ORDER BY action_id")
            .unwrap();
        let ids = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        ids.map(Result::unwrap).collect::<Vec<_>>()
    };
    let before = ids();
    let effects = world.discord.with_ledger(|ledger| ledger.effects.len());
    pod.kill9();

    put_back(&world, &copy);
    let _pod = world.pod();
    wait::until_async("what follows to be decided again", async || {
        (ids() == before).then_some(())
    })
    .await;
    settled(&world).await;
    assert_eq!(ids(), before, "the same actions under the same ids");
    for one in spams {
        assert_once(&world, one);
    }
    let changed = world.discord.with_ledger(|ledger| {
        let later = ledger.effects.iter().skip(effects);
        later
            .filter(|effect| !effect.repeated)
            .cloned()
            .collect::<Vec<_>>()
    });
    assert!(changed.is_empty(), "nothing was done twice: {changed:#?}");
    assert_eq!(world.number("SELECT count(*) FROM user_threads"), 2);
}
