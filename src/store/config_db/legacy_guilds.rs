//! Guilds that come with the old bot's database: recorded all at once, before their rows are anywhere.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::change::{By, Change};
use super::connection::ConfigDb;
use super::error::StoreError;
use super::place::Placed;
use super::pods::{corrupt, pod_id};
use super::stamp::Stamped;
use crate::domain::ids::{Epoch, GuildId, NumShards, PodId};

/// The weight of a pod that nobody has declared yet.
const CAPACITY: u32 = 100;

/// The guilds of a split, for the pods that get their rows.
#[derive(Debug, Clone)]
pub struct LegacyClaim<'a> {
    /// The split.
    pub split: Uuid,
    /// For how many Discord shards it was made.
    pub num_shards: NumShards,
    /// The epoch of a guild that the store has not seen.
    pub epoch: Epoch,
    /// Each guild and the pod whose file holds its rows.
    pub guilds: &'a [(GuildId, PodId)],
    /// Pods whose files will be written by somebody else: none of them may run.
    pub idle: &'a [PodId],
}

/// What claiming a guild came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimState {
    /// Nobody had seen it.
    New,
    /// It was assigned to this very pod, which has not served it yet.
    Assigned,
    /// An earlier run has claimed it.
    Again,
    /// An earlier run has, and it has moved to another pod since.
    MovedOn,
}

/// A claimed guild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedGuild {
    /// Which.
    pub guild: GuildId,
    /// Its owner.
    pub pod: PodId,
    /// The epoch at which it is to be served.
    pub epoch: Epoch,
    /// What there was to do.
    pub state: ClaimState,
}

/// A guild that the fleet has already, with rows that are not this split's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingGuild {
    /// Which.
    pub guild: GuildId,
    /// Its owner.
    pub owner: PodId,
    /// Whether it was ever served.
    pub born: bool,
    /// The other split that it came with, if it did.
    pub split: Option<Uuid>,
}

struct Known {
    pod: PodId,
    epoch: Epoch,
    born: bool,
    split: Option<Uuid>,
    moving: bool,
}

impl ConfigDb {
    /// Records the owners of a split's guilds in one change, or names every guild that stands in the way and
    /// changes nothing. Repeating it changes nothing.
    ///
    /// A claimed guild counts as served before: a pod that starts before it has the rows will not begin it anew.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where the fleet has another number of Discord shards, or a pod that must not run does.
    pub async fn claim_legacy_guilds(
        &self,
        claim: &LegacyClaim<'_>,
        by: &By,
    ) -> Result<Stamped<Result<Vec<ClaimedGuild>, Vec<ExistingGuild>>>, StoreError> {
        let mut change = self.begin_change(by).await?;
        change.expect_num_shards(claim.num_shards).await?;
        change.expect_idle(claim.idle).await?;
        let known = change.known_guilds(claim.guilds).await?;
        let mut claimed = Vec::with_capacity(claim.guilds.len());
        let mut existing = Vec::new();
        for (guild, pod) in claim.guilds {
            match judge(claim, *guild, *pod, known.get(guild)) {
                Ok(taken) => claimed.push(taken),
                Err(standing) => existing.push(standing),
            }
        }
        if !existing.is_empty() {
            return change.commit(self, Err(existing)).await;
        }
        for pod in claim.guilds.iter().map(|(_, pod)| *pod).collect::<BTreeSet<_>>() {
            change.declare_pod(pod, CAPACITY).await?;
        }
        change.record_claims(claim.split, &claimed).await?;
        change.commit(self, Ok(claimed)).await
    }
}

fn judge(
    claim: &LegacyClaim<'_>,
    guild: GuildId,
    pod: PodId,
    known: Option<&Known>,
) -> Result<ClaimedGuild, ExistingGuild> {
    let taken = |pod, epoch, state| ClaimedGuild {
        guild,
        pod,
        epoch,
        state,
    };
    let Some(known) = known else {
        return Ok(taken(pod, claim.epoch, ClaimState::New));
    };
    if known.split == Some(claim.split) {
        let state = if known.pod == pod {
            ClaimState::Again
        } else {
            ClaimState::MovedOn
        };
        return Ok(taken(known.pod, known.epoch, state));
    }
    if known.split.is_none() && !known.born && !known.moving && known.pod == pod && known.epoch >= claim.epoch
    {
        return Ok(taken(pod, known.epoch, ClaimState::Assigned));
    }
    Err(ExistingGuild {
        guild,
        owner: known.pod,
        born: known.born,
        split: known.split,
    })
}

impl Change {
    async fn expect_num_shards(&mut self, wanted: NumShards) -> Result<(), StoreError> {
        let found = sqlx::query_scalar!("select num_shards from store_meta")
            .fetch_one(&mut *self.tx)
            .await?;
        let found = NumShards::new(found.cast_unsigned()).map_err(|e| corrupt(&e))?;
        if found == wanted {
            return Ok(());
        }
        Err(StoreError::Refused(format!(
            "the split is for {} Discord shards, the fleet has {}: split again with --num-shards {}",
            wanted.get(),
            found.get(),
            found.get()
        )))
    }

    async fn expect_idle(&mut self, pods: &[PodId]) -> Result<(), StoreError> {
        let ids: Vec<i32> = pods.iter().map(|pod| pod.as_i32()).collect();
        let running = sqlx::query!(
            r#"select pod_id, (extract(epoch from lease_until - now()) * 1000)::bigint as "left_ms!"
                 from pod where pod_id = any($1) and lease_until > now() order by pod_id"#,
            &ids
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let Some(first) = running.first() else {
            return Ok(());
        };
        let names = running
            .iter()
            .map(|row| Ok(pod_id(row.pod_id)?.to_string()))
            .collect::<Result<Vec<_>, StoreError>>()?;
        Err(StoreError::Refused(format!(
            "{} {} running (leased for {} s more): stop it while its file is written",
            names.join(", "),
            if names.len() == 1 { "is" } else { "are" },
            first.left_ms / 1_000 + 1
        )))
    }

    async fn known_guilds(
        &mut self,
        guilds: &[(GuildId, PodId)],
    ) -> Result<BTreeMap<GuildId, Known>, StoreError> {
        let ids: Vec<i64> = guilds.iter().map(|(guild, _)| guild.as_i64()).collect();
        sqlx::query!(
            r#"select guild_id, pod_id, epoch, born_at is not null as "born!", split_id,
                      move_id is not null as "moving!"
                 from guild where guild_id = any($1)"#,
            &ids
        )
        .fetch_all(&mut *self.tx)
        .await?
        .into_iter()
        .map(|row| {
            let guild = GuildId::from_i64(row.guild_id).map_err(|e| corrupt(&e))?;
            Ok((
                guild,
                Known {
                    pod: pod_id(row.pod_id)?,
                    epoch: Epoch::from_i64(row.epoch),
                    born: row.born,
                    split: row.split_id,
                    moving: row.moving,
                },
            ))
        })
        .collect()
    }

    async fn record_claims(&mut self, split: Uuid, claimed: &[ClaimedGuild]) -> Result<(), StoreError> {
        let of = |state: ClaimState| claimed.iter().filter(move |guild| guild.state == state);
        let because = format!("came with the old bot's database, split {split}");
        let fresh: Vec<Placed> = of(ClaimState::New)
            .map(|taken| Placed {
                guild: taken.guild,
                pod: taken.pod,
                epoch: taken.epoch,
                placed_because: Some(because.clone()),
            })
            .collect();
        self.insert_guilds(&fresh).await?;
        for taken in of(ClaimState::Assigned) {
            let subject = format!("guild/{}", taken.guild);
            let told = serde_json::json!({ "guild": taken.guild, "born": true });
            self.tell("guild", subject.clone(), &told);
            let detail = serde_json::json!({ "pod": taken.pod, "epoch": taken.epoch, "split": split });
            self.record("guild.load", subject, detail);
        }
        let taken: Vec<i64> = of(ClaimState::New)
            .chain(of(ClaimState::Assigned))
            .map(|taken| taken.guild.as_i64())
            .collect();
        sqlx::query!(
            "update guild set born_at = now(), split_id = $2 where guild_id = any($1)",
            &taken,
            split
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}
