//! `POST /v1/frames`: another pod's session brought frames of guilds that are owned here.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;

use super::Pod;
use crate::client::pod_api::{ForwardedFrame, FramesAnswer, FramesRefused, FramesRequest, GuildFrames};
use crate::domain::ids::GuildId;
use crate::gateway_service::frame::Frame;
use crate::gateway_service::owner::{Delivered, Delivery};
use crate::runtime::extract::Json;
use crate::runtime::problem::Problem;
use crate::store::shard_db::WriteError;

pub(super) async fn deliver(
    State(pod): State<Pod>,
    Json(request): Json<FramesRequest>,
) -> Result<Json<FramesAnswer>, Problem> {
    let running = pod.running()?;
    let host = &running.host;
    let lease_over = || {
        Problem::unavailable("lease_over", "this pod's lease is over", Duration::from_secs(1))
            .hint("it answers again once config has renewed it")
    };
    if !host.lease.holds() {
        return Err(lease_over());
    }
    if let Some(id) = request.bot_user_id {
        host.owner.note_bot(id).await.map_err(|error| failed(&error))?;
    }
    let mut by_guild: BTreeMap<GuildId, Vec<Delivered>> = BTreeMap::new();
    for frame in request.frames {
        let guild = frame.guild;
        let delivered = delivered(&frame, host.settings.num_shards)?;
        by_guild.entry(guild).or_default().push(delivered);
    }
    let waiting: Vec<_> = by_guild
        .into_iter()
        .map(|(guild, frames)| async move {
            let count = frames.len();
            (guild, count, host.owner.deliver(guild, frames).await)
        })
        .collect();
    let mut guilds = Vec::with_capacity(waiting.len());
    // In flight together, so that they share a commit.
    for (guild, count, delivery) in futures_util::future::join_all(waiting).await {
        let delivery = delivery.map_err(|error| failed(&error))?;
        if matches!(delivery, Delivery::Kept(_)) {
            (0..count).for_each(|_| host.metrics.frame("delivered"));
        } else if let Some(fleet) = &running.fleet {
            fleet.asked_for(guild);
        }
        guilds.push(answer(guild, delivery));
    }
    // Committed, and perhaps for nobody: what is not acknowledged comes again to whoever owns the guild then.
    if !host.lease.holds() {
        return Err(lease_over());
    }
    Ok(Json(FramesAnswer { guilds }))
}

fn delivered(
    frame: &ForwardedFrame,
    num_shards: crate::domain::ids::NumShards,
) -> Result<Delivered, Problem> {
    let shard = num_shards.shard(frame.discord_shard).ok_or_else(|| {
        Problem::bad_request(format!(
            "discord_shard {} of {}",
            frame.discord_shard,
            num_shards.get()
        ))
    })?;
    let read = Frame::read(frame.raw.get().to_owned());
    let read = read.map_err(|error| Problem::bad_request(format!("a frame cannot be read: {error}")))?;
    let read = read.ok_or_else(|| Problem::bad_request("a frame is no dispatch"))?;
    // Without its data it does not say.
    if frame.too_large.is_none() && read.guild != Ok(Some(frame.guild)) {
        return Err(Problem::bad_request(format!(
            "a frame is not of guild {}",
            frame.guild
        )));
    }
    Ok(Delivered {
        shard,
        at: frame.position,
        frame: read,
        too_large: frame.too_large,
    })
}

fn answer(guild: GuildId, delivery: Delivery) -> GuildFrames {
    let (kept_until, refused) = match delivery {
        Delivery::Kept(position) => (Some(position), None),
        Delivery::NotOwned => (None, Some(FramesRefused::NotOwned)),
        Delivery::NotServed => (None, Some(FramesRefused::NotServed)),
    };
    GuildFrames {
        guild,
        kept_until,
        refused,
    }
}

fn failed(error: &WriteError) -> Problem {
    Problem::unavailable(
        "not_written",
        "the frames could not be written",
        Duration::from_secs(1),
    )
    .caused_by(error)
}
