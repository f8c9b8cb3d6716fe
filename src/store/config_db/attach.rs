//! A pod starts, and a pod stops.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::change::{By, Change};
use super::connection::ConfigDb;
use super::discord_shards::DiscordShardRow;
use super::error::StoreError;
use super::millis::millis;
use super::stamp::Stamped;
use crate::domain::ids::{Epoch, GuildId, Incarnation, NumShards, PodId};
use crate::domain::lineage::{Lineage, LineageFacts, decide};
use crate::domain::move_step::MoveStep;

/// What a starting pod says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attach {
    /// Which pod.
    pub pod: PodId,
    /// Where its API listens.
    pub api_url: String,
    /// Its weight.
    pub capacity: u32,
    /// Its failure zone; may be empty.
    pub zone: String,
    /// The program's version.
    pub version: String,
    /// The machine's boot id. The pod holds the lock of its volume when it says so.
    pub boot_id: String,
    /// The lineage written in its file; `None`: the volume is empty.
    pub volume_lineage: Option<u64>,
}

/// A guild that a pod owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedGuild {
    /// Which guild.
    pub guild: GuildId,
    /// Its epoch: the pod serves only where its fence says exactly this.
    pub epoch: Epoch,
    /// Whether it was ever served: then a pod without its rows has lost them, and must not begin it anew.
    pub born: bool,
    /// After a recovery: the one fence epoch that may be raised to `epoch`.
    pub raise_from: Option<Epoch>,
    /// After a recovery: why nobody may serve it yet.
    pub trouble: Option<String>,
}

/// A move that a pod takes part in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveMove {
    /// Which move.
    pub move_id: Uuid,
    /// Which guild.
    pub guild: GuildId,
    /// From where.
    pub src: PodId,
    /// To where.
    pub dst: PodId,
    /// The guild's epoch after the flip.
    pub epoch: Epoch,
    /// How far it has come.
    pub step: MoveStep,
    /// The number of the present freeze.
    pub freeze_no: u32,
}

/// What a pod is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Its present incarnation.
    pub incarnation: Incarnation,
    /// Its guilds; empty while the store recovers, which is no sign that it owns none.
    pub guilds: Vec<OwnedGuild>,
    /// Moves it takes part in.
    pub moves: Vec<ActiveMove>,
    /// Discord shards it hosts.
    pub discord_shards: Vec<DiscordShardRow>,
    /// Discord shards of the fleet.
    pub num_shards: NumShards,
}

/// What a starting pod is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// Its work, under the incarnation minted now.
    pub assignment: Assignment,
    /// The lineage to replicate under.
    pub lineage: u64,
    /// Whether that lineage begins now: the local meta directory must go.
    pub lineage_is_new: bool,
}

struct Former {
    incarnation: i64,
    lineage: i64,
    boot_id: String,
    detached: bool,
    lease_left_ms: i64,
}

impl ConfigDb {
    /// Takes a starting pod in: mints its incarnation, starts its lease, decides its lineage.
    ///
    /// While the store recovers the pod gets an incarnation, so that it can report, and no guilds.
    ///
    /// # Errors
    /// [`StoreError::LeaseHeld`] where a former process under this ordinal may still be alive elsewhere.
    pub async fn attach(
        &self,
        ask: &Attach,
        ttl: Duration,
        keep_retired_lineage: Duration,
    ) -> Result<Stamped<Attached>, StoreError> {
        let mut change = self
            .begin_change_even_recovering(&By::daemon(&ask.pod.to_string()))
            .await?;
        let former = former(&mut change, ask.pod).await?;
        let lineage = decide_lineage(ask, former.as_ref());
        if let Some(former) = &former {
            refuse_if_alive_elsewhere(ask, former)?;
            if let Lineage::New(_) = lineage {
                change
                    .clean_lineage(ask.pod, former.lineage, keep_retired_lineage)
                    .await?;
            }
        }
        let incarnation = mint(&mut change).await?;
        write_pod(&mut change, ask, incarnation, lineage, ttl).await?;
        let assignment = change.assignment(ask.pod, incarnation).await?;
        let told = serde_json::json!({
            "pod": ask.pod, "incarnation": incarnation, "api_url": ask.api_url, "lineage": lineage.number(),
        });
        change.tell("pod", ask.pod.to_string(), &told);
        change.record("pod.attach", ask.pod.to_string(), &told);
        let lineage_is_new = !matches!(lineage, Lineage::Keep(_));
        change
            .commit(
                self,
                Attached {
                    assignment,
                    lineage: lineage.number(),
                    lineage_is_new,
                },
            )
            .await
    }

    /// Notes a clean stop: the lease ends now, and the next start need not wait for it.
    pub async fn detach(&self, pod: PodId, incarnation: Incarnation) -> Result<Stamped<()>, StoreError> {
        let mut change = self
            .begin_change_even_recovering(&By::daemon(&pod.to_string()))
            .await?;
        change.expect_incarnation(pod, incarnation).await?;
        sqlx::query!(
            "update pod set lease_until = now(), detached_at = now(), rest_share = 0 where pod_id = $1",
            pod.as_i32()
        )
        .execute(&mut *change.tx)
        .await?;
        change.tell(
            "pod",
            pod.to_string(),
            serde_json::json!({ "pod": pod, "detached": true }),
        );
        change.record(
            "pod.detach",
            pod.to_string(),
            serde_json::json!({ "incarnation": incarnation }),
        );
        change.commit(self, ()).await
    }

    /// A running pod's work, read anew.
    pub async fn assignment(
        &self,
        pod: PodId,
        incarnation: Incarnation,
    ) -> Result<Stamped<Assignment>, StoreError> {
        let mut change = self
            .begin_change_even_recovering(&By::daemon(&pod.to_string()))
            .await?;
        change.expect_incarnation(pod, incarnation).await?;
        let assignment = change.assignment(pod, incarnation).await?;
        change.commit(self, assignment).await
    }
}

async fn former(change: &mut Change, pod: PodId) -> Result<Option<Former>, StoreError> {
    let row = sqlx::query_as!(
        Former,
        r#"select incarnation, lineage, boot_id, detached_at is not null as "detached!",
                  (extract(epoch from lease_until - now()) * 1000)::bigint as "lease_left_ms!"
             from pod where pod_id = $1 for update"#,
        pod.as_i32()
    )
    .fetch_optional(&mut *change.tx)
    .await?;
    Ok(row)
}

fn decide_lineage(ask: &Attach, former: Option<&Former>) -> Lineage {
    decide(LineageFacts {
        stored: former.map_or(1, |f| f.lineage.cast_unsigned()),
        on_volume: ask.volume_lineage,
        clean_stop: former.is_some_and(|f| f.detached),
        same_boot: former.is_some_and(|f| f.boot_id == ask.boot_id),
        ever_started: former.is_some_and(|f| f.incarnation > 0),
    })
}

/// The same boot id and the volume's lock prove the former process dead; otherwise its lease must be over.
fn refuse_if_alive_elsewhere(ask: &Attach, former: &Former) -> Result<(), StoreError> {
    if former.lease_left_ms > 0 && !former.detached && former.boot_id != ask.boot_id {
        return Err(StoreError::LeaseHeld {
            pod: ask.pod,
            retry_after_ms: former.lease_left_ms,
        });
    }
    Ok(())
}

async fn mint(change: &mut Change) -> Result<Incarnation, StoreError> {
    let minted = sqlx::query_scalar!(
        "update store_meta set last_incarnation = last_incarnation + 1 returning last_incarnation"
    )
    .fetch_one(&mut *change.tx)
    .await?;
    Ok(Incarnation::from_i64(minted))
}

async fn write_pod(
    change: &mut Change,
    ask: &Attach,
    incarnation: Incarnation,
    lineage: Lineage,
    ttl: Duration,
) -> Result<(), StoreError> {
    // A pod that was offline comes back; one that is cordoned or draining stays so.
    sqlx::query!(
        "insert into pod (pod_id, incarnation, state, api_url, capacity, zone, version, boot_id, lineage,
                          attached_at, detached_at, renewed_at, lease_until, rest_share)
         values ($1, $2, 'active', $3, $4, $5, $6, $7, $8, now(), null, now(), now() + $9 * interval '1 ms', 0)
         on conflict (pod_id) do update set
             incarnation = excluded.incarnation,
             state = case when pod.state = 'offline' then 'active' else pod.state end,
             api_url = excluded.api_url, capacity = excluded.capacity, zone = excluded.zone,
             version = excluded.version, boot_id = excluded.boot_id, lineage = excluded.lineage,
             attached_at = now(), detached_at = null, renewed_at = now(),
             lease_until = excluded.lease_until, rest_share = 0",
        ask.pod.as_i32(),
        incarnation.as_i64(),
        ask.api_url,
        ask.capacity.cast_signed(),
        ask.zone,
        ask.version,
        ask.boot_id,
        lineage.number().cast_signed(),
        millis(ttl)
    )
    .execute(&mut *change.tx)
    .await?;
    Ok(())
}

impl Change {
    /// Refuses unless `incarnation` is the pod's present one.
    pub(super) async fn expect_incarnation(
        &mut self,
        pod: PodId,
        incarnation: Incarnation,
    ) -> Result<(), StoreError> {
        let current = sqlx::query_scalar!(
            "select incarnation from pod where pod_id = $1 for update",
            pod.as_i32()
        )
        .fetch_optional(&mut *self.tx)
        .await?
        .map(Incarnation::from_i64)
        .ok_or(StoreError::NoSuchPod(pod))?;
        if current == incarnation {
            Ok(())
        } else {
            Err(StoreError::StaleIncarnation {
                pod,
                given: incarnation,
                current,
            })
        }
    }

    /// Refuses unless `incarnation` is the pod's present one and its lease runs.
    pub(super) async fn expect_leased(
        &mut self,
        pod: PodId,
        incarnation: Incarnation,
    ) -> Result<(), StoreError> {
        self.expect_incarnation(pod, incarnation).await?;
        let leased = sqlx::query_scalar!(
            r#"select lease_until > now() as "leased!" from pod where pod_id = $1"#,
            pod.as_i32()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        if leased {
            Ok(())
        } else {
            Err(StoreError::LeaseOver(pod))
        }
    }

    async fn assignment(&mut self, pod: PodId, incarnation: Incarnation) -> Result<Assignment, StoreError> {
        let num_shards = sqlx::query_scalar!("select num_shards from store_meta")
            .fetch_one(&mut *self.tx)
            .await?;
        let num_shards = NumShards::new(num_shards.cast_unsigned()).map_err(|e| super::pods::corrupt(&e))?;
        if self.recovering() {
            let (guilds, moves, discord_shards) = (Vec::new(), Vec::new(), Vec::new());
            return Ok(Assignment {
                incarnation,
                guilds,
                moves,
                discord_shards,
                num_shards,
            });
        }
        Ok(Assignment {
            incarnation,
            guilds: self.owned_guilds(pod).await?,
            moves: self.active_moves_of(pod).await?,
            discord_shards: self.discord_shards_of(pod).await?,
            num_shards,
        })
    }

    async fn owned_guilds(&mut self, pod: PodId) -> Result<Vec<OwnedGuild>, StoreError> {
        sqlx::query!(
            r#"select guild_id, epoch, born_at is not null as "born!", raised_from, trouble
                 from guild where pod_id = $1 order by guild_id"#,
            pod.as_i32()
        )
        .fetch_all(&mut *self.tx)
        .await?
        .into_iter()
        .map(|row| {
            Ok(OwnedGuild {
                guild: GuildId::from_i64(row.guild_id).map_err(|e| super::pods::corrupt(&e))?,
                epoch: Epoch::from_i64(row.epoch),
                born: row.born,
                raise_from: row.raised_from.map(Epoch::from_i64),
                trouble: row.trouble,
            })
        })
        .collect()
    }
}
