//! Placing brand-new guilds: one transaction, so that every caller gets the same answer.

use std::collections::BTreeMap;

use super::change::{By, Change};
use super::connection::ConfigDb;
use super::error::StoreError;
use super::guilds::GuildRow;
use super::pods::{corrupt, pod_id};
use super::schema::SchemaError;
use super::stamp::Stamped;
use crate::domain::fleet::{Load, PodLoad};
use crate::domain::ids::{DiscordShardId, Epoch, GuildId, NumShards, PodId};
use crate::domain::placement::{NoPlacement, place};

/// A guild and its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Which guild.
    pub guild: GuildId,
    /// Its owner.
    pub pod: PodId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Why there, where it was placed now; `None`: it had an owner already.
    pub placed_because: Option<String>,
}

/// What became of one guild of a call.
pub type PlaceOutcome = Result<Placed, NoPlacement>;

impl From<GuildRow> for Placed {
    fn from(known: GuildRow) -> Self {
        Self {
            guild: known.guild,
            pod: known.pod,
            epoch: known.epoch,
            placed_because: None,
        }
    }
}

impl ConfigDb {
    /// The owners of `guilds`, in order; those never seen are placed now, all in one transaction.
    ///
    /// Guilds that have owners are answered even where no pod takes new ones, and while the store recovers.
    pub async fn place(&self, guilds: &[GuildId], by: &By) -> Result<Stamped<Vec<PlaceOutcome>>, StoreError> {
        let Stamped { value, stamp } = self.lookup(guilds).await?;
        if let Some(value) = value
            .into_iter()
            .map(|row| row.map(|row| Ok(row.into())))
            .collect()
        {
            return Ok(Stamped { value, stamp });
        }
        let mut change = self.begin_change(by).await?;
        let ids: Vec<i64> = guilds.iter().map(|g| g.as_i64()).collect();
        let mut owners = known_owners(&mut change.tx, &ids).await?;
        let mut fleet = Fleet::read(&mut change).await?;
        let mut outcomes = Vec::with_capacity(guilds.len());
        let mut fresh = Vec::new();
        for guild in guilds {
            let outcome = match owners.get(guild) {
                Some(known) => Ok(known.clone()),
                None => fleet.place(*guild),
            };
            if let Ok(placed) = &outcome
                && !owners.contains_key(guild)
            {
                fresh.push(placed.clone());
                // The same guild named twice in one call is known the second time.
                owners.insert(
                    *guild,
                    Placed {
                        placed_because: None,
                        ..placed.clone()
                    },
                );
            }
            outcomes.push(outcome);
        }
        change.insert_guilds(&fresh).await?;
        change.commit(self, outcomes).await
    }

    /// Gives a guild that was never seen to the pod an operator names; the same pod again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::OwnedElsewhere`] where it has another owner.
    pub async fn assign(&self, guild: GuildId, pod: PodId, by: &By) -> Result<Stamped<Placed>, StoreError> {
        let mut change = self.begin_change(by).await?;
        let exists = sqlx::query_scalar!(
            r#"select exists (select from pod where pod_id = $1) as "exists!""#,
            pod.as_i32()
        )
        .fetch_one(&mut *change.tx)
        .await?;
        if !exists {
            return Err(StoreError::NoSuchPod(pod));
        }
        match known_owners(&mut change.tx, &[guild.as_i64()])
            .await?
            .remove(&guild)
        {
            Some(known) if known.pod == pod => change.commit(self, known).await,
            Some(known) => Err(StoreError::OwnedElsewhere {
                guild,
                owner: known.pod,
            }),
            None => {
                let because = format!("assigned by {}", change.by().actor);
                let placed = Placed {
                    guild,
                    pod,
                    epoch: Epoch::new(1),
                    placed_because: Some(because),
                };
                change.insert_guilds(std::slice::from_ref(&placed)).await?;
                change.commit(self, placed).await
            }
        }
    }
}

async fn known_owners(
    tx: &mut sqlx::Transaction<'static, sqlx::Postgres>,
    ids: &[i64],
) -> Result<BTreeMap<GuildId, Placed>, StoreError> {
    sqlx::query!(
        "select guild_id, pod_id, epoch from guild where guild_id = any($1)",
        ids
    )
    .fetch_all(&mut **tx)
    .await?
    .into_iter()
    .map(|row| {
        let guild = GuildId::from_i64(row.guild_id).map_err(|e| corrupt(&e))?;
        let (pod, epoch) = (pod_id(row.pod_id)?, Epoch::from_i64(row.epoch));
        Ok((
            guild,
            Placed {
                guild,
                pod,
                epoch,
                placed_because: None,
            },
        ))
    })
    .collect()
}

/// The fleet as placing sees it, counting along.
struct Fleet {
    pods: Vec<PodLoad>,
    hosts: BTreeMap<DiscordShardId, PodId>,
    num_shards: NumShards,
}

impl Fleet {
    async fn read(change: &mut Change) -> Result<Self, StoreError> {
        let pods = sqlx::query!(
            r#"select p.pod_id, p.state, p.capacity, p.lease_until > now() as "leased!",
                      count(g.guild_id) as "guilds!", coalesce(sum(g.bytes), 0)::bigint as "bytes!",
                      (coalesce(sum(g.events_per_s), 0) * 1000)::bigint as "milli_events!"
                 from pod p left join guild g on g.pod_id = p.pod_id group by p.pod_id order by p.pod_id"#
        )
        .fetch_all(&mut *change.tx)
        .await?
        .into_iter()
        .map(|row| {
            let (guilds, bytes) = (row.guilds.cast_unsigned(), row.bytes.cast_unsigned());
            Ok(PodLoad {
                pod: pod_id(row.pod_id)?,
                state: row
                    .state
                    .parse()
                    .map_err(|e: crate::domain::fleet::PodStateError| corrupt(&e))?,
                leased: row.leased,
                capacity: row.capacity.cast_unsigned(),
                load: Load::of(guilds, row.milli_events.cast_unsigned(), bytes),
            })
        })
        .collect::<Result<_, StoreError>>()?;
        let mut hosts = BTreeMap::new();
        let hosted = sqlx::query!(
            r#"select m.num_shards as "num_shards!", s.shard_id as "shard_id?", s.host_pod as "host_pod?"
                 from store_meta m
                 left join discord_shard s on s.num_shards = m.num_shards and s.host_pod is not null"#
        )
        .fetch_all(&mut *change.tx)
        .await?;
        let num_shards = hosted.first().ok_or(SchemaError::Missing)?.num_shards;
        let num_shards = NumShards::new(num_shards.cast_unsigned()).map_err(|e| corrupt(&e))?;
        for row in hosted {
            if let (Some(shard), Some(host)) = (row.shard_id, row.host_pod)
                && let Some(shard) = num_shards.shard(shard.cast_unsigned())
            {
                hosts.insert(shard, pod_id(host)?);
            }
        }
        Ok(Self {
            pods,
            hosts,
            num_shards,
        })
    }

    fn place(&mut self, guild: GuildId) -> PlaceOutcome {
        let host = self.hosts.get(&guild.discord_shard(self.num_shards)).copied();
        let placement = place(&self.pods, host)?;
        if let Some(pod) = self.pods.iter_mut().find(|p| p.pod == placement.pod) {
            pod.load = pod.load.plus(Load::IDLE_GUILD);
        }
        let because = Some(placement.reason.to_string());
        Ok(Placed {
            guild,
            pod: placement.pod,
            epoch: Epoch::new(1),
            placed_because: because,
        })
    }
}

impl Change {
    /// Inserts new guilds, tells the watchers and writes the audit, from which it is read later who owned
    /// what when.
    async fn insert_guilds(&mut self, fresh: &[Placed]) -> Result<(), StoreError> {
        let guilds: Vec<i64> = fresh.iter().map(|p| p.guild.as_i64()).collect();
        let pods: Vec<i32> = fresh.iter().map(|p| p.pod.as_i32()).collect();
        sqlx::query!(
            "insert into guild (guild_id, pod_id) select * from unnest($1::bigint[], $2::integer[])",
            &guilds,
            &pods
        )
        .execute(&mut *self.tx)
        .await?;
        for placed in fresh {
            let told = serde_json::json!({ "guild": placed.guild, "pod": placed.pod, "epoch": placed.epoch });
            self.tell("guild", format!("guild/{}", placed.guild), &told);
            let detail = serde_json::json!({
                "pod": placed.pod, "epoch": placed.epoch, "because": placed.placed_because,
            });
            self.record("guild.place", format!("guild/{}", placed.guild), detail);
        }
        Ok(())
    }
}
