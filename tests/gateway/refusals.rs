//! What the gateway daemon will not start with.

use super::World;
use crate::support::process::{Outcome, modbot_gateway, outcome};

#[test]
fn settings_that_are_missing_or_not_supported_are_named_together() {
    let mut command = modbot_gateway();
    command
        .env("MODBOT_SHARD_DB", "/nowhere/shard.db")
        .env("MODBOT_DISCORD_TOKEN", "a.b.c");
    command.env("MODBOT_REPLICA", "litestream");
    let ended = outcome(&mut command);
    assert_eq!(ended.code, Some(78));
    insta::assert_snapshot!(ended.stderr, @r"
    error: modbot-gateway: 5 settings are wrong:
      MODBOT_AUTH_POD_KEY: is needed by a pod of a fleet; a pod that is alone says MODBOT_STANDALONE=true
      MODBOT_CONFIG_URL: is needed by a pod of a fleet; a pod that is alone says MODBOT_STANDALONE=true
      MODBOT_POD: is needed by a pod of a fleet; a pod that is alone says MODBOT_STANDALONE=true
      MODBOT_POD_URL: is needed by a pod of a fleet; a pod that is alone says MODBOT_STANDALONE=true
      MODBOT_REPLICA: must be none: this version does not watch over a Litestream sidecar

    hint: modbot-gateway --help lists every variable; nothing was started
    ");
    let mut command = modbot_gateway();
    command
        .env("MODBOT_STANDALONE", "true")
        .env("MODBOT_DISCORD_GATEWAY_URL", "https://x");
    let ended = outcome(&mut command);
    assert_eq!(ended.code, Some(78));
    for variable in [
        "MODBOT_SHARD_DB",
        "MODBOT_DISCORD_TOKEN",
        "MODBOT_DISCORD_GATEWAY_URL",
    ] {
        assert!(
            ended.stderr.contains(&format!("  {variable}: ")),
            "{}",
            ended.stderr
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_fleet_or_of_other_shards_or_in_use_is_refused() {
    let world = World::start(1, 1).await;
    let mut pod = world.pod();
    world.live().await;
    world.quiet().await;
    let second = outcome(&mut world.command());
    refused(&second, "is open already, held by process");
    pod.kill9();
    let other = outcome(world.command().env("MODBOT_NUM_SHARDS", "2"));
    refused(
        &other,
        "has sessions of 1 Discord shards, and MODBOT_NUM_SHARDS is 2",
    );
    let fleet = rusqlite::Connection::open(world.file()).unwrap();
    fleet
        .execute("INSERT INTO meta (key, value) VALUES ('store_id', 'abc')", [])
        .unwrap();
    drop(fleet);
    let fleet = outcome(&mut world.command());
    refused(&fleet, "belongs to the fleet of config store abc");
    assert_eq!(
        world.discord.with_ledger(|ledger| ledger.attempts.len()),
        1,
        "only the first asked Discord for anything"
    );
}

fn refused(ended: &Outcome, why: &str) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains(why), "{ended:?}");
}
