//! A running pod renews its lease and says how it is. None of this raises the revision.

use std::time::Duration;

use sqlx::{Postgres, Transaction};

use super::connection::ConfigDb;
use super::discord_shards::SessionCursor;
use super::error::StoreError;
use super::millis::millis;
use super::stamp::Stamped;
use crate::domain::fleet::PodState;
use crate::domain::ids::{DiscordShardId, Epoch, GuildId, Incarnation, PodId, Revision, SessionNo};
use crate::domain::rest_budget;

/// Advisory lock under which REST shares are handed out: their sum must not be read while another changes it.
const REST_LOCK: i64 = 0x6d6f_6462_6f74_0001;

/// What a running pod says.
#[derive(Debug, Clone, PartialEq)]
pub struct Heartbeat {
    /// Which pod.
    pub pod: PodId,
    /// Its present life.
    pub incarnation: Incarnation,
    /// The size of its database in bytes.
    pub bytes: u64,
    /// Events a second, all its guilds together.
    pub events_per_s: f32,
    /// The part of the REST budget it goes by now, in thousandths of a request a second.
    pub rest_share: u32,
    /// The highest revision it has seen.
    pub known_revision: Revision,
    /// Guilds whose load has changed.
    pub guild_loads: Vec<GuildLoad>,
    /// The sessions it holds.
    pub sessions: Vec<HostedSession>,
}

/// A guild's load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GuildLoad {
    /// Which guild.
    pub guild: GuildId,
    /// The size of its rows in bytes.
    pub bytes: u64,
    /// Events a second.
    pub events_per_s: f32,
}

/// A session that a pod holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostedSession {
    /// Which Discord shard.
    pub shard: DiscordShardId,
    /// Under which host epoch the pod holds it.
    pub host_epoch: Epoch,
    /// The session, with the cursor that the pod's replica holds.
    pub cursor: SessionCursor,
}

/// What the pod is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeartbeatAnswer {
    /// What the operator wants of it.
    pub state: PodState,
    /// Its part of the REST budget from now on, in thousandths of a request a second.
    pub rest_share: u32,
    /// Whether it must report its fences: the store recovers and has not heard of them.
    pub report_fences: bool,
}

impl ConfigDb {
    /// Renews a pod's lease to `ttl` from now and takes in its figures.
    pub async fn heartbeat(
        &self,
        beat: &Heartbeat,
        ttl: Duration,
    ) -> Result<Stamped<HeartbeatAnswer>, StoreError> {
        let stamp = self.stamp().await?;
        let mut tx = self.pool.begin().await?;
        let state = renew(&mut tx, beat, ttl, stamp.recovering).await?;
        let rest_share = self.grant_rest_share(&mut tx, beat).await?;
        write_guild_loads(&mut tx, beat).await?;
        write_sessions(&mut tx, beat).await?;
        let report_fences = stamp.recovering && must_report(&mut tx, beat.pod).await?;
        tx.commit().await?;
        Ok(Stamped {
            value: HeartbeatAnswer {
                state,
                rest_share,
                report_fences,
            },
            stamp,
        })
    }

    async fn grant_rest_share(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        beat: &Heartbeat,
    ) -> Result<u32, StoreError> {
        sqlx::query!("select pg_advisory_xact_lock($1)", REST_LOCK)
            .execute(&mut **tx)
            .await?;
        let row = sqlx::query!(
            r#"select count(*) as "leased!", coalesce(sum(rest_share) filter (where pod_id <> $1), 0)::bigint as "others!"
                 from pod where lease_until > now()"#,
            beat.pod.as_i32()
        )
        .fetch_one(&mut **tx)
        .await?;
        let granted = rest_budget::share(
            u32::try_from(row.leased).unwrap_or(u32::MAX),
            row.others.cast_unsigned(),
        );
        // Until the pod has said that it goes by the smaller share, the larger one counts.
        let held = granted.max(beat.rest_share.min(rest_budget::FLEET_MILLI_PER_S));
        sqlx::query!(
            "update pod set rest_share = $2 where pod_id = $1",
            beat.pod.as_i32(),
            held.cast_signed()
        )
        .execute(&mut **tx)
        .await?;
        Ok(granted)
    }
}

/// Renews the lease. While the store recovers, a pod whose incarnation the old copy does not know is
/// believed: it was minted in the history that was lost.
async fn renew(
    tx: &mut Transaction<'static, Postgres>,
    beat: &Heartbeat,
    ttl: Duration,
    recovering: bool,
) -> Result<PodState, StoreError> {
    let renewed = sqlx::query_scalar!(
        "update pod set renewed_at = now(), lease_until = now() + $3 * interval '1 ms', detached_at = null,
                incarnation = $2, bytes = $4, events_per_s = $5, known_revision = greatest(known_revision, $6)
          where pod_id = $1 and (incarnation = $2 or ($7 and incarnation < $2))
      returning state",
        beat.pod.as_i32(),
        beat.incarnation.as_i64(),
        millis(ttl),
        i64::try_from(beat.bytes).unwrap_or(i64::MAX),
        beat.events_per_s,
        beat.known_revision.as_i64(),
        recovering
    )
    .fetch_optional(&mut **tx)
    .await?;
    if let Some(state) = renewed {
        return state
            .parse()
            .map_err(|e: crate::domain::fleet::PodStateError| super::pods::corrupt(&e));
    }
    let current = sqlx::query_scalar!("select incarnation from pod where pod_id = $1", beat.pod.as_i32())
        .fetch_optional(&mut **tx)
        .await?;
    Err(match current {
        None => StoreError::NoSuchPod(beat.pod),
        Some(current) => StoreError::StaleIncarnation {
            pod: beat.pod,
            given: beat.incarnation,
            current: Incarnation::from_i64(current),
        },
    })
}

async fn write_guild_loads(
    tx: &mut Transaction<'static, Postgres>,
    beat: &Heartbeat,
) -> Result<(), StoreError> {
    if beat.guild_loads.is_empty() {
        return Ok(());
    }
    let guilds: Vec<i64> = beat.guild_loads.iter().map(|l| l.guild.as_i64()).collect();
    let bytes: Vec<i64> = beat
        .guild_loads
        .iter()
        .map(|l| i64::try_from(l.bytes).unwrap_or(i64::MAX))
        .collect();
    let rates: Vec<f32> = beat.guild_loads.iter().map(|l| l.events_per_s).collect();
    sqlx::query!(
        "update guild g set bytes = l.bytes, events_per_s = l.rate
           from unnest($2::bigint[], $3::bigint[], $4::real[]) as l(guild_id, bytes, rate)
          where g.guild_id = l.guild_id and g.pod_id = $1",
        beat.pod.as_i32(),
        &guilds,
        &bytes,
        &rates
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Keeps a copy of each session for adoption; only from the host, and only forward.
async fn write_sessions(tx: &mut Transaction<'static, Postgres>, beat: &Heartbeat) -> Result<(), StoreError> {
    for session in &beat.sessions {
        sqlx::query!(
            "update discord_shard
                set session_id = $4, resume_url = $5, resume_at = $6
              where shard_id = $1 and host_pod = $2 and host_epoch = $3 and session_no = $7",
            session.shard.as_i32(),
            beat.pod.as_i32(),
            session.host_epoch.as_i64(),
            session.cursor.session_id,
            session.cursor.resume_url,
            session.cursor.resume_at.cast_signed(),
            SessionNo::as_i64(session.cursor.session_no)
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

async fn must_report(tx: &mut Transaction<'static, Postgres>, pod: PodId) -> Result<bool, StoreError> {
    let reported = sqlx::query_scalar!(
        r#"select exists (select from recovery_pod where pod_id = $1 and reported_at is not null) as "reported!""#,
        pod.as_i32()
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(!reported)
}
