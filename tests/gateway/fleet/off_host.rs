//! Guilds that live with another pod than the one that hosts their Discord shard.

use modbot::domain::ids::GuildId;
use modbot::simulator::Fault;

use super::{Fleet, SHARDS, messages};
use crate::support::process::Running;
use crate::support::wait;

#[tokio::test(flavor = "multi_thread")]
async fn guilds_owned_off_their_host_get_every_frame_once_through_kills_of_either_side() {
    let fleet = Fleet::start(8, "1h").await;
    let mut pods = [fleet.pod(0), fleet.pod(1)];
    pods.iter_mut().for_each(Fleet::attached);
    let hosts = fleet.hosts(2).await;
    let owners = fleet.assign_across(&hosts).await;
    let discord = &fleet.world.discord;
    discord.fault(Fault::Clear);
    fleet.live().await;
    discord.burst(&messages(1), 60);
    for (seed, killed) in (2..).zip([0, 1, 0, 1]) {
        pods[killed].kill9();
        discord.burst(&messages(seed), 40);
        pods[killed] = fleet.pod(killed);
        discord.burst(&messages(seed + 100), 20);
        Fleet::attached(&mut pods[killed]);
        fleet.live().await;
    }
    fleet.quiet().await;
    fleet.assert_exact(&owners);
    assert_eq!(fleet.identifies(), SHARDS as usize, "all else was resumed");
    let forwarded = fleet.sum("SELECT count(*) FROM forward_mark WHERE seq > 0");
    let off_host = i64::try_from(fleet.off_host(&owners).await).unwrap();
    assert!(
        off_host >= 2 && forwarded >= off_host,
        "{forwarded} guilds were forwarded"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn config_hears_what_each_guild_costs_its_owner() {
    let fleet = Fleet::start(3, "1h").await;
    let mut pods = [fleet.pod(0), fleet.pod(1)];
    pods.iter_mut().for_each(Fleet::attached);
    let hosts = fleet.hosts(2).await;
    let owners = fleet.assign_across(&hosts).await;
    let discord = &fleet.world.discord;
    discord.fault(Fault::Clear);
    fleet.live().await;
    discord.burst(&messages(1), 90);
    fleet.quiet().await;
    let store = fleet.store();
    for (guild, owner) in owners {
        let guild = GuildId::from_i64(guild).unwrap();
        let load = wait::until_async("the guild's load to be known", async || {
            let row = store.guild(guild).await.unwrap().value.unwrap();
            (row.bytes > 0 && row.events_per_s > 0.0).then_some(row)
        })
        .await;
        assert_eq!(load.pod.get() as usize, owner);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_its_owner_does_not_take_is_set_aside_and_those_behind_it_arrive() {
    let fleet = Fleet::start(8, "1h").await;
    let small = |pod| {
        let mut command = fleet.pod_command(pod);
        Running::start(command.env("MODBOT_MAX_BODY", "2KiB"))
    };
    let mut pods = [small(0), small(1)];
    pods.iter_mut().for_each(Fleet::attached);
    let hosts = fleet.hosts(2).await;
    let owners = fleet.assign_across(&hosts).await;
    let discord = &fleet.world.discord;
    discord.fault(Fault::Clear);
    fleet.live().await;
    discord.burst(&messages(1), 40);
    fleet.quiet().await;
    // The first frame of each guild that is forwarded says all about it, and is larger than that.
    let off_host = i64::try_from(fleet.off_host(&owners).await).unwrap();
    assert!(off_host > 0);
    let dead = "SELECT count(*) FROM dead_frame WHERE error LIKE '%MODBOT_MAX_BODY%'";
    assert_eq!(fleet.sum(dead), off_host);
    assert_eq!(fleet.sum("SELECT count(*) FROM dead_frame"), off_host);
    assert_eq!(fleet.sum("SELECT count(*) FROM message_stats"), 40);
    assert!(
        pods.iter_mut()
            .any(|pod| pod.stdout().contains("it becomes a dead frame")),
        "the host says so"
    );
}
