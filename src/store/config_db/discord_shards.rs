//! Discord shards: dealing them to pods, and handing a session from one host to the next.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::change::{By, Change};
use super::connection::ConfigDb;
use super::error::StoreError;
use super::millis::millis;
use super::pods::{corrupt, pod_id};
use super::stamp::Stamped;
use crate::domain::ids::{DiscordShardId, Epoch, Incarnation, NumShards, PodId, SessionNo};
use crate::domain::shard_deal::{DealPod, DealShard, deal};

/// A session and how far it has been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionCursor {
    /// Which session of the Discord shard.
    pub session_no: SessionNo,
    /// Discord's name for it.
    pub session_id: String,
    /// Where to resume.
    pub resume_url: String,
    /// The sequence number to resume from.
    pub resume_at: u64,
}

/// A Discord shard as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscordShardRow {
    /// Which one.
    pub shard: DiscordShardId,
    /// Who hosts it.
    pub host: Option<PodId>,
    /// One more with every change of host.
    pub host_epoch: Epoch,
    /// The latest session's number; 0: never identified.
    pub session_no: SessionNo,
    /// That session, where its copy has come.
    pub cursor: Option<SessionCursor>,
    /// When the last host let go, in Unix milliseconds.
    pub released_at_ms: Option<i64>,
    /// Who that was.
    pub released_by: Option<PodId>,
}

/// A session that its host lets go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// Which Discord shard.
    pub shard: DiscordShardId,
    /// Under which host epoch it was held.
    pub host_epoch: Epoch,
    /// The session and the exact cursor; `None`: there is none to resume.
    pub cursor: Option<SessionCursor>,
}

struct Row {
    shard_id: i32,
    host_pod: Option<i32>,
    host_epoch: i64,
    session_no: i64,
    session_id: Option<String>,
    resume_url: Option<String>,
    resume_at: Option<i64>,
    released_at_ms: Option<i64>,
    released_by: Option<i32>,
}

impl Row {
    fn into_public(self, num_shards: NumShards) -> Result<DiscordShardRow, StoreError> {
        let session_no = SessionNo::from_i64(self.session_no);
        let cursor = match (self.session_id, self.resume_url, self.resume_at) {
            (Some(session_id), Some(resume_url), Some(resume_at)) => Some(SessionCursor {
                session_no,
                session_id,
                resume_url,
                resume_at: resume_at.cast_unsigned(),
            }),
            _ => None,
        };
        Ok(DiscordShardRow {
            shard: shard(num_shards, self.shard_id)?,
            host: self.host_pod.map(pod_id).transpose()?,
            host_epoch: Epoch::from_i64(self.host_epoch),
            session_no,
            cursor,
            released_at_ms: self.released_at_ms,
            released_by: self.released_by.map(pod_id).transpose()?,
        })
    }
}

fn shard(num_shards: NumShards, column: i32) -> Result<DiscordShardId, StoreError> {
    let number = column.cast_unsigned();
    num_shards
        .shard(number)
        .ok_or_else(|| StoreError::Corrupt(format!("Discord shard {number} of {num_shards:?}")))
}

async fn num_shards(tx: &mut sqlx::Transaction<'static, sqlx::Postgres>) -> Result<NumShards, StoreError> {
    let count = sqlx::query_scalar!("select num_shards from store_meta")
        .fetch_one(&mut **tx)
        .await?;
    NumShards::new(count.cast_unsigned()).map_err(|e| corrupt(&e))
}

/// Every Discord shard, or those of one host.
async fn read_shards(
    tx: &mut sqlx::Transaction<'static, sqlx::Postgres>,
    host: Option<PodId>,
) -> Result<Vec<DiscordShardRow>, StoreError> {
    let num_shards = num_shards(tx).await?;
    sqlx::query_as!(
        Row,
        r#"select shard_id, host_pod, host_epoch, session_no, session_id, resume_url, resume_at,
                  (extract(epoch from released_at) * 1000)::bigint as released_at_ms, released_by
             from discord_shard
            where num_shards = $1 and ($2::integer is null or host_pod = $2) order by shard_id"#,
        num_shards.get().cast_signed(),
        host.map(PodId::as_i32)
    )
    .fetch_all(&mut **tx)
    .await?
    .into_iter()
    .map(|row| row.into_public(num_shards))
    .collect()
}

/// The pod that owns most guilds of each Discord shard that has any.
async fn homes(
    tx: &mut sqlx::Transaction<'static, sqlx::Postgres>,
) -> Result<BTreeMap<i32, PodId>, StoreError> {
    sqlx::query!(
        r#"select distinct on (shard) shard as "shard!", pod_id as "pod_id!" from (
               select ((guild_id >> 22) % num_shards)::integer as shard, pod_id, count(*) as guilds
                 from guild cross join store_meta group by 1, 2
           ) as owned order by shard, guilds desc, pod_id"#
    )
    .fetch_all(&mut **tx)
    .await?
    .into_iter()
    .map(|row| Ok((row.shard, pod_id(row.pod_id)?)))
    .collect()
}

impl Change {
    pub(super) async fn discord_shards_of(&mut self, pod: PodId) -> Result<Vec<DiscordShardRow>, StoreError> {
        read_shards(&mut self.tx, Some(pod)).await
    }

    async fn lock_shard(&mut self, id: DiscordShardId) -> Result<DiscordShardRow, StoreError> {
        let num_shards = num_shards(&mut self.tx).await?;
        sqlx::query_as!(
            Row,
            r#"select shard_id, host_pod, host_epoch, session_no, session_id, resume_url, resume_at,
                      (extract(epoch from released_at) * 1000)::bigint as released_at_ms, released_by
                 from discord_shard where num_shards = $1 and shard_id = $2 for update"#,
            num_shards.get().cast_signed(),
            id.as_i32()
        )
        .fetch_optional(&mut *self.tx)
        .await?
        .ok_or(StoreError::NoSuchDiscordShard(id.get()))?
        .into_public(num_shards)
    }

    /// Refuses unless the pod hosts the Discord shard under that host epoch.
    pub(super) async fn expect_host(
        &mut self,
        id: DiscordShardId,
        pod: PodId,
        host_epoch: Epoch,
    ) -> Result<DiscordShardRow, StoreError> {
        let row = self.lock_shard(id).await?;
        if row.host == Some(pod) && row.host_epoch == host_epoch {
            return Ok(row);
        }
        let host = row.host.map_or_else(|| "nobody".to_owned(), |h| h.to_string());
        Err(StoreError::Refused(format!(
            "Discord shard {id} is hosted by {host} at host epoch {}, not by {pod} at {host_epoch}",
            row.host_epoch
        )))
    }

    /// Makes `pod` the host. The cursor stays: it is where the new host resumes.
    async fn set_host(&mut self, id: DiscordShardId, pod: PodId) -> Result<(), StoreError> {
        sqlx::query!(
            "update discord_shard set host_pod = $2, host_epoch = host_epoch + 1, released_at = null, released_by = null
              where shard_id = $1",
            id.as_i32(),
            pod.as_i32()
        )
        .execute(&mut *self.tx)
        .await?;
        let told = serde_json::json!({ "discord_shard": id, "host": pod });
        self.tell("discord_shard", format!("discord-shard/{id}"), &told);
        Ok(())
    }
}

impl ConfigDb {
    /// Every Discord shard, in order.
    pub async fn discord_shards(&self) -> Result<Stamped<Vec<DiscordShardRow>>, StoreError> {
        let mut read = self.begin_read().await?;
        let shards = read_shards(&mut read.tx, None).await?;
        self.end_read(read, shards).await
    }

    /// Deals Discord shards that have no host, or no session yet, to the pods that take something new;
    /// answers which went where. A released session is held for its former host for `hold`.
    pub async fn deal_discord_shards(
        &self,
        hold: Duration,
        by: &By,
    ) -> Result<Stamped<Vec<(DiscordShardId, PodId)>>, StoreError> {
        let mut change = self.begin_change(by).await?;
        let pods: Vec<DealPod> = sqlx::query!(
            "select pod_id, capacity from pod where state = 'active' and lease_until > now() order by pod_id"
        )
        .fetch_all(&mut *change.tx)
        .await?
        .into_iter()
        .map(|row| {
            Ok(DealPod {
                pod: pod_id(row.pod_id)?,
                capacity: row.capacity.cast_unsigned(),
            })
        })
        .collect::<Result<_, StoreError>>()?;
        let kept_for_former: Vec<i32> = sqlx::query_scalar!(
            "select shard_id from discord_shard
              where host_pod is null and released_at > now() - $1 * interval '1 ms'",
            millis(hold)
        )
        .fetch_all(&mut *change.tx)
        .await?;
        let mut shards: Vec<DealShard> = read_shards(&mut change.tx, None)
            .await?
            .into_iter()
            .map(|row| {
                // Whoever holds a session keeps it: taking it away is release and adopt, or evacuation.
                let has_session = row.host.is_some() && row.session_no.get() > 0;
                let fixed = has_session || kept_for_former.contains(&row.shard.as_i32());
                DealShard {
                    shard: row.shard,
                    host: row.host,
                    home: None,
                    fixed,
                }
            })
            .collect();
        // Every guild is read: not when, as mostly, there is nothing to deal.
        if shards.iter().any(|shard| !shard.fixed) {
            let homes = homes(&mut change.tx).await?;
            for shard in &mut shards {
                shard.home = homes.get(&shard.shard.as_i32()).copied();
            }
        }
        let dealt = deal(&pods, &shards);
        for (shard, pod) in &dealt {
            change.set_host(*shard, *pod).await?;
        }
        change.commit(self, dealt).await
    }

    /// The host lets a session go, with its exact cursor: it has closed, or never opened, its connection.
    pub async fn release_discord_shard(
        &self,
        pod: PodId,
        incarnation: Incarnation,
        released: &Released,
    ) -> Result<Stamped<()>, StoreError> {
        let mut change = self.begin_change(&By::daemon(&pod.to_string())).await?;
        change.expect_incarnation(pod, incarnation).await?;
        let row = change
            .expect_host(released.shard, pod, released.host_epoch)
            .await?;
        if let Some(cursor) = &released.cursor
            && cursor.session_no != row.session_no
        {
            return Err(StoreError::Refused(format!(
                "Discord shard {} is at session {}, not {}",
                released.shard, row.session_no, cursor.session_no
            )));
        }
        sqlx::query!(
            "update discord_shard
                set host_pod = null, host_epoch = host_epoch + 1, released_at = now(), released_by = $2,
                    session_id = $3, resume_url = $4, resume_at = $5
              where shard_id = $1",
            released.shard.as_i32(),
            pod.as_i32(),
            released.cursor.as_ref().map(|c| c.session_id.as_str()),
            released.cursor.as_ref().map(|c| c.resume_url.as_str()),
            released.cursor.as_ref().map(|c| c.resume_at.cast_signed())
        )
        .execute(&mut *change.tx)
        .await?;
        let told = serde_json::json!({ "discord_shard": released.shard, "host": null });
        change.tell(
            "discord_shard",
            format!("discord-shard/{}", released.shard),
            &told,
        );
        change.record(
            "discord-shard.release",
            format!("discord-shard/{}", released.shard),
            released.cursor.as_ref(),
        );
        change.commit(self, ()).await
    }

    /// A pod takes a released Discord shard: its former host at once, another after `hold`. Answers the row,
    /// with the session to resume. Repeating it changes nothing.
    pub async fn adopt_discord_shard(
        &self,
        pod: PodId,
        incarnation: Incarnation,
        id: DiscordShardId,
        hold: Duration,
    ) -> Result<Stamped<DiscordShardRow>, StoreError> {
        let mut change = self.begin_change(&By::daemon(&pod.to_string())).await?;
        change.expect_leased(pod, incarnation).await?;
        let row = change.lock_shard(id).await?;
        match row.host {
            Some(host) if host == pod => return change.commit(self, row).await,
            Some(host) => {
                return Err(StoreError::Refused(format!(
                    "Discord shard {id} is hosted by {host}"
                )));
            }
            None => {}
        }
        if row.released_by.is_some_and(|former| former != pod) {
            let wait_ms = sqlx::query_scalar!(
                r#"select (extract(epoch from released_at - now()) * 1000)::bigint + $2 as "wait!"
                     from discord_shard where shard_id = $1"#,
                id.as_i32(),
                i64::try_from(hold.as_millis()).unwrap_or(i64::MAX)
            )
            .fetch_one(&mut *change.tx)
            .await?;
            if wait_ms > 0 {
                return Err(StoreError::Refused(format!(
                    "Discord shard {id} is held {wait_ms} ms more for its former host"
                )));
            }
        }
        change.set_host(id, pod).await?;
        change.record(
            "discord-shard.adopt",
            format!("discord-shard/{id}"),
            serde_json::json!({ "host": pod }),
        );
        let row = change.lock_shard(id).await?;
        change.commit(self, row).await
    }
}
