//! The lease, renewed; and what config is told with it.

use std::sync::Arc;
use std::time::Duration;

use super::Fleet;
use crate::client::config_api::{
    Cursor, FenceInfo, FencesRequest, HeartbeatRequest, HostedSessionInfo, SessionInfo,
};
use crate::domain::fence::{FenceMode, FenceState};
use crate::domain::ids::{GuildId, Revision};
use crate::gateway_service::session_rows;
use crate::runtime::error_chain::Chain;
use crate::store::shard_db::WriteError;

/// Fences in one read.
const PAGE: u32 = 1000;

/// Renews the lease until the pod stops or another process takes its place.
pub(super) async fn run(fleet: Arc<Fleet>, mut ttl: Duration) {
    let api = fleet.api.clone().with_call_time(Duration::ZERO);
    let mut rest_share = 0;
    let mut silent = false;
    let mut frames_before = fleet.host.metrics.settled();
    let mut last = fleet.clock.boottime();
    let mut last_loads = last;
    loop {
        let interval = fleet.settings.heartbeat_interval.min(ttl / 3);
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = fleet.host.stop.cancelled() => return,
        }
        let sent = fleet.clock.boottime();
        let frames = fleet.host.metrics.settled();
        let rate = rate(frames - frames_before, sent.saturating_sub(last));
        let time = sent.saturating_sub(last_loads);
        last_loads = sent;
        let beat = match beat(&fleet, rate, rest_share, time).await {
            Ok(beat) => beat,
            Err(error) => {
                tracing::error!(error = %Chain(&error), "no heartbeat: the shard database cannot be read");
                continue;
            }
        };
        match api.heartbeat(fleet.pod, &beat).await {
            Ok(answer) => {
                (frames_before, last) = (frames, sent);
                fleet.loads.told(&beat.guild_loads);
                ttl = Duration::from_millis(answer.value.lease_ttl_ms);
                rest_share = answer.value.rest_share;
                fleet.host.sender.gate.set_share(rest_share);
                fleet.lease.renew(sent, ttl);
                if std::mem::take(&mut silent) {
                    tracing::info!("config answers again");
                }
                if answer.value.report_fences {
                    report_fences(&fleet).await;
                }
            }
            Err(error) => {
                if fleet.fence_by(&error) {
                    return;
                }
                // Nobody can be given this pod's guilds meanwhile: there is no replica to bring them back from.
                fleet.lease.renew(sent, ttl);
                if !std::mem::replace(&mut silent, true) {
                    tracing::warn!(error = %Chain(&error), "config is silent: this pod goes on with what it owns and hosts; nothing changes hands");
                }
            }
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a rate for people and for balancing"
)]
fn rate(frames: u64, time: Duration) -> f32 {
    if time.is_zero() {
        return 0.0;
    }
    (frames as f64 / time.as_secs_f64()) as f32
}

async fn beat(
    fleet: &Arc<Fleet>,
    events_per_s: f32,
    rest_share: u32,
    since_loads: Duration,
) -> Result<HeartbeatRequest, WriteError> {
    let (bytes, sessions) = read(fleet, |fleet| Ok((bytes(fleet)?, sessions(fleet)?))).await?;
    let known = fleet.api.known();
    Ok(HeartbeatRequest {
        incarnation: fleet.incarnation,
        bytes,
        events_per_s,
        rest_share,
        known_revision: known.map_or_else(Revision::default, |position| position.revision),
        guild_loads: fleet.loads.beat(since_loads),
        sessions,
    })
}

async fn read<T: Send + 'static>(
    fleet: &Arc<Fleet>,
    work: impl FnOnce(&Fleet) -> Result<T, WriteError> + Send + 'static,
) -> Result<T, WriteError> {
    let fleet = Arc::clone(fleet);
    let done = tokio::task::spawn_blocking(move || work(&fleet)).await;
    done.unwrap_or_else(|error| Err(WriteError::Panicked(error.to_string())))
}

fn bytes(fleet: &Fleet) -> Result<u64, WriteError> {
    let sql = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
    let bytes: i64 = fleet.db.read(|connection| {
        Ok::<_, WriteError>(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    })?;
    Ok(bytes.unsigned_abs())
}

/// The sessions in the file that are held under the host epoch that config knows.
fn sessions(fleet: &Fleet) -> Result<Vec<HostedSessionInfo>, WriteError> {
    let hosted = fleet.host.hosted.borrow().clone();
    fleet.db.read(|connection| {
        let mut sessions = Vec::with_capacity(hosted.len());
        for (shard, hosting) in hosted {
            let row = session_rows::read(connection, shard)?;
            let row = row.filter(|row| row.host_epoch == hosting.host_epoch);
            if let Some(cursor) = row.and_then(|row| cursor_of(&row, &fleet.host.settings.gateway_url)) {
                sessions.push(HostedSessionInfo {
                    discord_shard: shard,
                    host_epoch: hosting.host_epoch,
                    cursor,
                });
            }
        }
        Ok(sessions)
    })
}

/// A session as config is told of it; none where there is nothing to resume.
pub(super) fn cursor_of(row: &session_rows::SessionRow, gateway_url: &str) -> Option<Cursor> {
    Some(Cursor {
        session_no: row.cursor.session_no,
        session_id: row.session_id.clone()?,
        resume_url: row.resume_url.clone().unwrap_or_else(|| gateway_url.to_owned()),
        resume_at: row.cursor.seq,
    })
}

/// The store went back in time, and the pods' fences are its memory.
async fn report_fences(fleet: &Arc<Fleet>) {
    let gathered = read(fleet, |fleet| {
        let sessions = sessions(fleet)?;
        Ok((fences(fleet)?, sessions))
    });
    let (fences, sessions) = match gathered.await {
        Ok(gathered) => gathered,
        Err(error) => {
            tracing::error!(error = %Chain(&error), "the fences could not be read, and config waits for them");
            return;
        }
    };
    let sessions = sessions.into_iter().map(|it| SessionInfo {
        discord_shard: it.discord_shard,
        host_epoch: it.host_epoch,
        session_no: it.cursor.session_no,
    });
    let known = fleet.api.known();
    let count = fences.len();
    let report = FencesRequest {
        incarnation: fleet.incarnation,
        known_revision: known.map_or_else(Revision::default, |position| position.revision),
        fences,
        sessions: sessions.collect(),
    };
    match fleet.api.report_fences(fleet.pod, &report).await {
        Ok(_) => tracing::info!(fences = count, "config recovers: the fences were reported"),
        Err(error) => tracing::warn!(error = %Chain(&error), "the fences could not be reported"),
    }
}

fn fences(fleet: &Fleet) -> Result<Vec<FenceInfo>, WriteError> {
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let guilds = fleet
            .db
            .read(|connection| session_rows::guilds_after(connection, after, PAGE))?;
        let Some(last) = guilds.last().copied() else {
            return Ok(all);
        };
        for guild in guilds {
            if let Some(fence) = fleet.db.fence(guild)? {
                all.push(FenceInfo {
                    guild,
                    epoch: fence.state.epoch,
                    mode: reported(&fence.state),
                });
            }
        }
        after = GuildId::as_i64(last);
    }
}

/// An import that was given up never owned the guild.
fn reported(state: &FenceState) -> FenceMode {
    match state.mode {
        FenceMode::Tombstone if state.move_id.is_some() && state.digest.is_none() => FenceMode::Importing,
        mode => mode,
    }
}
