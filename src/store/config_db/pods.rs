//! Pods as the store knows them.

use super::change::{By, Change};
use super::connection::ConfigDb;
use super::error::StoreError;
use super::stamp::Stamped;
use crate::domain::fleet::PodState;
use crate::domain::ids::{Incarnation, PodId, Revision};

/// A pod, with what it owns and hosts.
#[derive(Debug, Clone, PartialEq)]
pub struct PodRow {
    /// Which pod.
    pub pod: PodId,
    /// Its present life; 0: declared, never started.
    pub incarnation: Incarnation,
    /// What the operator wants of it.
    pub state: PodState,
    /// Where its API listens.
    pub api_url: String,
    /// Its weight.
    pub capacity: u32,
    /// Its failure zone; may be empty.
    pub zone: String,
    /// The program's version.
    pub version: String,
    /// Its file's replication lineage.
    pub lineage: u64,
    /// How long its lease runs still, in milliseconds; negative: how long it has been over.
    pub lease_left_ms: i64,
    /// When it last renewed, in Unix milliseconds.
    pub renewed_at_ms: i64,
    /// When it stopped cleanly, if that was the last thing it did, in Unix milliseconds.
    pub detached_at_ms: Option<i64>,
    /// Its part of the REST budget, in thousandths of a request a second.
    pub rest_share: u32,
    /// The highest revision it says it has seen.
    pub known_revision: Revision,
    /// The size of its database in bytes.
    pub bytes: u64,
    /// Events a second, all its guilds together.
    pub events_per_s: f32,
    /// How many guilds it owns.
    pub guilds: u64,
    /// How many Discord shards it hosts.
    pub discord_shards: u64,
}

impl PodRow {
    /// Whether its lease runs.
    pub const fn leased(&self) -> bool {
        self.lease_left_ms > 0
    }
}

struct Row {
    pod_id: i32,
    incarnation: i64,
    state: String,
    api_url: String,
    capacity: i32,
    zone: String,
    version: String,
    lineage: i64,
    lease_left_ms: i64,
    renewed_at_ms: i64,
    detached_at_ms: Option<i64>,
    rest_share: i32,
    known_revision: i64,
    bytes: i64,
    events_per_s: f32,
    guilds: i64,
    discord_shards: i64,
}

impl TryFrom<Row> for PodRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            pod: pod_id(row.pod_id)?,
            incarnation: Incarnation::from_i64(row.incarnation),
            state: row
                .state
                .parse()
                .map_err(|e: crate::domain::fleet::PodStateError| corrupt(&e))?,
            api_url: row.api_url,
            capacity: row.capacity.cast_unsigned(),
            zone: row.zone,
            version: row.version,
            lineage: row.lineage.cast_unsigned(),
            lease_left_ms: row.lease_left_ms,
            renewed_at_ms: row.renewed_at_ms,
            detached_at_ms: row.detached_at_ms,
            rest_share: row.rest_share.cast_unsigned(),
            known_revision: Revision::from_i64(row.known_revision),
            bytes: row.bytes.cast_unsigned(),
            events_per_s: row.events_per_s,
            guilds: row.guilds.cast_unsigned(),
            discord_shards: row.discord_shards.cast_unsigned(),
        })
    }
}

/// A pod id from a column.
pub(super) fn pod_id(column: i32) -> Result<PodId, StoreError> {
    PodId::from_i32(column).map_err(|e| corrupt(&e))
}

/// An error for a value that no code of ours could have written.
pub(super) fn corrupt(error: &dyn std::error::Error) -> StoreError {
    StoreError::Corrupt(error.to_string())
}

impl ConfigDb {
    /// Every pod, by ordinal.
    pub async fn pods(&self) -> Result<Stamped<Vec<PodRow>>, StoreError> {
        let mut read = self.begin_read().await?;
        let rows = sqlx::query_as!(
            Row,
            r#"select p.pod_id, incarnation, state, api_url, capacity, zone, version, lineage,
                      (extract(epoch from lease_until - now()) * 1000)::bigint as "lease_left_ms!",
                      (extract(epoch from renewed_at) * 1000)::bigint as "renewed_at_ms!",
                      (extract(epoch from detached_at) * 1000)::bigint as detached_at_ms,
                      rest_share, known_revision, bytes, events_per_s,
                      (select count(*) from guild g where g.pod_id = p.pod_id) as "guilds!",
                      (select count(*) from discord_shard d where d.host_pod = p.pod_id) as "discord_shards!"
                 from pod p order by p.pod_id"#
        )
        .fetch_all(&mut *read.tx)
        .await?;
        let pods = rows.into_iter().map(PodRow::try_from).collect::<Result<_, _>>()?;
        self.end_read(read, pods).await
    }

    /// One pod.
    pub async fn pod(&self, pod: PodId) -> Result<Stamped<PodRow>, StoreError> {
        let Stamped { value, stamp } = self.pods().await?;
        let found = value
            .into_iter()
            .find(|row| row.pod == pod)
            .ok_or(StoreError::NoSuchPod(pod))?;
        Ok(Stamped { value: found, stamp })
    }

    /// Makes a pod known before its first start, so that guilds can be assigned to it; offline until it
    /// attaches. Whether it was new.
    pub async fn declare_pod(&self, pod: PodId, capacity: u32, by: &By) -> Result<Stamped<bool>, StoreError> {
        let mut change = self.begin_change(by).await?;
        let made = change.declare_pod(pod, capacity).await?;
        change.commit(self, made).await
    }

    /// Sets what the operator wants of a pod; answers what it was before. Repeating it changes nothing.
    pub async fn set_pod_state(
        &self,
        pod: PodId,
        state: PodState,
        by: &By,
    ) -> Result<Stamped<PodState>, StoreError> {
        let mut change = self.begin_change(by).await?;
        let was = sqlx::query_scalar!("select state from pod where pod_id = $1 for update", pod.as_i32())
            .fetch_optional(&mut *change.tx)
            .await?
            .ok_or(StoreError::NoSuchPod(pod))?;
        let was: PodState = was
            .parse()
            .map_err(|e: crate::domain::fleet::PodStateError| corrupt(&e))?;
        if was != state {
            sqlx::query!(
                "update pod set state = $2 where pod_id = $1",
                pod.as_i32(),
                state.as_str()
            )
            .execute(&mut *change.tx)
            .await?;
            change.tell(
                "pod",
                pod.to_string(),
                serde_json::json!({ "pod": pod, "state": state }),
            );
            let detail = serde_json::json!({ "from": was, "to": state });
            change.record("pod.state", pod.to_string(), detail);
        }
        change.commit(self, was).await
    }
}

impl Change {
    /// Makes a pod known; whether it was new.
    pub(super) async fn declare_pod(&mut self, pod: PodId, capacity: u32) -> Result<bool, StoreError> {
        let made = sqlx::query!(
            "insert into pod (pod_id, state, capacity) values ($1, 'offline', $2) on conflict do nothing",
            pod.as_i32(),
            capacity.cast_signed()
        )
        .execute(&mut *self.tx)
        .await?
        .rows_affected();
        if made == 1 {
            self.tell(
                "pod",
                pod.to_string(),
                serde_json::json!({ "pod": pod, "state": PodState::Offline }),
            );
            self.record(
                "pod.declare",
                pod.to_string(),
                serde_json::json!({ "capacity": capacity }),
            );
        }
        Ok(made == 1)
    }
}
