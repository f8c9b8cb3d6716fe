//! Moves as drivers carry them out: in this process, two at once, one after the other's death, and as an operator asks.

use std::process::Output;
use std::sync::Mutex;
use std::time::Duration;

use modbot::domain::guild_move::{Ended, Event, Limits};
use modbot::domain::ids::{GuildId, PodId};
use modbot::domain::move_step::MoveStep;
use modbot::operations::guild_move::{Mover, MoverSettings, Seen};
use modbot::runtime::service_auth::Role;
use modbot::store::config_db::{By, MoveRow, NewMove};
use tokio_util::sync::CancellationToken;

use super::super::fleet::{Fleet, messages};
use super::{Driver, guild_of, rows_of, started};
use crate::support::config::key;

pub(super) fn mover(fleet: &Fleet, name: &str) -> Mover {
    let settings = MoverSettings {
        name: name.to_owned(),
        lease: Duration::from_secs(15),
        limits: Limits::default(),
        keep: Duration::ZERO,
    };
    Mover::new(fleet.store(), Driver::new(fleet).api, settings)
}

fn to(guild: GuildId, dst: usize) -> NewMove {
    NewMove::of(guild, PodId::new(u32::try_from(dst).unwrap()).unwrap(), 10_000)
}

async fn drive(mover: &Mover, new: &NewMove) -> (MoveRow, Option<Ended>) {
    let never = CancellationToken::new();
    let driven = mover
        .drive(new.move_id, Event::Begin, &never, &|_| {})
        .await
        .unwrap();
    (driven.row, driven.ended)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_moves_guilds_under_load_measures_the_pause_and_cleans_up() {
    let (fleet, _pods, mut owners) = started(4).await;
    let discord = &fleet.world.discord;
    let (store, mover) = (fleet.store(), mover(&fleet, "driver"));
    discord.burst(&messages(1), 60);
    fleet.quiet().await;
    let all: Vec<GuildId> = owners.keys().copied().map(guild_of).collect();
    let mut pauses = Vec::new();
    for (seed, guild) in (2..).zip(all) {
        let src = owners[&guild.as_i64()];
        let new = to(guild, 1 - src);
        store.plan_move(&new, &By::daemon("test")).await.unwrap();
        let steps = Mutex::new(Vec::new());
        let note = |seen: Seen| steps.lock().unwrap().push(seen.step);
        discord.burst(&messages(seed), 40);
        let never = CancellationToken::new();
        let driven = mover
            .drive(new.move_id, Event::Begin, &never, &note)
            .await
            .unwrap();
        discord.burst(&messages(seed + 100), 20);
        assert_eq!(driven.ended, Some(Ended::Served), "{:?}", driven.row);
        pauses.push(driven.row.paused_ms.expect("the pause is in every result"));
        let mut steps = steps.into_inner().unwrap();
        steps.dedup();
        assert_eq!(steps.last(), Some(&MoveStep::Started), "{steps:?}");
        // The source's rows go once the target has them, and only those.
        assert!(mover.clean_up(Duration::ZERO, &never).await.unwrap().done >= 1);
        assert_eq!(rows_of(&fleet, src, guild), 0);
        assert_eq!(
            store.get_move(new.move_id).await.unwrap().value.active.step,
            MoveStep::Cleaned
        );
        owners.insert(guild.as_i64(), 1 - src);
    }
    eprintln!("guilds stood still for {pauses:?} ms");
    fleet.quiet().await;
    fleet.assert_exact(&owners);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_whose_driver_is_gone_is_taken_up_at_every_step_and_two_drivers_do_no_harm() {
    let (fleet, _pods, mut owners) = started(2).await;
    let discord = &fleet.world.discord;
    let store = fleet.store();
    let (first, second) = (mover(&fleet, "first"), mover(&fleet, "second"));
    let guild = guild_of(*owners.keys().next().unwrap());
    let steps = [
        MoveStep::Prepared,
        MoveStep::Frozen,
        MoveStep::Verified,
        MoveStep::Flipped,
        MoveStep::Started,
    ];
    for (seed, hold_at) in (1..).zip(steps) {
        let dst = 1 - owners[&guild.as_i64()];
        let hold_at = Some(hold_at);
        let new = NewMove {
            hold_at,
            ..to(guild, dst)
        };
        store.plan_move(&new, &By::daemon("test")).await.unwrap();
        discord.burst(&messages(seed), 20);
        let (row, ended) = drive(&first, &new).await;
        assert_eq!(
            (Some(row.active.step), ended),
            (hold_at, None),
            "the first driver stops here"
        );
        store
            .hold_move(new.move_id, None, &By::daemon("test"))
            .await
            .unwrap();
        // Both go on at once: the claim keeps one of them out, or it finds the move ended.
        let never = CancellationToken::new();
        let (a, b) = tokio::join!(
            second.drive(new.move_id, Event::Begin, &never, &|_| {}),
            first.drive(new.move_id, Event::Begin, &never, &|_| {}),
        );
        assert!(a.is_ok() || b.is_ok(), "{a:?} {b:?}");
        let (row, _) = drive(&second, &new).await;
        assert_eq!(row.active.step, MoveStep::Started);
        second.clean_up(Duration::ZERO, &never).await.unwrap();
        owners.insert(guild.as_i64(), dst);
    }
    fleet.quiet().await;
    fleet.assert_exact(&owners);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_cannot_be_kept_leaves_the_guild_where_it_was() {
    let (fleet, _pods, owners) = started(2).await;
    let discord = &fleet.world.discord;
    let (store, mover) = (fleet.store(), mover(&fleet, "driver"));
    let guild = guild_of(*owners.keys().next().unwrap());
    discord.burst(&messages(1), 20);
    let new = NewMove {
        pause_budget_ms: 1,
        ..to(guild, 1 - owners[&guild.as_i64()])
    };
    store.plan_move(&new, &By::daemon("test")).await.unwrap();
    let (row, ended) = drive(&mover, &new).await;
    assert_eq!(ended, Some(Ended::Aborted), "{row:?}");
    assert!(
        row.error.as_deref().unwrap().contains("5 times in vain"),
        "{row:?}"
    );
    discord.burst(&messages(2), 20);
    let never = CancellationToken::new();
    mover.clean_up(Duration::ZERO, &never).await.unwrap();
    fleet.quiet().await;
    fleet.assert_exact(&owners);
    assert_eq!(
        rows_of(&fleet, 1 - owners[&guild.as_i64()], guild),
        0,
        "nothing is left at the target"
    );
}

fn modbotctl(fleet: &Fleet, args: &[&str]) -> Output {
    crate::support::process::modbotctl()
        .args(args)
        .env("MODBOT_STORE_URL", &fleet.store_url)
        .env("MODBOT_AUTH_OPERATOR_KEY", key(Role::Operator))
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, verb after verb")]
async fn an_operator_moves_a_guild_there_and_back_and_gives_one_up() {
    let (fleet, _pods, owners) = started(2).await;
    let discord = &fleet.world.discord;
    discord.burst(&messages(1), 20);
    let guild = guild_of(*owners.keys().next().unwrap());
    let (name, src) = (guild.to_string(), owners[&guild.as_i64()]);
    let dst = (1 - src).to_string();
    let moved = modbotctl(
        &fleet,
        &[
            "guild",
            "move",
            &name,
            "--to",
            &dst,
            "--pause-budget",
            "10s",
            "--yes",
        ],
    );
    let out = text(&moved.stdout) + &text(&moved.stderr);
    assert_eq!(moved.status.code(), Some(0), "{out}");
    assert!(
        out.contains("stood still for") && out.contains("the target serves it"),
        "{out}"
    );
    discord.burst(&messages(2), 20);
    let again = modbotctl(&fleet, &["guild", "move", &name, "--to", &dst, "--yes"]);
    assert_eq!(
        again.status.code(),
        Some(3),
        "it is there already: {}",
        text(&again.stderr)
    );
    // Back: what its first stay left is cleaned up before.
    let back = [
        "guild",
        "move",
        &name,
        "--reverse",
        "--pause-budget",
        "10s",
        "--yes",
        "-o",
        "json",
    ];
    let back = modbotctl(&fleet, &back);
    assert_eq!(back.status.code(), Some(0), "{}", text(&back.stderr));
    let document: serde_json::Value = serde_json::from_slice(&back.stdout).unwrap();
    assert_eq!(document["item"]["step"], "started", "{document}");
    let held = [
        "guild",
        "move",
        &name,
        "--to",
        &dst,
        "--pause-after",
        "frozen",
        "--yes",
        "-o",
        "name",
    ];
    let held = modbotctl(&fleet, &held);
    assert_eq!(held.status.code(), Some(0), "{}", text(&held.stderr));
    let id = text(&held.stdout).trim().trim_start_matches("move/").to_owned();
    let given_up = modbotctl(&fleet, &["move", "abort", &id, "--yes"]);
    assert_eq!(given_up.status.code(), Some(0), "{}", text(&given_up.stderr));
    // The source hears of it in its watch, and goes on.
    discord.burst(&messages(3), 20);
    fleet.quiet().await;
    fleet.assert_exact(&owners);
    let too_late = modbotctl(
        &fleet,
        &["move", "abort", document["item"]["id"].as_str().unwrap(), "--yes"],
    );
    assert_eq!(too_late.status.code(), Some(3), "{}", text(&too_late.stderr));
}
