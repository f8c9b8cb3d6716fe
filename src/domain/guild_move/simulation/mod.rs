//! The machine under random schedules, with the real fences: crashes, power loss, delayed, repeated and lost
//! calls, two drivers, older files put back, a store that loses its last commits. After each event the invariants are
//! checked; and mistakes are planted, each of which the schedules must find.

mod check;
mod file;
mod planted;
mod pod;
mod random;
mod store;
mod world;

use planted::Planted;
use world::World;

const SCHEDULES: u64 = 10_000;
const STEPS: u32 = 400;
/// Some mistakes show only after a guild has come back.
const STEPS_TO_FIND: u32 = 800;

/// Runs one schedule; what broke, if anything.
fn run(seed: u64, planted: Option<Planted>, told: bool) -> (World, Option<String>) {
    let mut world = World::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15), planted);
    world.story = told.then(Vec::new);
    world.plan();
    let steps = if planted.is_some() { STEPS_TO_FIND } else { STEPS };
    for _ in 0..steps {
        world.step();
        check::after_each_event(&mut world);
        if world.broken.is_some() || world.beyond {
            break;
        }
    }
    if world.broken.is_none() && !world.beyond {
        check::when_quiet(&mut world);
    }
    let broken = world.broken.take();
    (world, broken)
}

#[test]
fn no_schedule_breaks_an_invariant() {
    let (mut finished, mut thawed, mut beyond) = (0, 0, 0);
    for seed in 0..SCHEDULES {
        let (world, broken) = run(seed, None, false);
        if let Some(broken) = broken {
            let story = run(seed, None, true).0.story.unwrap_or_default().join("\n");
            panic!("{story}\nseed {seed}: {broken}");
        }
        finished += u64::from(world.finished);
        thawed += u64::from(world.thawed);
        beyond += u64::from(world.beyond);
    }
    eprintln!("{SCHEDULES} schedules: {finished} moves, {thawed} thaws, {beyond} left to an operator");
    assert!(
        finished > SCHEDULES / 2,
        "the schedules must get somewhere: {finished}"
    );
    assert!(thawed > SCHEDULES / 20, "and try again: {thawed}");
    assert!(beyond < SCHEDULES / 6, "and not give up: {beyond}");
}

#[test]
fn each_planted_mistake_is_found() {
    let find = |planted| {
        let found =
            (0..SCHEDULES).find_map(|seed| run(seed, Some(planted), false).1.map(|broken| (seed, broken)));
        match found {
            Some((seed, broken)) => eprintln!("{planted:?}: seed {seed}: {broken}"),
            None => panic!("{planted:?} is not found"),
        }
    };
    // Two halves at once: the rare ones take some seconds each.
    std::thread::scope(|scope| {
        let (one, other) = Planted::ALL.split_at(Planted::ALL.len() / 2);
        for half in [one, other] {
            scope.spawn(move || half.iter().copied().for_each(find));
        }
    });
}
