//! A pod of a fleet: nothing is served before config has said what; then like any other pod.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::api::Running;
use super::fleet::{self, Fleet, FleetSettings, Pods, attach};
use super::guilds::Guilds;
use super::host::{FleetTickets, FleetTicketsSettings, Hosted, Tickets};
use super::lease::Lease;
use super::moving::Moving;
use super::owner::Ownership;
use super::settings::FleetMember;
use super::start::{Parts, StartError, close};
use crate::client::config_api::{AssignmentAnswer, AttachRequest, ConfigApi, ConfigApiSettings};
use crate::client::pod_api::PodApi;
use crate::runtime::build_info;
use crate::runtime::error_chain::Chain;
use crate::runtime::readiness::Check;
use crate::runtime::service_auth::{Role, SigningKey};

/// Checks the file, then attaches and runs in the background.
pub(super) async fn start(parts: Parts) -> Result<(), StartError> {
    let check = parts.shell.readiness.check("attached");
    let args = parts.settings.fleet.resolve().ok_or(StartError::Unset)?;
    let key = SigningKey::new(Role::Pod, args.key.expose());
    let api_settings = ConfigApiSettings {
        try_time: args.config_timeout,
        call_time: args.config_timeout * 3,
        ..ConfigApiSettings::new(&args.config_url, key.clone())
    };
    let api = ConfigApi::new(&api_settings, Arc::clone(&parts.clock)).map_err(StartError::Config)?;
    let pod_api =
        PodApi::new(key, args.config_timeout, Arc::clone(&parts.clock)).map_err(StartError::Pods)?;
    let (db, pod) = (Arc::clone(&parts.db), args.pod);
    let member = tokio::task::spawn_blocking(move || attach::membership(&db, pod))
        .await
        .map_err(StartError::Broken)??;
    if let Some(position) = &member.position {
        api.remember(position);
    }
    let request = AttachRequest {
        api_url: args.pod_url.clone(),
        capacity: args.capacity,
        zone: args.zone.clone(),
        version: build_info::VERSION.to_owned(),
        boot_id: attach::boot_id().map_err(StartError::BootId)?,
        volume_lineage: member.lineage,
    };
    check.fail("not attached to config yet");
    let tasks = parts.shell.lifecycle.tasks.clone();
    tasks.spawn(async move {
        let db = Arc::clone(&parts.db);
        match join(parts, args, (api, pod_api), &request, &check).await {
            Ok(()) => close(db).await,
            // It stays up to say so: what is wrong here no restart mends.
            Err(error) => {
                let why = Chain(&error).to_string();
                tracing::error!(pod = %pod, why, "this pod cannot join the fleet, and serves nothing");
                check.fail(why);
            }
        }
    });
    Ok(())
}

/// Attaches, and runs until the pod stops.
async fn join(
    parts: Parts,
    args: FleetMember,
    (api, pod_api): (ConfigApi, PodApi),
    request: &AttachRequest,
    check: &Check,
) -> Result<(), StartError> {
    let stop = &parts.shell.lifecycle.draining;
    let told = attach::attach(
        &api,
        args.pod,
        request,
        (&parts.db, &parts.clock),
        (check, stop, parts.settings.retry_max),
    );
    let Some(attached) = told.await? else {
        return Ok(());
    };
    let (since, ttl) = (
        attached.answer.stamp.position.revision,
        Duration::from_millis(attached.answer.value.lease_ttl_ms),
    );
    let assignment = &attached.answer.value.assignment;
    tracing::info!(
        pod = %args.pod, incarnation = assignment.incarnation.get(), guilds = assignment.guilds.len(),
        discord_shards = assignment.discord_shards.len(), lease_ttl_ms = ttl.as_millis(), "attached to the fleet"
    );
    let lease = Lease::from(Arc::clone(&parts.clock), attached.sent, ttl);
    let fleet = Arc::new(fleet_of(
        &parts,
        &args,
        (api, pod_api),
        assignment,
        (lease, check),
    ));
    fleet::take_back(&fleet, assignment).await;
    parts.pod.run(Running {
        host: Arc::clone(&fleet.host),
        fleet: Some(Arc::clone(&fleet)),
    });
    check.ok();
    fleet::run(fleet, since, ttl).await;
    Ok(())
}

fn fleet_of(
    parts: &Parts,
    args: &FleetMember,
    (api, pod_api): (ConfigApi, PodApi),
    assignment: &AssignmentAnswer,
    (lease, check): (Lease, &Check),
) -> Fleet {
    let num_shards = assignment.num_shards;
    let guilds = Arc::new(Guilds::new(args.pod));
    let owner = parts.owner(Ownership::Fleet(Arc::clone(&guilds)), num_shards);
    let owner_loads = owner.loads();
    let hosted = watch::Sender::new(Hosted::new());
    let tickets = FleetTickets::new(
        FleetTicketsSettings {
            api: api.clone(),
            pod: args.pod,
            incarnation: assignment.incarnation,
            num_shards,
            hosted: hosted.subscribe(),
            retry_max: parts.settings.retry_max,
        },
        parts.rest.clone(),
        owner.clone(),
        Arc::clone(&parts.clock),
        parts.metrics.identifies.clone(),
    );
    let host = parts.host(owner, Tickets::Fleet(tickets), hosted, lease.clone(), num_shards);
    Fleet {
        api,
        pod_api,
        pod: args.pod,
        incarnation: assignment.incarnation,
        num_shards,
        lease,
        guilds,
        pods: Pods::default(),
        asked: std::sync::Mutex::default(),
        check: check.clone(),
        loads: owner_loads,
        moving: Moving::beside(parts.db.path()),
        host,
        db: Arc::clone(&parts.db),
        clock: Arc::clone(&parts.clock),
        settings: FleetSettings {
            heartbeat_interval: args.heartbeat_interval,
            retry_max: parts.settings.retry_max,
            forward_batch: u64::try_from(args.forward_batch).unwrap_or(u64::MAX),
            bundle_timeout: args.bundle_timeout,
            move_check_interval: args.move_check_interval,
        },
    }
}
