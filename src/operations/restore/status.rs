//! What a replica holds: in figures from one listing, or every restorable state by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::catalog::{Catalog, LeftOut};
use super::error::Fault;
use super::{Damaged, ReadLimits, RestoreError};
use crate::client::replica::Bucket;
use crate::domain::replica::{
    Chains, Gap, Generation, Layout, LineageStatus, Place, Point, gaps, lineage_status,
};

/// One lineage in figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaStatus {
    /// Which pod and lineage.
    pub place: Place,
    /// What Litestream 0.5 keeps there.
    pub ltx: Option<LineageStatus>,
    /// When Litestream 0.3 last wrote there.
    pub legacy_newest: Option<Timestamp>,
    /// Objects that Litestream 0.3 left.
    pub legacy_objects: u64,
    /// Their bytes.
    pub legacy_bytes: u64,
    /// Objects that belong to no replica.
    pub ignored: u64,
}

/// Every lineage below the place, with one listing and no other request. Times are the store's.
pub async fn status(bucket: &Bucket) -> Result<Vec<ReplicaStatus>, RestoreError> {
    let objects = match bucket.list().await {
        Err(error) if error.is_missing() => Vec::new(),
        other => other?,
    };
    let replicas: BTreeMap<_, _> = Layout::sort(objects);
    let replicas: Vec<_> = replicas
        .into_iter()
        .filter(|(_, layout)| !layout.is_empty())
        .map(|(place, layout)| ReplicaStatus {
            place,
            ltx: (!layout.ltx.is_empty()).then(|| lineage_status(&layout.ltx)),
            legacy_newest: layout.generations.iter().filter_map(Generation::newest).max(),
            legacy_objects: layout.generations.iter().flat_map(Generation::objects).count() as u64,
            legacy_bytes: layout
                .generations
                .iter()
                .flat_map(Generation::objects)
                .map(|o| o.bytes)
                .sum(),
            ignored: layout.ignored.len() as u64,
        })
        .collect();
    if replicas.is_empty() {
        let place = bucket.url().to_string();
        return Err(RestoreError::NoReplica { place });
    }
    Ok(replicas)
}

/// What can be restored of one lineage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaPoints {
    /// Which pod and lineage.
    pub place: Place,
    /// Restorable states, oldest first, dated by the files' own headers.
    pub points: Vec<Point>,
    /// Transactions that are lost in between.
    pub gaps: Vec<Gap>,
    /// Times of what Litestream 0.3 left, oldest first: each object ends a state.
    pub legacy: Vec<Timestamp>,
    /// Objects whose headers are damaged; they give no points.
    pub damaged: Vec<Damaged>,
}

/// Every restorable state of one pod's lineages, with one listing and one small read for each file.
pub async fn points(bucket: &Arc<Bucket>, limits: &ReadLimits) -> Result<Vec<ReplicaPoints>, RestoreError> {
    for _ in 0..=limits.replans {
        let mut catalog = Catalog::load(bucket).await?;
        match timed_points(bucket, limits, &mut catalog).await {
            Ok(points) => return Ok(points),
            Err(Fault::Fatal(error)) => return Err(*error),
            Err(_) => {}
        }
    }
    Err(RestoreError::KeepsVanishing {
        key: "an object".to_owned(),
        replans: limits.replans,
    })
}

async fn timed_points(
    bucket: &Arc<Bucket>,
    limits: &ReadLimits,
    catalog: &mut Catalog,
) -> Result<Vec<ReplicaPoints>, Fault> {
    let mut lineages = Vec::new();
    for held in &mut catalog.lineages {
        let mut left_out = LeftOut::default();
        held.read_times(bucket, limits, &mut left_out).await?;
        let whole: Vec<_> = held
            .layout
            .ltx
            .iter()
            .filter(|f| !left_out.keys.contains(&f.key))
            .cloned()
            .collect();
        let objects = held.layout.generations.iter().flat_map(Generation::objects);
        let mut legacy: Vec<_> = objects.map(|object| object.modified).collect();
        legacy.sort();
        lineages.push(ReplicaPoints {
            place: held.place,
            points: Chains::of(&whole).points().collect(),
            gaps: gaps(&whole),
            legacy,
            damaged: left_out.damaged,
        });
    }
    Ok(lineages)
}
