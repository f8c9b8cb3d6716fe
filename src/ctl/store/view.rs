//! The config store as it is printed.

use serde::Serialize;

use crate::ctl::output::{Cells, Column, Row, rfc3339};
use crate::domain::ids::PodId;
use crate::operations::overview::is_awaited;
use crate::store::config_db::{RecoveryPod, RecoveryProgress, SchemaState, StoreStatus};

/// The store, as in `kind: StoreStatus`. All but the schema is missing where the schema is not ours.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StoreStatusView {
    /// 0: no tables yet.
    pub(super) schema: i64,
    pub(super) schema_needed: i64,
    pub(super) details: Option<DetailView>,
}

/// What only a store with our schema can tell.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DetailView {
    pub(super) postgres_version: String,
    pub(super) bytes: u64,
    pub(super) created_at: String,
    pub(super) discord_shards: u32,
    pub(super) guilds: u64,
    pub(super) troubled_guilds: u64,
    pub(super) active_moves: u64,
    pub(super) open_cleanups: u64,
    /// Why it recovers.
    pub(super) recovering: Option<String>,
    pub(super) recovering_for_ms: Option<i64>,
    /// Who must report, and who has.
    pub(super) recovery_pods: Vec<RecoveryPodView>,
}

/// One pod's part in a recovery.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RecoveryPodView {
    pod: PodId,
    required: bool,
    reported: bool,
    waived_by: Option<String>,
    awaited: bool,
}

impl StoreStatusView {
    pub(super) const fn new(schema: SchemaState, details: Option<DetailView>) -> Self {
        Self {
            schema: schema.found,
            schema_needed: schema.needed,
            details,
        }
    }
}

impl DetailView {
    pub(super) fn new(status: &StoreStatus, recovery: &RecoveryProgress) -> Self {
        Self {
            postgres_version: status.postgres_version.clone(),
            bytes: status.bytes,
            created_at: rfc3339(status.created_at_ms),
            discord_shards: status.num_shards.get(),
            guilds: status.guilds,
            troubled_guilds: status.troubled_guilds,
            active_moves: status.active_moves,
            open_cleanups: status.open_cleanups,
            recovering: recovery.reason.clone(),
            recovering_for_ms: recovery.reason.as_ref().map(|_| recovery.since_ms),
            recovery_pods: match recovery.reason {
                Some(_) => recovery.pods.iter().map(RecoveryPodView::from).collect(),
                None => Vec::new(),
            },
        }
    }
}

impl From<&RecoveryPod> for RecoveryPodView {
    fn from(pod: &RecoveryPod) -> Self {
        Self {
            pod: pod.pod,
            required: pod.required,
            reported: pod.reported,
            waived_by: pod.waived_by.clone(),
            awaited: is_awaited(pod),
        }
    }
}

impl Row for RecoveryPodView {
    const KIND: &'static str = "RecoveryPod";
    const COLUMNS: &'static [Column] = &[
        Column::text("POD"),
        Column::text("REPORTED (config)"),
        Column::text("WAIVED BY (config)"),
        Column::text("AWAITED"),
    ];

    fn name(&self) -> String {
        format!("pod/{}", self.pod.get())
    }

    fn cells(&self, _now_ms: i64) -> Cells {
        let word = |yes| if yes { "yes" } else { "no" }.to_owned();
        vec![
            self.pod.to_string(),
            word(self.reported),
            self.waived_by.clone().unwrap_or_default(),
            word(self.awaited),
        ]
    }
}
