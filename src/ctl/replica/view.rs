//! Replicas as they are printed.

use serde::Serialize;

use crate::ctl::output::{Cells, Column, Row, age, count, rfc3339, size};
use crate::domain::replica::Point;
use crate::operations::restore::{ReplicaPoints, ReplicaStatus, Verified};

/// A replica in figures, as in `kind: Replica`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusView {
    place: String,
    /// `ok`, `broken`, or `0.3` for what only Litestream 0.3 wrote.
    state: &'static str,
    /// Why the newest state cannot be restored.
    problem: Option<String>,
    txid: Option<String>,
    newest_at: Option<String>,
    #[serde(skip)]
    newest_ms: Option<i64>,
    image_txid: Option<String>,
    image_at: Option<String>,
    #[serde(skip)]
    image_ms: Option<i64>,
    oldest_at: Option<String>,
    points: u64,
    gaps: Vec<String>,
    objects: u64,
    bytes: u64,
    restore_bytes: u64,
    ignored: u64,
}

fn at(point: Point) -> String {
    rfc3339(point.at.as_millisecond())
}

impl From<&ReplicaStatus> for StatusView {
    fn from(status: &ReplicaStatus) -> Self {
        let ltx = status.ltx.as_ref();
        let newest = ltx.and_then(|ltx| ltx.newest);
        let image = ltx.and_then(|ltx| ltx.image);
        let legacy_ms = status.legacy_newest.map(jiff::Timestamp::as_millisecond);
        let problem = ltx.and_then(|ltx| ltx.broken.as_ref()).map(ToString::to_string);
        Self {
            place: status.place.to_string(),
            state: match (ltx, &problem) {
                (None, _) => "0.3",
                (Some(_), None) => "ok",
                (Some(_), Some(_)) => "broken",
            },
            problem,
            txid: newest.map(|newest| newest.txid.to_string()),
            newest_at: newest.map(at).or(legacy_ms.map(rfc3339)),
            newest_ms: newest.map(|newest| newest.at.as_millisecond()).or(legacy_ms),
            image_txid: image.map(|image| image.txid.to_string()),
            image_at: image.map(at),
            image_ms: image.map(|image| image.at.as_millisecond()),
            oldest_at: ltx.and_then(|ltx| ltx.oldest).map(at),
            points: ltx.map_or(0, |ltx| ltx.points),
            gaps: ltx
                .iter()
                .flat_map(|ltx| &ltx.gaps)
                .map(|gap| gap.missing.to_string())
                .collect(),
            objects: ltx.map_or(0, |ltx| ltx.objects) + status.legacy_objects,
            bytes: ltx.map_or(0, |ltx| ltx.bytes) + status.legacy_bytes,
            restore_bytes: ltx.map_or(0, |ltx| ltx.restore_bytes),
            ignored: status.ignored,
        }
    }
}

impl Row for StatusView {
    const KIND: &'static str = "Replica";
    const COLUMNS: &'static [Column] = &[
        Column::text("REPLICA (bucket)"),
        Column::text("STATE"),
        Column::text("TXID"),
        Column::number("AGE"),
        Column::number("IMAGE AGE"),
        Column::number("POINTS"),
        Column::number("GAPS"),
        Column::number("SIZE"),
        Column::number("TO RESTORE").wide(),
        Column::number("OBJECTS").wide(),
        Column::text("OLDEST").wide(),
    ];

    fn name(&self) -> String {
        self.place.clone()
    }

    fn cells(&self, now_ms: i64) -> Cells {
        let ago = |ms: Option<i64>| ms.map_or(String::new(), |ms| age(now_ms - ms));
        vec![
            self.place.clone(),
            self.state.to_owned(),
            self.txid.clone().unwrap_or_default(),
            ago(self.newest_ms),
            ago(self.image_ms),
            count(self.points),
            count(self.gaps.len() as u64),
            size(self.bytes),
            size(self.restore_bytes),
            count(self.objects),
            self.oldest_at.clone().unwrap_or_default(),
        ]
    }
}

/// A state that can be restored, as in `kind: RestorePoint`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PointView {
    place: String,
    /// None for what Litestream 0.3 wrote.
    txid: Option<String>,
    at: String,
    #[serde(skip)]
    at_ms: i64,
}

impl PointView {
    /// Every point of a lineage, oldest first.
    pub(super) fn all(lineage: &ReplicaPoints) -> Vec<Self> {
        let view = |txid, at: jiff::Timestamp| Self {
            place: lineage.place.to_string(),
            txid,
            at: rfc3339(at.as_millisecond()),
            at_ms: at.as_millisecond(),
        };
        let legacy = lineage.legacy.iter().map(|at| view(None, *at));
        let points = lineage
            .points
            .iter()
            .map(|point| view(Some(point.txid.to_string()), point.at));
        legacy.chain(points).collect()
    }
}

impl Row for PointView {
    const KIND: &'static str = "RestorePoint";
    const COLUMNS: &'static [Column] = &[
        Column::text("REPLICA (bucket)"),
        Column::text("TXID"),
        Column::text("TIME"),
        Column::number("AGE"),
    ];

    fn name(&self) -> String {
        self.txid.clone().unwrap_or_else(|| self.at.clone())
    }

    fn cells(&self, now_ms: i64) -> Cells {
        vec![
            self.place.clone(),
            self.txid.clone().unwrap_or_default(),
            self.at.clone(),
            age(now_ms - self.at_ms),
        ]
    }
}

/// What was read and checked, as in `kind: VerifiedReplica`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VerifiedView {
    place: String,
    whole: bool,
    objects: u64,
    bytes: u64,
    damaged: Vec<DamagedView>,
    /// Transactions that no whole file holds.
    missing: Vec<String>,
    /// What Litestream 0.3 left and does not fit together.
    holes: Vec<String>,
    /// Objects that were deleted meanwhile.
    vanished: u64,
}

#[derive(Debug, Clone, Serialize)]
struct DamagedView {
    key: String,
    what: String,
}

impl From<&Verified> for VerifiedView {
    fn from(verified: &Verified) -> Self {
        let damaged = verified.damaged.iter().map(|object| DamagedView {
            key: object.key.clone(),
            what: object.what.clone(),
        });
        Self {
            place: verified.place.to_string(),
            whole: verified.is_whole(),
            objects: verified.objects,
            bytes: verified.bytes,
            damaged: damaged.collect(),
            missing: verified.gaps.iter().map(|gap| gap.missing.to_string()).collect(),
            holes: verified.holes.clone(),
            vanished: verified.vanished,
        }
    }
}

impl Row for VerifiedView {
    const KIND: &'static str = "VerifiedReplica";
    const COLUMNS: &'static [Column] = &[
        Column::text("REPLICA (bucket)"),
        Column::text("STATE"),
        Column::number("OBJECTS"),
        Column::number("SIZE"),
        Column::number("DAMAGED"),
        Column::number("GAPS"),
    ];

    fn name(&self) -> String {
        self.place.clone()
    }

    fn cells(&self, _now_ms: i64) -> Cells {
        vec![
            self.place.clone(),
            if self.whole { "whole" } else { "damaged" }.to_owned(),
            count(self.objects),
            size(self.bytes),
            count(self.damaged.len() as u64),
            count((self.missing.len() + self.holes.len()) as u64),
        ]
    }
}
