//! Reading everything a replica holds and checking it, without writing anything.

use std::sync::Arc;

use super::catalog::Catalog;
use super::error::Fault;
use super::open_file::OpenFile;
use super::read_files::{Consumer, read_files};
use super::unit::Target;
use super::{Phase, Progress, ReadLimits, RestoreError, legacy};
use crate::client::replica::Bucket;
use crate::domain::ltx::Header;
use crate::domain::replica::{Gap, Generation, LtxObject, Place, gaps};

/// One object that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectVerdict {
    /// Its key, below the place that was given.
    pub key: String,
    /// What is wrong with it.
    pub what: String,
}

/// What was found in one lineage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Which pod and lineage.
    pub place: Place,
    /// Objects that were read.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Those that are damaged.
    pub damaged: Vec<ObjectVerdict>,
    /// Objects that retention deleted meanwhile: neither whole nor damaged.
    pub vanished: u64,
    /// Transactions that no whole file holds, though later ones are held.
    pub gaps: Vec<Gap>,
    /// What Litestream 0.3 left and does not fit together.
    pub holes: Vec<String>,
}

impl Verified {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.damaged.is_empty() && self.gaps.is_empty() && self.holes.is_empty()
    }
}

/// Reads and checks every object of one pod's lineages.
pub async fn verify(
    bucket: &Arc<Bucket>,
    limits: ReadLimits,
    progress: impl Fn(Progress) + Send + Sync,
) -> Result<Vec<Verified>, RestoreError> {
    let catalog = Catalog::load(bucket).await?;
    let ltx = catalog
        .lineages
        .iter()
        .flat_map(|held| &held.layout.ltx)
        .map(|file| file.bytes);
    let generations = catalog.lineages.iter().flat_map(|held| &held.layout.generations);
    let legacy = generations
        .flat_map(Generation::objects)
        .map(|object| object.bytes);
    let mut told = Told {
        progress: &progress,
        done: 0,
        total: ltx.chain(legacy).sum(),
    };
    let mut lineages = Vec::new();
    for held in catalog.lineages {
        let mut verified = Verified {
            place: held.place,
            objects: 0,
            bytes: 0,
            damaged: Vec::new(),
            vanished: 0,
            gaps: Vec::new(),
            holes: Vec::new(),
        };
        let mut whole = Vec::new();
        let mut checks = Checks {
            verified: &mut verified,
            whole: &mut whole,
            told: &mut told,
        };
        let read = read_files(bucket, held.layout.ltx, limits, &mut checks).await;
        read?;
        verified.gaps = gaps(&whole);
        for generation in &held.layout.generations {
            verify_generation(bucket, generation, &mut verified, &mut told).await?;
        }
        lineages.push(verified);
    }
    Ok(lineages)
}

struct Told<'a, P> {
    progress: &'a P,
    done: u64,
    total: u64,
}

impl<P: Fn(Progress)> Told<'_, P> {
    fn add(&mut self, bytes: u64) {
        self.done += bytes;
        (self.progress)(Progress {
            phase: Phase::Reading,
            done: self.done,
            total: self.total,
        });
    }
}

/// Wants no page and goes on after a damaged file.
struct Checks<'a, 'b, P> {
    verified: &'a mut Verified,
    whole: &'a mut Vec<LtxObject>,
    told: &'a mut Told<'b, P>,
}

impl<P: Fn(Progress)> Consumer for Checks<'_, '_, P> {
    fn opened(&mut self, _: &OpenFile) -> Result<Option<Target>, Fault> {
        Ok(None)
    }

    fn wants(&mut self, _: u32) -> bool {
        false
    }

    fn read(&mut self, bytes: u64) {
        self.told.add(bytes);
    }

    fn closed(&mut self, file: &LtxObject, verdict: Result<Header, Fault>) -> Result<(), Fault> {
        let verdict = verdict.map(|header| {
            let mut file = file.clone();
            file.created = header.timestamp().unwrap_or(file.created);
            self.whole.push(file);
        });
        // A file that has gone still held its transactions: no gap is made of it.
        if matches!(verdict, Err(Fault::Vanished)) {
            self.whole.push(file.clone());
        }
        self.verified.note(&file.key, file.bytes, verdict)
    }
}

impl Verified {
    fn note(&mut self, key: &str, bytes: u64, verdict: Result<(), Fault>) -> Result<(), Fault> {
        self.objects += 1;
        self.bytes += bytes;
        match verdict {
            Ok(()) => {}
            Err(Fault::Vanished) => self.vanished += 1,
            Err(Fault::Fatal(error)) => match *error {
                RestoreError::NoLegacyPlan { source, .. } => self.holes.push(source.to_string()),
                error => return Err(Fault::fatal(error)),
            },
            Err(fault) => self.damaged.push(ObjectVerdict {
                key: key.to_owned(),
                what: fault.to_string(),
            }),
        }
        Ok(())
    }
}

/// Checks every image and WAL of a generation; those of one WAL hang together, so the first fault ends it.
async fn verify_generation(
    bucket: &Arc<Bucket>,
    generation: &Generation,
    verified: &mut Verified,
    told: &mut Told<'_, impl Fn(Progress)>,
) -> Result<(), RestoreError> {
    for snapshot in &generation.snapshots {
        let object = &snapshot.object;
        let read = legacy::read_snapshot(bucket, object, None).await;
        let verdict = read.map(|_| ()).map_err(|(_, fault)| fault);
        verified.note(&object.key, object.bytes, verdict)?;
        told.add(object.bytes);
    }
    let mut previous: Option<u32> = None;
    for wal in generation.segments.chunk_by(|a, b| a.index == b.index) {
        let Some(first) = wal.first() else { continue };
        if let Some(missing) = previous
            .map(|index| index.saturating_add(1))
            .filter(|next| *next != first.index)
        {
            verified
                .holes
                .push(format!("generation {} lacks WAL {missing:08x}", generation.id));
        }
        previous = Some(first.index);
        let bytes = wal.iter().map(|segment| segment.object.bytes).sum();
        let place = (verified.place, generation.id.clone());
        let read = legacy::read_wal(bucket, place, wal.to_vec(), None, None).await;
        let (key, verdict) = match read {
            Ok(()) => (String::new(), Ok(())),
            Err((key, fault)) => (key, Err(fault)),
        };
        verified.objects += wal.len() as u64 - 1;
        verified.note(&key, bytes, verdict)?;
        told.add(bytes);
    }
    Ok(())
}
