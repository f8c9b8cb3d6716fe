//! Many sessions under load while connections break: what the ledger says is what arrived.

use std::time::Duration;

use modbot::simulator::{Fault, Load, Target};

use super::twilight::{Client, Plan};
use super::{PATIENCE, settings, start};

const SHARDS: u32 = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_over_sixteen_sessions_that_keep_breaking() {
    let mut settings = settings();
    settings.world.guilds = 100;
    // A busy machine must not look like a dead gateway.
    settings.gateway.heartbeat_interval = Duration::from_secs(10);
    let simulator = start(settings).await;
    let connect = |id| {
        Client::connect(
            &simulator,
            Plan {
                shard: (id, SHARDS),
                ..Plan::default()
            },
        )
    };
    let clients: Vec<Client> = (0..SHARDS).map(connect).collect();
    for client in &clients {
        client.event("READY").await;
    }
    let load = Load {
        acts_per_s: 2000.0,
        total: Some(3000),
        ..Load::default()
    };
    let run = simulator.load(load);
    for (round, acts) in [500, 1000, 1500, 2000].into_iter().enumerate() {
        let reached = format!("{acts} acts");
        simulator
            .wait_for(&reached, PATIENCE, |ledger| ledger.events.len() >= acts)
            .await
            .unwrap();
        let target = if round == 3 {
            Target::All
        } else {
            Target::Shard(u32::try_from(round).unwrap())
        };
        let fault = match round % 3 {
            0 => Fault::Reset { target },
            1 => Fault::Drop { target },
            _ => Fault::Reconnect { target },
        };
        simulator.fault(fault);
    }
    assert_eq!(run.join().await, 3000);
    simulator.quiet(PATIENCE).await.unwrap();
    let kept: Vec<(String, u64)> = clients.iter().flat_map(Client::positions).collect();
    let ledger = simulator.ledger();
    let reckoning = ledger.reckon(kept.iter().map(|(session, seq)| (session.as_str(), *seq)));
    assert!(reckoning.is_exact(), "{reckoning:?}");
    assert_eq!(ledger.identifies(), usize::try_from(SHARDS).unwrap());
    assert!(ledger.resumes() >= usize::try_from(SHARDS).unwrap());
    assert_eq!(ledger.unheard().filter(|event| event.guild.is_some()).count(), 0);
}

#[tokio::test]
async fn the_same_seed_makes_the_same_traffic() {
    let subjects = async || {
        let simulator = start(settings()).await;
        simulator.burst(&Load::default(), 300);
        let ledger = simulator.ledger();
        let described: Vec<_> = ledger
            .events
            .iter()
            .map(|event| (event.name, event.guild, event.channel, event.user))
            .collect();
        described
    };
    let first = subjects().await;
    assert!(first.len() > 300 - 1);
    // Ids of new things carry the time; who did what where does not.
    let stable = |events: &[(&'static str, _, _, _)]| {
        events
            .iter()
            .map(|event| (event.0, event.1, event.3))
            .collect::<Vec<_>>()
    };
    assert_eq!(stable(&first), stable(&subjects().await));
}

#[tokio::test]
async fn load_keeps_its_rate_and_stops_when_told() {
    let simulator = start(settings()).await;
    let run = simulator.load(Load {
        acts_per_s: 1000.0,
        ..Load::default()
    });
    simulator
        .wait_for("acts", PATIENCE, |ledger| ledger.events.len() >= 100)
        .await
        .unwrap();
    let acts = run.stop().await;
    let events = simulator.ledger().events.len();
    assert!(acts >= 100 - 10, "{acts}");
    let again = simulator.wait_for("more", Duration::from_millis(50), |ledger| {
        ledger.events.len() > events
    });
    assert!(again.await.is_err(), "the load goes on");
}
