//! What is decided is done at Discord once: the simulated Discord's ledger is the judge.

mod frozen;
mod once;
mod refused;
mod verbs;
mod waves;

use modbot::simulator::ledger::{Effect, EffectKind};
use modbot::simulator::{Act, Fault, Ledger, RestAnswer, RestFault, Snowflake};

use super::World;
use crate::support::wait;

/// Enough for a timeout by itself.
const SPAM: &str = "@everyone @here free nitro gift: claim your steam reward";

/// A spam message and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spam {
    guild: Snowflake,
    user: Snowflake,
    message: Snowflake,
}

/// Somebody new joins a guild and spams in it.
fn spam(world: &World, guild: usize) -> Spam {
    let discord = &world.discord;
    let guild = &discord.guilds()[guild];
    let name = "spammer".to_owned();
    let user = discord.act(Act::NewUser { name }).unwrap();
    discord
        .act(Act::Join {
            guild: guild.id,
            user,
        })
        .unwrap();
    Spam {
        guild: guild.id,
        user,
        message: say(world, guild.text_channels[0], user, SPAM),
    }
}

fn say(world: &World, channel: Snowflake, user: Snowflake, content: &str) -> Snowflake {
    let say = modbot::simulator::Say {
        channel,
        user,
        content: content.to_owned(),
        ..modbot::simulator::Say::default()
    };
    world.discord.act(Act::Say(say)).unwrap()
}

/// Every request is answered so, until it is cleared.
fn fault(world: &World, answer: RestAnswer) {
    world.discord.fault(Fault::Rest(RestFault {
        answer,
        ..RestFault::default()
    }));
}

/// How often Discord did this to that.
fn times(world: &World, kind: EffectKind, target: Snowflake) -> usize {
    let of = |effect: &&Effect| effect.kind == kind && effect.target == Some(target);
    world
        .discord
        .with_ledger(|ledger| ledger.effects.iter().filter(of).count())
}

/// Waits until Discord has done this to that.
async fn done(world: &World, kind: EffectKind, target: Snowflake) {
    let there = move |ledger: &Ledger| {
        let mut effects = ledger.effects.iter();
        effects.any(|effect| effect.kind == kind && effect.target == Some(target))
    };
    let what = format!("{kind:?} of {target:?}");
    world
        .discord
        .wait_for(&what, super::PATIENCE, there)
        .await
        .unwrap();
}

/// Waits until nothing is open in the outbox.
async fn settled(world: &World) {
    wait::until_async("every action to be settled", async || {
        let open = "SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending', 'unknown')";
        (world.number(open) == 0).then_some(())
    })
    .await;
}
