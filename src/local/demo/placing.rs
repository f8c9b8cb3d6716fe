//! Many callers see the same new guilds at once, through every replica.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::fleet::Fleet;
use super::{DemoError, DemoPod, DemoReport, DemoSettings, DemoStep};
use crate::client::config_api::{ConfigApi, ConfigApiError};
use crate::domain::ids::{GuildId, NumShards, PodId};
use crate::runtime::clock::{Clock, SystemClock};
use crate::runtime::service_auth::Role;
use crate::store::config_db::GuildFilter;

/// Guilds a caller asks for at a time.
const AT_ONCE: usize = 10;

pub(super) async fn place_everywhere(
    fleet: &Fleet,
    settings: &DemoSettings,
    on_step: &mut impl FnMut(DemoStep),
) -> Result<DemoReport, DemoError> {
    let guilds: Arc<[GuildId]> = snowflakes(settings.guilds).into();
    let began = SystemClock.boottime();
    let (answered, mut answers) = mpsc::unbounded_channel();
    let mut callers = Vec::new();
    for number in 0..settings.callers as usize {
        let api = fleet.caller(number, Role::Http)?;
        callers.push(tokio::spawn(call(
            api,
            Arc::clone(&guilds),
            number,
            answered.clone(),
        )));
    }
    drop(answered);
    let total = u64::from(settings.guilds) * u64::from(settings.callers);
    let mut owners: BTreeMap<GuildId, BTreeSet<PodId>> = BTreeMap::new();
    let mut count = 0;
    while let Some((guild, pod)) = answers.recv().await {
        owners.entry(guild).or_default().insert(pod);
        count += 1;
        on_step(DemoStep::Placing(count, total));
    }
    for caller in callers {
        caller.await??;
    }
    let placing = SystemClock.boottime().saturating_sub(began);
    let disagreements = owners.values().map(|pods| pods.len() as u64 - 1).sum();
    report(fleet, count, disagreements, placing).await
}

/// Guilds with ids like Discord's, of which nobody has heard.
fn snowflakes(count: u32) -> Vec<GuildId> {
    let made = (0..count).map(|_| {
        let (_, low) = uuid::Uuid::new_v4().as_u64_pair();
        GuildId::new((low >> 4) | (1 << 58))
    });
    made.filter_map(Result::ok).collect()
}

/// One caller: every guild, beginning somewhere else than its neighbours.
async fn call(
    api: ConfigApi,
    guilds: Arc<[GuildId]>,
    number: usize,
    answered: mpsc::UnboundedSender<(GuildId, PodId)>,
) -> Result<(), ConfigApiError> {
    let mut own: Vec<GuildId> = guilds.to_vec();
    own.rotate_left((number * 31) % guilds.len().max(1));
    for some in own.chunks(AT_ONCE) {
        for placed in api.place(some).await?.value.placed {
            // Nobody listens any more only when another caller has failed.
            let _ = answered.send((placed.guild, placed.pod));
        }
    }
    Ok(())
}

/// Counts from the store itself, not from what the callers were told.
async fn report(
    fleet: &Fleet,
    answers: u64,
    disagreements: u64,
    placing: Duration,
) -> Result<DemoReport, DemoError> {
    let hosts = fleet.db.discord_shards().await?.value;
    let mut pods: Vec<DemoPod> = fleet
        .db
        .pods()
        .await?
        .value
        .iter()
        .map(|row| DemoPod {
            pod: row.pod,
            guilds: row.guilds,
            discord_shards: row.discord_shards,
            at_home: 0,
        })
        .collect();
    let all = GuildFilter {
        limit: u32::MAX,
        ..GuildFilter::default()
    };
    for guild in fleet.db.guilds(&all).await?.value {
        let shard = guild.guild.discord_shard(NumShards::DEFAULT);
        let hosted_by_owner = hosts
            .iter()
            .any(|row| row.shard == shard && row.host == Some(guild.pod));
        if let Some(pod) = pods
            .iter_mut()
            .find(|pod| pod.pod == guild.pod && hosted_by_owner)
        {
            pod.at_home += 1;
        }
    }
    Ok(DemoReport {
        pods,
        answers,
        disagreements,
        placing,
    })
}
