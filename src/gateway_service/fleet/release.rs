//! A clean stop: the sessions are let go with their exact cursors, for this pod's next life or, later, for others.

use super::Fleet;
use super::heartbeat::cursor_of;
use crate::client::config_api::ReleaseRequest;
use crate::domain::ids::DiscordShardId;
use crate::gateway_service::host::Hosting;
use crate::runtime::error_chain::Chain;

/// Lets every session go, and the lease with them. What config does not hear stays this pod's.
pub(super) async fn run(fleet: &Fleet) {
    let hosted = fleet.host.hosted.borrow().clone();
    let all = hosted.len();
    let mut released = 0;
    for (shard, hosting) in hosted {
        match release(fleet, shard, &hosting).await {
            Ok(()) => released += 1,
            Err(why) => {
                tracing::warn!(
                    discord_shard = shard.get(),
                    why,
                    "the session stays this pod's; its next start resumes it"
                );
            }
        }
    }
    let detached = fleet.api.clone().detach(fleet.pod, fleet.incarnation).await;
    if let Err(error) = detached {
        tracing::warn!(error = %Chain(&error), "config did not hear that this pod stopped: its lease runs out by itself");
    }
    tracing::info!(released, of = all, "the sessions are let go");
}

async fn release(fleet: &Fleet, shard: DiscordShardId, hosting: &Hosting) -> Result<(), String> {
    let text = |error: &(dyn std::error::Error + 'static)| Chain(error).to_string();
    let owner = &fleet.host.owner;
    let waiting = owner
        .waiting_of_shard(shard)
        .await
        .map_err(|error| text(&error))?;
    if waiting > 0 {
        // A new host would send later frames past these.
        return Err(format!("{waiting} of its frames wait for their owners"));
    }
    let row = owner.session(shard).await.map_err(|error| text(&error))?;
    let request = ReleaseRequest {
        pod: fleet.pod,
        incarnation: fleet.incarnation,
        host_epoch: hosting.host_epoch,
        cursor: row.and_then(|row| cursor_of(&row, &fleet.host.settings.gateway_url)),
    };
    let answer = fleet.api.release(shard, &request).await;
    answer.map(drop).map_err(|error| text(&error))
}
