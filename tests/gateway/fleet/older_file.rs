//! Three pods, guilds owned off their host, and a pod's file put back to an older copy. What its own sessions brought is
//! asked of Discord again and takes effect once, wherever it belongs. What it had confirmed to other hosts is lost
//! where there is no replica; each such guild's gap says exactly what.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use modbot::simulator::ledger::EventRecord;
use modbot::simulator::{Fault, Load};

use super::super::{number_of, rows};
use super::{Fleet, SHARDS, Shape, messages};
use crate::support::process::Running;

/// A copy of a pod's file as it is at this moment.
fn save(fleet: &Fleet, pod: usize, at: &Path) {
    let from = rusqlite::Connection::open(fleet.file(pod)).unwrap();
    let _ = std::fs::remove_file(at);
    from.execute("VACUUM INTO ?1", [at.to_str().unwrap()]).unwrap();
}

/// The pod dies and comes back with that copy.
fn put_back(fleet: &Fleet, pods: &mut [Running], pod: usize, at: &Path) {
    pods[pod].kill9();
    let here = fleet.file(pod);
    std::fs::remove_dir_all(here.parent().unwrap()).unwrap();
    std::fs::create_dir_all(here.parent().unwrap()).unwrap();
    std::fs::copy(at, &here).unwrap();
    pods[pod] = fleet.pod(pod);
    Fleet::attached(&mut pods[pod]);
}

/// The messages that lie in the gaps of guilds, by the ledger.
fn messages_in_gaps(fleet: &Fleet) -> BTreeSet<i64> {
    let mut lost = BTreeSet::new();
    for pod in 0..3 {
        let file = fleet.file(pod);
        let of_guilds = "FROM gap WHERE guild_id IS NOT NULL ORDER BY gap_id";
        let from = rows(&file, &format!("SELECT guild_id, from_seq {of_guilds}"));
        let to = rows(&file, &format!("SELECT shard_id, to_seq {of_guilds}"));
        for ((guild, from), (shard, to)) in from.into_iter().zip(to) {
            lost.extend(fleet.world.discord.with_ledger(|ledger| {
                let mut sessions = ledger.sessions.iter();
                let session = sessions.find(|one| i64::from(one.shard) == shard).unwrap();
                let positions = from.unsigned_abs() + 1..=to.unsigned_abs();
                let events = positions.filter_map(|seq| ledger.at(&session.session_id, seq));
                let of_guild = |event: &&EventRecord| event.guild.map(number_of) == Some(guild);
                events
                    .filter(|event| event.name == "MESSAGE_CREATE")
                    .filter(of_guild)
                    .map(|event| number_of(event.subject.unwrap()))
                    .collect::<Vec<_>>()
            }));
        }
    }
    lost
}

/// Every message of the ledger is at its guild's owner, once, but for those that gaps name.
fn assert_exact_but_for_gaps(fleet: &Fleet, owners: &BTreeMap<i64, usize>) -> usize {
    let mut there = BTreeSet::new();
    for pod in 0..3 {
        for (message, guild) in rows(&fleet.file(pod), "SELECT message_id, guild_id FROM message_stats") {
            assert!(there.insert(message), "{message} is at two pods");
            assert_eq!(owners.get(&guild), Some(&pod), "guild {guild}");
        }
    }
    let sent: BTreeSet<i64> = fleet.world.expected_stats().into_keys().collect();
    assert!(there.is_subset(&sent));
    let missing: BTreeSet<i64> = sent.difference(&there).copied().collect();
    assert_eq!(missing, messages_in_gaps(fleet));
    assert_eq!(fleet.sum("SELECT count(*) FROM gap WHERE guild_id IS NULL"), 0);
    assert_eq!(fleet.sum("SELECT count(*) FROM dead_frame"), 0);
    missing.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_put_back_to_an_older_copy_catches_up_and_names_what_only_it_had() {
    let shape = Shape {
        pods: 3,
        guilds: 12,
        hold: "1h",
        lease_ttl: "1h",
    };
    let fleet = Fleet::of(shape).await;
    let mut pods: Vec<Running> = (0..3).map(|pod| fleet.pod(pod)).collect();
    pods.iter_mut().for_each(Fleet::attached);
    let hosts = fleet.hosts(3).await;
    let owners = fleet.assign_across(&hosts).await;
    let discord = &fleet.world.discord;
    discord.fault(Fault::Clear);
    fleet.live().await;
    assert!(fleet.off_host(&owners).await >= 3);
    let everywhere = |seed| Load {
        skew: 0.0,
        ..messages(seed)
    };
    discord.burst(&everywhere(1), 120);
    fleet.quiet().await;
    let place = tempfile::tempdir().unwrap();
    let mut lost = 0;
    for (seed, pod) in (1..).zip([0, 1, 2]) {
        let older = place.path().join(format!("{seed}.db"));
        save(&fleet, pod, &older);
        discord.burst(&everywhere(10 * seed), 60);
        // Once in the middle of it, otherwise when everything has been confirmed.
        if pod != 1 {
            fleet.quiet().await;
        }
        put_back(&fleet, &mut pods, pod, &older);
        // Every guild is heard of again.
        discord.burst(&everywhere(10 * seed + 1), 200);
        fleet.quiet().await;
        lost = assert_exact_but_for_gaps(&fleet, &owners);
    }
    assert!(lost > 0, "nothing had been confirmed that is not in a copy");
    let told = pods
        .iter()
        .filter(|pod| {
            pod.stdout()
                .contains("had confirmed frames that its file does not have")
        })
        .count();
    assert!(told > 0, "an operator hears of it");
    assert_eq!(fleet.identifies(), SHARDS as usize, "all else was resumed");
}
