//! What the pods say beside what config says, as `modbotctl` shows it.

use std::time::Duration;

use modbot::client::pod_api::{FreezeRequest, PodApi};
use modbot::domain::ids::{GuildId, MoveId};
use modbot::runtime::clock::SystemClock;
use modbot::runtime::service_auth::{Role, SigningKey};
use modbot::simulator::Fault;
use uuid::Uuid;

use super::fleet::{Fleet, messages};
use crate::support::config::key;
use crate::support::process::{Outcome, Running, modbotctl, outcome};

pub(super) fn ctl(fleet: &Fleet, line: &str) -> Outcome {
    let mut command = modbotctl();
    command
        .args(line.split(' '))
        .env("MODBOT_STORE_URL", &fleet.store_url)
        .env("MODBOT_AUTH_OPERATOR_KEY", key(Role::Operator));
    outcome(&mut command)
}

/// Freezes a guild of the first pod, while config knows of no move.
async fn freeze(fleet: &Fleet, guild: GuildId) {
    let api = PodApi::new(
        SigningKey::new(Role::Operator, &key(Role::Operator)),
        Duration::from_secs(10),
        std::sync::Arc::new(SystemClock),
    )
    .unwrap();
    let url = format!("http://{}", fleet.pod_addresses[0]);
    let report = api.guild(&url, guild).await.unwrap();
    assert_eq!(
        report.rows,
        report.tables.iter().map(|table| table.rows).sum::<u64>()
    );
    let freeze = FreezeRequest {
        move_id: MoveId::new(Uuid::new_v4()),
        epoch: report.fence.epoch,
        freeze_no: 1,
    };
    api.freeze(&url, guild, &freeze).await.unwrap();
}

/// The first pod has `owned` guilds, of which this one differs.
fn assert_marked(fleet: &Fleet, guild: i64, owned: usize) {
    let differs = ctl(fleet, "shard inspect 0");
    assert_eq!(differs.code, Some(3), "{differs:?}");
    let said = format!("guild/{guild}");
    let line = differs
        .stdout
        .lines()
        .find(|line| line.starts_with(&said))
        .unwrap();
    assert!(line.contains("frozen at epoch 1"), "{line}");
    assert_eq!(differs.stdout.matches("<>").count(), 1, "{}", differs.stdout);
    let json = ctl(fleet, "shard inspect 0 -o json");
    assert_eq!(json.code, Some(3));
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["item"]["differences"][0]["subject"], said);
    assert_eq!(json["item"]["fences"].as_array().unwrap().len(), owned);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pods_word_stands_beside_configs_and_what_differs_is_marked() {
    let fleet = Fleet::start(4, "1h").await;
    let patient = |pod| {
        let mut command = fleet.pod_command(pod);
        Running::start(command.env("MODBOT_MOVE_CHECK_INTERVAL", "1h"))
    };
    let mut pods = [patient(0), patient(1)];
    pods.iter_mut().for_each(Fleet::attached);
    let hosts = fleet.hosts(2).await;
    let owners = fleet.assign_across(&hosts).await;
    fleet.world.discord.fault(Fault::Clear);
    fleet.live().await;
    fleet.world.discord.burst(&messages(1), 20);
    fleet.quiet().await;

    let agreed = ctl(&fleet, "shard inspect 0");
    assert_eq!(agreed.code, Some(0), "{agreed:?}");
    assert!(agreed.stdout.contains("FENCE (pod)"), "{}", agreed.stdout);
    assert!(agreed.stdout.contains("serving"), "{}", agreed.stdout);
    assert!(
        agreed.stdout.contains("2 of 2 live") && !agreed.stdout.contains("<>"),
        "{}",
        agreed.stdout
    );
    let agreed = ctl(&fleet, "session list");
    assert_eq!(agreed.code, Some(0), "{agreed:?}");
    assert_eq!(
        agreed.stdout.matches("live at 1:").count(),
        4,
        "{}",
        agreed.stdout
    );

    let guild = *owners.iter().find(|(_, pod)| **pod == 0).unwrap().0;
    freeze(&fleet, GuildId::from_i64(guild).unwrap()).await;
    let owned = owners.values().filter(|pod| **pod == 0).count();
    assert_marked(&fleet, guild, owned);

    // A pod that is gone, while config has dealt it sessions still.
    pods[1].kill9();
    let gone = ctl(&fleet, "session list");
    assert_eq!(gone.code, Some(3), "{gone:?}");
    assert_eq!(
        gone.stdout.matches("<> the pod gave no answer").count(),
        2,
        "{}",
        gone.stdout
    );
    assert_eq!(ctl(&fleet, "shard inspect 1").code, Some(8));
}
