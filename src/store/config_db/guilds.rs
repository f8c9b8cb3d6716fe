//! Guilds and their owners. Nothing here changes an owner: that is a move's business.

use std::collections::BTreeMap;

use super::change::By;
use super::connection::ConfigDb;
use super::error::StoreError;
use super::pods::{corrupt, pod_id};
use super::stamp::{StampRow, Stamped};
use crate::domain::ids::{Epoch, GuildId, Incarnation, PodId};
use uuid::Uuid;

/// A guild as the store knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct GuildRow {
    /// Which guild.
    pub guild: GuildId,
    /// Its owner.
    pub pod: PodId,
    /// Its fencing number.
    pub epoch: Epoch,
    /// When it was first served, in Unix milliseconds.
    pub born_at_ms: Option<i64>,
    /// Its active move.
    pub move_id: Option<Uuid>,
    /// Whether rebalancing leaves it where it is.
    pub pinned: bool,
    /// Why nobody may serve it, after a recovery.
    pub trouble: Option<String>,
    /// The size of its rows in bytes.
    pub bytes: u64,
    /// Events a second.
    pub events_per_s: f32,
    /// When it was placed, in Unix milliseconds.
    pub placed_at_ms: i64,
}

/// Which guilds to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GuildFilter {
    /// Only those of this pod.
    pub pod: Option<PodId>,
    /// Only those above this id: how to go on with the next page.
    pub after: Option<GuildId>,
    /// Only these; `None`: pinned and not.
    pub pinned: Option<bool>,
    /// At most so many.
    pub limit: u32,
}

struct Row {
    guild_id: i64,
    pod_id: i32,
    epoch: i64,
    born_at_ms: Option<i64>,
    move_id: Option<Uuid>,
    pinned: bool,
    trouble: Option<String>,
    bytes: i64,
    events_per_s: f32,
    placed_at_ms: i64,
}

impl TryFrom<Row> for GuildRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            guild: GuildId::from_i64(row.guild_id).map_err(|e| corrupt(&e))?,
            pod: pod_id(row.pod_id)?,
            epoch: Epoch::from_i64(row.epoch),
            born_at_ms: row.born_at_ms,
            move_id: row.move_id,
            pinned: row.pinned,
            trouble: row.trouble,
            bytes: row.bytes.cast_unsigned(),
            events_per_s: row.events_per_s,
            placed_at_ms: row.placed_at_ms,
        })
    }
}

impl ConfigDb {
    /// Who owns a guild. `None`: never seen.
    pub async fn guild(&self, guild: GuildId) -> Result<Stamped<Option<GuildRow>>, StoreError> {
        let found = self.lookup(&[guild]).await?;
        Ok(found.map(|mut rows| rows.pop().flatten()))
    }

    /// Who owns these guilds, in order: one statement, the store's hottest. `None`: never seen.
    pub async fn lookup(&self, guilds: &[GuildId]) -> Result<Stamped<Vec<Option<GuildRow>>>, StoreError> {
        let seen_before = self.memory.get();
        let ids: Vec<i64> = guilds.iter().map(|guild| guild.as_i64()).collect();
        let rows = sqlx::query!(
            r#"select s.store_id as "store_id!", s.revision as "revision!", s.timeline as "timeline!",
                      s.recovering_reason, s.forked as "forked!",
                      g.guild_id as "guild_id?", g.pod_id as "pod_id?", g.epoch as "epoch?",
                      (extract(epoch from g.born_at) * 1000)::bigint as born_at_ms,
                      g.move_id, g.pinned as "pinned?", g.trouble, g.bytes as "bytes?",
                      g.events_per_s as "events_per_s?",
                      (extract(epoch from g.placed_at) * 1000)::bigint as placed_at_ms
                 from store_stamp s left join guild g on g.guild_id = any($1)"#,
            &ids
        )
        .fetch_all(&self.pool)
        .await?;
        let mut stamp = None;
        let mut found = BTreeMap::new();
        for row in rows {
            stamp.get_or_insert(StampRow {
                store_id: row.store_id,
                revision: row.revision,
                timeline: row.timeline,
                recovering_reason: row.recovering_reason,
                forked: row.forked,
            });
            if let (Some(guild_id), Some(pod_id), Some(epoch)) = (row.guild_id, row.pod_id, row.epoch) {
                let row = Row {
                    guild_id,
                    pod_id,
                    epoch,
                    born_at_ms: row.born_at_ms,
                    move_id: row.move_id,
                    pinned: row.pinned.unwrap_or_default(),
                    trouble: row.trouble,
                    bytes: row.bytes.unwrap_or_default(),
                    events_per_s: row.events_per_s.unwrap_or_default(),
                    placed_at_ms: row.placed_at_ms.unwrap_or_default(),
                };
                found.insert(guild_id, GuildRow::try_from(row)?);
            }
        }
        let stamp = stamp.ok_or(super::schema::SchemaError::Missing)?;
        Ok(Stamped {
            value: ids.iter().map(|id| found.get(id).cloned()).collect(),
            stamp: self.settle(seen_before, stamp).await?,
        })
    }

    /// Guilds by id, one page at a time.
    pub async fn guilds(&self, filter: &GuildFilter) -> Result<Stamped<Vec<GuildRow>>, StoreError> {
        let mut read = self.begin_read().await?;
        let rows = sqlx::query_as!(
            Row,
            r#"select guild_id, pod_id, epoch, (extract(epoch from born_at) * 1000)::bigint as born_at_ms,
                      move_id, pinned, trouble, bytes, events_per_s,
                      (extract(epoch from placed_at) * 1000)::bigint as "placed_at_ms!"
                 from guild
                where ($1::integer is null or pod_id = $1) and guild_id > $2 and ($3::boolean is null or pinned = $3)
                order by guild_id limit $4"#,
            filter.pod.map(PodId::as_i32),
            filter.after.map_or(0, GuildId::as_i64),
            filter.pinned,
            i64::from(filter.limit)
        )
        .fetch_all(&mut *read.tx)
        .await?;
        let guilds = rows
            .into_iter()
            .map(GuildRow::try_from)
            .collect::<Result<_, _>>()?;
        self.end_read(read, guilds).await
    }

    /// How many guilds a filter means, its page limit aside.
    pub async fn count_guilds(&self, filter: &GuildFilter) -> Result<u64, StoreError> {
        let count = sqlx::query_scalar!(
            r#"select count(*) as "count!" from guild
                where ($1::integer is null or pod_id = $1) and ($2::boolean is null or pinned = $2)"#,
            filter.pod.map(PodId::as_i32),
            filter.pinned
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(count.cast_unsigned())
    }

    /// Pins a guild to its pod, or lets it go; answers what it was before. Repeating it changes nothing.
    pub async fn set_pinned(
        &self,
        guild: GuildId,
        pinned: bool,
        by: &By,
    ) -> Result<Stamped<bool>, StoreError> {
        let mut change = self.begin_change(by).await?;
        let was = sqlx::query_scalar!(
            "select pinned from guild where guild_id = $1 for update",
            guild.as_i64()
        )
        .fetch_optional(&mut *change.tx)
        .await?
        .ok_or(StoreError::NoSuchGuild(guild))?;
        if was != pinned {
            sqlx::query!(
                "update guild set pinned = $2 where guild_id = $1",
                guild.as_i64(),
                pinned
            )
            .execute(&mut *change.tx)
            .await?;
            change.tell(
                "guild",
                format!("guild/{guild}"),
                serde_json::json!({ "guild": guild, "pinned": pinned }),
            );
            let action = if pinned { "guild.pin" } else { "guild.unpin" };
            change.record(action, format!("guild/{guild}"), serde_json::json!({}));
        }
        change.commit(self, was).await
    }

    /// Notes that the owner serves a guild for the first time; it must hear this before it acknowledges
    /// anything. Repeating it changes nothing.
    pub async fn mark_born(
        &self,
        pod: PodId,
        incarnation: Incarnation,
        guilds: &[(GuildId, Epoch)],
    ) -> Result<Stamped<()>, StoreError> {
        let mut change = self.begin_change(&By::daemon(&pod.to_string())).await?;
        change.expect_leased(pod, incarnation).await?;
        for (guild, epoch) in guilds {
            let row = sqlx::query!(
                r#"select pod_id, epoch, born_at is not null as "born!" from guild where guild_id = $1 for update"#,
                guild.as_i64()
            )
            .fetch_optional(&mut *change.tx)
            .await?
            .ok_or(StoreError::NoSuchGuild(*guild))?;
            if row.epoch != epoch.as_i64() {
                let current = Epoch::from_i64(row.epoch);
                return Err(StoreError::StaleEpoch {
                    guild: *guild,
                    given: *epoch,
                    current,
                });
            }
            if row.pod_id != pod.as_i32() {
                return Err(StoreError::OwnedElsewhere {
                    guild: *guild,
                    owner: pod_id(row.pod_id)?,
                });
            }
            if !row.born {
                sqlx::query!(
                    "update guild set born_at = now() where guild_id = $1",
                    guild.as_i64()
                )
                .execute(&mut *change.tx)
                .await?;
                change.tell(
                    "guild",
                    format!("guild/{guild}"),
                    serde_json::json!({ "guild": guild, "born": true }),
                );
            }
        }
        change.commit(self, ()).await
    }
}
