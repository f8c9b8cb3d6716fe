//! The planner's rules, by example and for any fleet.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::domain::fleet::{Load, PodState};
use crate::domain::ids::{Epoch, GuildId, PodId};

fn id(n: u32) -> PodId {
    PodId::new(n).unwrap()
}

fn pod(n: u32, state: PodState, leased: bool, capacity: u32) -> PlanPod {
    PlanPod {
        pod: id(n),
        state,
        leased,
        capacity,
    }
}

fn guild(n: i64, on: u32, load: u64) -> PlanGuild {
    PlanGuild {
        guild: GuildId::from_i64(n).unwrap(),
        pod: id(on),
        epoch: Epoch::new(3),
        load: Load(load),
        pinned: false,
        busy: false,
    }
}

fn any_snapshot() -> impl Strategy<Value = Snapshot> {
    let state = prop_oneof![
        6 => Just(PodState::Active),
        1 => Just(PodState::Cordoned),
        2 => Just(PodState::Draining),
        1 => Just(PodState::Offline)
    ];
    let pods = prop::collection::vec((state, prop::bool::weighted(0.9), 1u32..5), 1..7);
    (pods, prop::collection::vec((0usize..7, 1u64..40, 0u8..12), 0..60)).prop_map(|(pods, guilds)| {
        let pods: Vec<PlanPod> = (0..)
            .zip(pods)
            .map(|(n, (state, leased, capacity))| pod(n, state, leased, capacity * 50))
            .collect();
        let guilds = (1..)
            .zip(guilds)
            .map(|(n, (on, load, kind))| PlanGuild {
                pinned: kind == 0,
                busy: kind == 1,
                ..guild(n, pods[on % pods.len()].pod.get(), load * 500)
            })
            .collect();
        Snapshot { pods, guilds }
    })
}

fn after(snapshot: &Snapshot, moves: &[PlannedMove]) -> Snapshot {
    let mut result = snapshot.clone();
    for one in moves {
        let guild = result.guilds.iter_mut().find(|it| it.guild == one.guild).unwrap();
        assert_eq!(guild.pod, one.src, "planned from where it is");
        (guild.pod, guild.epoch) = (one.dst, guild.epoch.next());
    }
    result
}

/// (rule violations, imbalance): what each move must improve.
fn score(snapshot: &Snapshot) -> (usize, u128) {
    let pods: BTreeMap<PodId, &PlanPod> = snapshot.pods.iter().map(|pod| (pod.pod, pod)).collect();
    let draining =
        |guild: &&PlanGuild| pods[&guild.pod].state == PodState::Draining && pods[&guild.pod].leased;
    let violations = snapshot.guilds.iter().filter(draining).count();
    let mut imbalance = 0;
    for pod in snapshot.pods.iter().filter(|pod| pod.closed_because().is_none()) {
        let load: u128 = snapshot
            .guilds
            .iter()
            .filter(|guild| guild.pod == pod.pod)
            .map(|guild| u128::from(guild.load.0))
            .sum();
        imbalance += load * load * 1_000_000 / u128::from(pod.capacity);
    }
    (violations, imbalance)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_prefix_of_a_plan_improves(snapshot in any_snapshot()) {
        let plan = plan(&snapshot, &Rules::default());
        let mut last = score(&snapshot);
        for n in 1..=plan.moves.len() {
            let now = score(&after(&snapshot, &plan.moves[..n]));
            prop_assert!(now < last, "move {n} of {:?}: {now:?} after {last:?}", plan.moves);
            last = now;
        }
    }

    #[test]
    fn planning_its_own_result_gives_the_empty_plan(snapshot in any_snapshot()) {
        let first = plan(&snapshot, &Rules::default());
        let second = plan(&after(&snapshot, &first.moves), &Rules::default());
        prop_assert_eq!(second.moves, vec![]);
        let loads = |shares: &[PodShare]| shares.iter().map(|it| (it.pod, it.guilds, it.load)).collect::<Vec<_>>();
        prop_assert_eq!(loads(&first.after), loads(&second.before), "it says what will be");
    }

    #[test]
    fn hard_rules_hold(snapshot in any_snapshot()) {
        let plan = plan(&snapshot, &Rules::default());
        let pods: BTreeMap<PodId, &PlanPod> = snapshot.pods.iter().map(|pod| (pod.pod, pod)).collect();
        let mut moved = BTreeSet::new();
        for one in &plan.moves {
            let guild = snapshot.guilds.iter().find(|it| it.guild == one.guild).unwrap();
            prop_assert!(!guild.pinned && !guild.busy, "{one:?}");
            prop_assert!(pods[&one.src].leased, "a pod that does not answer gives nothing: {one:?}");
            prop_assert_eq!(pods[&one.dst].closed_because(), None, "{:?}", one);
            prop_assert!(one.src != one.dst && moved.insert(one.guild), "{one:?}");
        }
        // A pod that is emptied keeps only what cannot go, and the plan says so.
        let result = after(&snapshot, &plan.moves);
        for guild in &result.guilds {
            let pod = pods[&guild.pod];
            if pod.state == PodState::Draining && pod.leased {
                let said = plan.left.iter().any(|left| matches!(left,
                    Left::Pinned { guild: id, .. } | Left::Busy { guild: id, .. } | Left::Nowhere { guild: id, .. }
                    if *id == guild.guild));
                prop_assert!(said, "{guild:?} {:?}", plan.left);
            }
        }
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(snapshot in any_snapshot()) {
        let mut shuffled = snapshot.clone();
        shuffled.pods.reverse();
        shuffled.guilds.reverse();
        prop_assert_eq!(plan(&snapshot, &Rules::default()), plan(&shuffled, &Rules::default()));
    }

    #[test]
    fn a_pod_above_the_threshold_is_named_when_it_stays_there(snapshot in any_snapshot()) {
        let plan = plan(&snapshot, &Rules::default());
        for share in plan.after.iter().filter(|share| share.percent.is_some_and(|it| it > 110)) {
            let named = |left: &&Left| matches!(left, Left::TooLarge { pod, .. } if *pod == share.pod);
            prop_assert!(plan.left.iter().any(|left| named(&left)), "{share:?} {:?}", plan.left);
        }
    }
}

#[test]
fn a_new_pod_is_filled_to_its_share_and_no_further() {
    let mut snapshot = Snapshot::default();
    for n in 0..4 {
        snapshot.pods.push(pod(n, PodState::Active, true, 100));
    }
    snapshot.guilds = (1..=200)
        .map(|n| guild(n, u32::try_from(n % 3).unwrap(), 1_000))
        .collect();
    let plan = plan(&snapshot, &Rules::default());
    assert!(plan.moves.iter().all(|one| one.dst == id(3)), "{plan:?}");
    let filled = plan.after.iter().find(|share| share.pod == id(3)).unwrap();
    assert!((48..=50).contains(&filled.guilds), "{filled:?}");
    assert!(
        plan.after.iter().all(|share| share.percent.unwrap() <= 110),
        "{:?}",
        plan.after
    );
}

#[test]
fn the_hash_is_of_who_owns_what_and_not_of_the_load() {
    let mut snapshot = Snapshot {
        pods: vec![
            pod(0, PodState::Active, true, 100),
            pod(1, PodState::Active, true, 100),
        ],
        guilds: vec![guild(1, 0, 1_000)],
    };
    let hash = snapshot.hash();
    snapshot.guilds[0].load = Load(5_000);
    assert_eq!(snapshot.hash(), hash);
    for change in [
        |it: &mut Snapshot| it.guilds[0].pod = id(1),
        |it: &mut Snapshot| it.guilds[0].epoch = Epoch::new(4),
        |it: &mut Snapshot| it.guilds[0].pinned = true,
        |it: &mut Snapshot| it.pods[1].state = PodState::Cordoned,
    ] {
        let mut changed = snapshot.clone();
        change(&mut changed);
        assert_ne!(changed.hash(), hash);
    }
}
