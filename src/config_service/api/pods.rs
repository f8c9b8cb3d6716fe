//! Pods: list, attach, heartbeat, detach.

use axum::extract::State;
use serde::Deserialize;

use super::{Shared, discord_shards, params};
use crate::client::config_api::{
    AssignmentAnswer, AttachAnswer, AttachRequest, DetachRequest, HeartbeatAnswer, HeartbeatRequest,
    MoveInfo, OwnedGuildInfo, PodInfo, PodList,
};
use crate::config_service::reply::{Done, Outcome, Reply};
use crate::domain::ids::{Incarnation, PodId};
use crate::runtime::extract::{Json, Path, Query};
use crate::runtime::problem::Problem;
use crate::store::config_db::{
    ActiveMove, Assignment, Attach, GuildLoad, Heartbeat, HostedSession, OwnedGuild, PodRow,
};

/// `GET /v1/pods`.
pub(super) async fn list(State(service): Shared) -> Outcome<PodList> {
    let pods = service.db.pods().await?;
    Ok(Reply::from_store(pods, |pods| PodList {
        pods: pods.into_iter().map(pod_info).collect(),
    }))
}

/// `GET /v1/pods/{pod}`.
pub(super) async fn one(State(service): Shared, Path(pod): Path<String>) -> Outcome<PodInfo> {
    let found = service.db.pod(params::pod(&pod)?).await?;
    Ok(Reply::from_store(found, pod_info))
}

/// `POST /v1/pods/{pod}/attach`.
pub(super) async fn attach(
    State(service): Shared,
    Path(pod): Path<String>,
    Json(ask): Json<AttachRequest>,
) -> Outcome<AttachAnswer> {
    let pod = params::pod(&pod)?;
    check(&ask)?;
    let ask = Attach {
        pod,
        api_url: ask.api_url,
        capacity: ask.capacity,
        zone: ask.zone,
        version: ask.version,
        boot_id: ask.boot_id,
        volume_lineage: ask.volume_lineage,
    };
    let settings = &service.settings;
    let attached = service
        .db
        .attach(&ask, settings.lease_ttl, settings.lineage_keep)
        .await?;
    service.pokes.deal.poke();
    Ok(Reply::from_store(attached, |attached| AttachAnswer {
        assignment: assignment_answer(attached.assignment),
        lineage: attached.lineage,
        lineage_is_new: attached.lineage_is_new,
        lease_ttl_ms: settings.lease_ttl_ms(),
    }))
}

fn check(ask: &AttachRequest) -> Result<(), Problem> {
    params::text("api_url", &ask.api_url, 8..=300)?;
    params::text("zone", &ask.zone, 0..=100)?;
    params::text("version", &ask.version, 1..=100)?;
    params::text("boot_id", &ask.boot_id, 1..=100)?;
    if !(ask.api_url.starts_with("http://") || ask.api_url.starts_with("https://")) {
        return Err(Problem::bad_request(
            "api_url must begin with http:// or https://",
        ));
    }
    if !(1..=1_000_000).contains(&ask.capacity) {
        return Err(Problem::bad_request(format!(
            "capacity {}: 1 to 1000000 are allowed",
            ask.capacity
        )));
    }
    if ask
        .volume_lineage
        .is_some_and(|lineage| i64::try_from(lineage).is_err())
    {
        return Err(Problem::bad_request("volume_lineage is too large"));
    }
    Ok(())
}

/// Which life of a pod asks.
#[derive(Debug, Deserialize)]
pub(super) struct Life {
    incarnation: Incarnation,
}

/// `GET /v1/pods/{pod}/assignment?incarnation=`.
pub(super) async fn assignment(
    State(service): Shared,
    Path(pod): Path<String>,
    Query(life): Query<Life>,
) -> Outcome<AssignmentAnswer> {
    let assignment = service
        .db
        .assignment(params::pod(&pod)?, life.incarnation)
        .await?;
    Ok(Reply::from_store(assignment, assignment_answer))
}

/// `POST /v1/pods/{pod}/heartbeat`.
pub(super) async fn heartbeat(
    State(service): Shared,
    Path(pod): Path<String>,
    Json(beat): Json<HeartbeatRequest>,
) -> Outcome<HeartbeatAnswer> {
    let beat = heartbeat_of(params::pod(&pod)?, beat)?;
    let answer = service.db.heartbeat(&beat, service.settings.lease_ttl).await?;
    Ok(Reply::from_store(answer, |answer| HeartbeatAnswer {
        state: answer.state,
        rest_share: answer.rest_share,
        report_fences: answer.report_fences,
        lease_ttl_ms: service.settings.lease_ttl_ms(),
    }))
}

fn heartbeat_of(pod: PodId, beat: HeartbeatRequest) -> Result<Heartbeat, Problem> {
    params::rate("events_per_s", beat.events_per_s)?;
    params::revision("known_revision", beat.known_revision)?;
    let mut guild_loads = Vec::with_capacity(beat.guild_loads.len());
    for load in beat.guild_loads {
        params::rate("guild_loads[].events_per_s", load.events_per_s)?;
        guild_loads.push(GuildLoad {
            guild: load.guild,
            bytes: load.bytes,
            events_per_s: load.events_per_s,
        });
    }
    let mut sessions = Vec::with_capacity(beat.sessions.len());
    for session in beat.sessions {
        sessions.push(HostedSession {
            shard: session.discord_shard,
            host_epoch: session.host_epoch,
            cursor: discord_shards::cursor(session.cursor)?,
        });
    }
    Ok(Heartbeat {
        pod,
        incarnation: beat.incarnation,
        bytes: beat.bytes,
        events_per_s: beat.events_per_s,
        rest_share: beat.rest_share,
        known_revision: beat.known_revision,
        guild_loads,
        sessions,
    })
}

/// `POST /v1/pods/{pod}/detach`.
pub(super) async fn detach(
    State(service): Shared,
    Path(pod): Path<String>,
    Json(ask): Json<DetachRequest>,
) -> Outcome<Done> {
    let detached = service.db.detach(params::pod(&pod)?, ask.incarnation).await?;
    service.pokes.deal.poke();
    Ok(Reply::done(&detached))
}

fn pod_info(row: PodRow) -> PodInfo {
    PodInfo {
        pod: row.pod,
        incarnation: row.incarnation,
        state: row.state,
        api_url: row.api_url,
        capacity: row.capacity,
        zone: row.zone,
        version: row.version,
        lease_left_ms: row.lease_left_ms,
        detached_at_ms: row.detached_at_ms,
        guilds: row.guilds,
        discord_shards: row.discord_shards,
        bytes: row.bytes,
        events_per_s: row.events_per_s,
    }
}

fn assignment_answer(assignment: Assignment) -> AssignmentAnswer {
    AssignmentAnswer {
        incarnation: assignment.incarnation,
        guilds: assignment.guilds.into_iter().map(owned_guild).collect(),
        moves: assignment.moves.iter().map(move_info).collect(),
        discord_shards: assignment
            .discord_shards
            .into_iter()
            .map(discord_shards::info)
            .collect(),
        num_shards: assignment.num_shards,
    }
}

fn owned_guild(guild: OwnedGuild) -> OwnedGuildInfo {
    OwnedGuildInfo {
        guild: guild.guild,
        epoch: guild.epoch,
        born: guild.born,
        raise_from: guild.raise_from,
        trouble: guild.trouble,
    }
}

fn move_info(active: &ActiveMove) -> MoveInfo {
    MoveInfo {
        move_id: active.move_id,
        guild: active.guild,
        src: active.src,
        dst: active.dst,
        epoch: active.epoch,
        step: active.step,
        freeze_no: active.freeze_no,
    }
}
