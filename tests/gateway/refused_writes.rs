//! Who may not write: a second process, a former life, a guild that is frozen or was given away. Nothing is written, and
//! the log says so once.

use modbot::client::pod_api::{FreezeRequest, PodApiError};
use modbot::domain::fence::FenceMode;
use modbot::simulator::Fault;

use super::fleet::{Fleet, messages};
use super::moves::{Driver, guild_of, rows_of, started};
use crate::support::process::outcome;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_a_pods_file_writes_nothing_and_takes_nothing_over() {
    let fleet = Fleet::start(4, "1h").await;
    let mut pod = fleet.pod(0);
    Fleet::attached(&mut pod);
    fleet.world.discord.fault(Fault::Clear);
    fleet.live().await;
    let second = outcome(fleet.pod_command(0).env("MODBOT_LISTEN", "127.0.0.1:0"));
    assert_eq!(second.code, Some(1), "{second:?}");
    let told = second
        .stdout
        .lines()
        .filter(|line| line.contains("is open already, held by process"))
        .count();
    assert_eq!(told, 1, "{second:?}");
    fleet.world.discord.burst(&messages(1), 20);
    fleet.quiet().await;
    assert_eq!(fleet.sum("SELECT count(*) FROM message_stats"), 20);
    assert!(
        !pod.stdout().contains("may not act any more"),
        "the first is not disturbed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_guild_and_one_given_away_are_not_written_and_the_log_says_which() {
    let (fleet, pods, mut owners) = started(4).await;
    let discord = &fleet.world.discord;
    let driver = Driver::new(&fleet);
    discord.burst(&messages(1), 60);
    fleet.quiet().await;
    let guild = guild_of(*owners.keys().next().unwrap());
    let src = owners[&guild.as_i64()];
    let one = driver.plan(guild, 1 - src).await;
    driver.to_verified(&one).await;

    // Frozen: whatever Discord says, from whichever pod hosts it.
    let before = rows_of(&fleet, src, guild);
    let writes = driver.fence(src, guild).await.unwrap().progress.writes;
    discord.burst(&messages(2), 60);
    discord.quiet(super::PATIENCE).await.unwrap();
    let fence = driver.fence(src, guild).await.unwrap();
    assert_eq!((fence.mode, fence.progress.writes), (FenceMode::Frozen, writes));
    assert_eq!(rows_of(&fleet, src, guild), before);

    // Given away: the frames go to the new owner, and an operator who comes late is told.
    driver.flip(&one).await;
    driver
        .wait_for(&one, FenceMode::Serving, FenceMode::Tombstone)
        .await;
    owners.insert(guild.as_i64(), one.dst);
    discord.burst(&messages(3), 60);
    fleet.quiet().await;
    assert_eq!(rows_of(&fleet, src, guild), before);
    let late = FreezeRequest {
        move_id: one.id,
        epoch: fence.epoch,
        freeze_no: one.base + 2,
    };
    let late = driver.api.freeze(&driver.urls[src], guild, &late).await;
    assert!(
        matches!(&late, Err(PodApiError::MoveRefused(refusal)) if refusal.code() == "wrong_epoch"),
        "{late:?}"
    );
    for (mode, at) in [
        ("frozen at epoch", src),
        ("tombstone at epoch", src),
        ("serving at epoch", one.dst),
    ] {
        let log = pods[at].stdout();
        let said = log.lines().filter(|line| {
            line.contains("the guild's fence has changed")
                && line.contains(&guild.to_string())
                && line.contains(mode)
        });
        assert_eq!(said.count(), 1, "{mode}: {log}");
    }
    // The source's rows of that guild are still there, untouched: they are not the guild any more.
    let source = rusqlite::Connection::open(fleet.file(src)).unwrap();
    let gone = source.execute("DELETE FROM message_stats WHERE guild_id = ?1", [guild.as_i64()]);
    assert_eq!(i64::try_from(gone.unwrap()).unwrap(), before);
    fleet.assert_exact(&owners);
}
