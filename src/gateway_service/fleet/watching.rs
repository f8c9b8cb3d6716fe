//! What changes in the fleet, as it changes.

use std::sync::Arc;

use serde::Deserialize;

use super::{Fleet, assignment};
use crate::client::config_api::{ConfigApiError, MoveInfo, WatchChange, WatchEvent, WatchLine};
use crate::domain::ids::{DiscordShardId, Epoch, GuildId, PodId, Revision};
use crate::gateway_service::guilds::{Known, Standing};
use crate::gateway_service::moving;
use crate::gateway_service::pause::Pause;
use crate::runtime::error_chain::Chain;

/// Beyond so many guilds in one line the whole assignment is cheaper.
const MANY: usize = 50;

#[derive(Deserialize)]
struct GuildChanged {
    guild: GuildId,
    pod: Option<PodId>,
    epoch: Option<Epoch>,
}

#[derive(Deserialize)]
struct DiscordShardChanged {
    discord_shard: DiscordShardId,
    host: Option<PodId>,
}

/// What a line asks for.
#[derive(Default)]
struct ToDo {
    everything: bool,
    pods: bool,
    guilds: Vec<GuildId>,
}

/// Follows the fleet's changes until the pod stops.
pub(super) async fn run(fleet: Arc<Fleet>, since: Revision) {
    let mut pause = Pause::new(fleet.settings.retry_max);
    let mut watch = fleet.api.watch(since);
    // Whatever was missed between attaching and the first line is read with the first list.
    let mut relist = true;
    while !fleet.host.stop.is_cancelled() && fleet.lease.fenced().is_none() {
        let step = async {
            if relist {
                let revision = assignment::read_anew(&fleet).await?;
                watch.restart_from(revision);
                return Ok(false);
            }
            match watch.next().await? {
                WatchEvent::Relist => Ok(true),
                WatchEvent::Line(line) => take_in(&fleet, &line).await.map(|()| false),
            }
        };
        let stepped: Result<bool, ConfigApiError> = tokio::select! {
            stepped = step => stepped,
            () = fleet.host.stop.cancelled() => return,
        };
        match stepped {
            Ok(again) => {
                relist = again;
                pause.reset();
            }
            Err(error) => {
                if fleet.fence_by(&error) {
                    return;
                }
                tracing::warn!(error = %Chain(&error), "the fleet's changes cannot be followed; everything is read anew");
                relist = true;
                if !pause.wait(&fleet.host.stop).await {
                    return;
                }
            }
        }
    }
}

async fn take_in(fleet: &Arc<Fleet>, line: &WatchLine) -> Result<(), ConfigApiError> {
    let mut to_do = ToDo::default();
    for change in &line.changes {
        if change.kind == "move"
            && let Ok(info) = serde_json::from_value::<MoveInfo>(change.body.clone())
        {
            moving::follow_line(fleet, &info).await;
        }
        note(fleet, change, &mut to_do);
    }
    if to_do.everything || to_do.guilds.len() > MANY {
        return assignment::read_anew(fleet).await.map(drop);
    }
    if to_do.pods {
        let pods = fleet.api.pods().await?;
        fleet.pods.learn(pods.value.pods);
        fleet.host.waiting.forwarding.notify_one();
    }
    for guild in to_do.guilds {
        if let Some(answer) = fleet.api.guild(guild).await? {
            let info = answer.value;
            let known = Known {
                pod: info.pod,
                epoch: info.epoch,
                born: info.born,
                troubled: info.trouble.is_some(),
            };
            fleet.guilds.learn(guild, known);
            fleet.host.waiting.all();
        }
    }
    Ok(())
}

fn note(fleet: &Fleet, change: &WatchChange, to_do: &mut ToDo) {
    match change.kind.as_str() {
        "pod" => to_do.pods = true,
        "store" => to_do.everything = true,
        "discord_shard" => {
            let hosted = fleet.host.hosted.borrow();
            to_do.everything |= serde_json::from_value::<DiscordShardChanged>(change.body.clone())
                .map_or(true, |it| {
                    it.host == Some(fleet.pod) || hosted.contains_key(&it.discord_shard)
                });
        }
        "guild" => match serde_json::from_value::<GuildChanged>(change.body.clone()) {
            Ok(GuildChanged {
                guild,
                pod: Some(pod),
                epoch: Some(epoch),
            }) if concerns(fleet, guild, pod, epoch) => to_do.guilds.push(guild),
            Ok(_) => {}
            Err(_) => to_do.everything = true,
        },
        _ => {}
    }
}

/// Whether a guild's owner is news to us: a guild that is ours now, or one that we forward or own.
fn concerns(fleet: &Fleet, guild: GuildId, pod: PodId, epoch: Epoch) -> bool {
    match fleet.guilds.standing(guild) {
        Standing::Unknown => pod == fleet.pod,
        Standing::Alone => false,
        Standing::Mine { .. } | Standing::Elsewhere(_) | Standing::Troubled => fleet
            .guilds
            .get(guild)
            .is_none_or(|known| (known.pod, known.epoch) != (pod, epoch)),
    }
}
