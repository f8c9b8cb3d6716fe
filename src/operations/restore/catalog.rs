//! What is listed, and which of it gives the wanted state.

use std::sync::Arc;

use futures_util::StreamExt as _;
use jiff::Timestamp;

use super::error::Fault;
use super::{Damaged, ReadLimits, RestoreError, Wanted};
use crate::client::replica::Bucket;
use crate::domain::ltx::{HEADER_BYTES, Header, Txid};
use crate::domain::replica::{
    Chains, Excluded, Generation, Layout, LegacyPlan, LineageNo, LtxObject, NoPlan, Place, Plan, Point,
    legacy_plan, plan_as_of, plan_latest, plan_txid,
};

/// The replica of one pod: its lineages, oldest first.
pub(super) struct Catalog {
    pub(super) url: String,
    pub(super) lineages: Vec<Held>,
}

/// One lineage, and whether its times are those of the headers.
pub(super) struct Held {
    pub(super) place: Place,
    pub(super) layout: Layout,
    timed: bool,
}

/// The objects to restore from.
pub(super) struct Choice {
    pub(super) place: Place,
    pub(super) source: Source,
    /// Lineages that were passed over for want of a complete image.
    pub(super) without_image: Vec<Place>,
}

/// In which format.
pub(super) enum Source {
    Ltx {
        files: Vec<LtxObject>,
        end: Point,
        next: Option<Point>,
        /// Files that begin the next state and are dated after the time: were their dates wrong, the state
        /// would be too old, so they are verified too.
        witnesses: Vec<LtxObject>,
    },
    Legacy(LegacyPlan),
}

/// Objects that are left out, and why.
#[derive(Default)]
pub(super) struct LeftOut {
    pub(super) keys: Excluded,
    pub(super) damaged: Vec<Damaged>,
}

impl LeftOut {
    pub(super) fn add(&mut self, key: &str, what: &impl ToString) {
        if self.keys.insert(key.to_owned()) {
            let what = what.to_string();
            self.damaged.push(Damaged {
                key: key.to_owned(),
                what,
            });
        }
    }
}

impl Catalog {
    /// Lists the place: replicas of one pod, or of none in particular.
    pub(super) async fn load(bucket: &Bucket) -> Result<Self, RestoreError> {
        let url = bucket.url().to_string();
        let objects = match bucket.list().await {
            Err(error) if error.is_missing() => return Err(RestoreError::NoReplica { place: url }),
            other => other?,
        };
        let lineages: Vec<_> = Layout::sort(objects)
            .into_iter()
            .filter(|(_, layout)| !layout.is_empty())
            .map(|(place, layout)| Held {
                place,
                layout,
                timed: false,
            })
            .collect();
        let mut pods: Vec<_> = lineages.iter().filter_map(|held| held.place.pod).collect();
        pods.dedup();
        match (lineages.is_empty(), pods.len()) {
            (true, _) => Err(RestoreError::NoReplica { place: url }),
            (_, 0 | 1) => Ok(Self { url, lineages }),
            _ => Err(RestoreError::ManyPods { place: url, pods }),
        }
    }

    /// Keeps one lineage only.
    pub(super) fn only(&mut self, lineage: LineageNo) -> Result<(), RestoreError> {
        self.lineages.retain(|held| held.place.lineage == Some(lineage));
        if self.lineages.is_empty() {
            return Err(RestoreError::NoReplica {
                place: format!("{}/{lineage}", self.url),
            });
        }
        Ok(())
    }

    /// Chooses the objects for a state, leaving out damaged ones.
    pub(super) async fn choose(
        &mut self,
        bucket: &Arc<Bucket>,
        wanted: Wanted,
        limits: &ReadLimits,
        left_out: &mut LeftOut,
    ) -> Result<Choice, Fault> {
        match wanted {
            Wanted::Latest => self.choose_latest(bucket, limits, left_out).await,
            Wanted::Txid(txid) => self.choose_txid(bucket, txid, limits, left_out).await,
            Wanted::AsOf(at) => self.choose_as_of(bucket, at, limits, left_out).await,
        }
    }

    async fn choose_latest(
        &mut self,
        bucket: &Arc<Bucket>,
        limits: &ReadLimits,
        left_out: &mut LeftOut,
    ) -> Result<Choice, Fault> {
        let mut without_image = Vec::new();
        for held in self.lineages.iter().rev() {
            if held.has_image() {
                break;
            }
            without_image.push(held.place);
        }
        if without_image.len() == self.lineages.len() {
            without_image.clear();
        }
        let at = self.lineages.len() - 1 - without_image.len();
        let Some(held) = self.lineages.get_mut(at) else {
            return Err(Fault::Vanished);
        };
        let source = if held.legacy_is_newer() {
            held.legacy(None, left_out)?
        } else {
            Source::exactly(held.plan(bucket, limits, left_out, plan_latest).await?)
        };
        Ok(Choice {
            place: held.place,
            source,
            without_image,
        })
    }

    async fn choose_txid(
        &mut self,
        bucket: &Arc<Bucket>,
        txid: Txid,
        limits: &ReadLimits,
        left_out: &mut LeftOut,
    ) -> Result<Choice, Fault> {
        let [held] = self.lineages.as_mut_slice() else {
            return Err(Fault::fatal(RestoreError::ManyLineages {
                place: self.url.clone(),
                lineages: self.lineages.iter().map(|held| held.place).collect(),
            }));
        };
        if held.layout.ltx.is_empty() {
            return Err(Fault::fatal(RestoreError::LegacyHasNoTxids { place: held.place }));
        }
        let exactly = |files: &[LtxObject], keys: &Excluded| plan_txid(files, keys, txid);
        let plan = held.plan(bucket, limits, left_out, exactly).await?;
        Ok(Choice {
            place: held.place,
            source: Source::exactly(plan),
            without_image: Vec::new(),
        })
    }

    async fn choose_as_of(
        &mut self,
        bucket: &Arc<Bucket>,
        at: Timestamp,
        limits: &ReadLimits,
        left_out: &mut LeftOut,
    ) -> Result<Choice, Fault> {
        let mut next_lineage = None;
        let oldest = self.lineages.first().map(|held| held.place);
        for held in self.lineages.iter_mut().rev() {
            held.read_times(bucket, limits, left_out).await?;
            let begun = held.layout.ltx.iter().any(|file| file.created < at);
            let choice = |place, source| Choice {
                place,
                source,
                without_image: Vec::new(),
            };
            if begun || (Some(held.place) == oldest && held.layout.generations.is_empty()) {
                let before = |file: &LtxObject| file.created < at;
                let plan = plan_as_of(&held.layout.ltx, &left_out.keys, before, next_lineage);
                let plan = plan.map_err(|no_plan| held.no_plan(no_plan, left_out))?;
                let after_end = plan.plan.end.txid.next();
                let witnesses = held.layout.ltx.iter().filter(|file| {
                    !before(file)
                        && file.txids.contains(after_end)
                        && !file.txids.is_full_image()
                        && !left_out.keys.contains(&file.key)
                });
                let source = Source::Ltx {
                    witnesses: witnesses.cloned().collect(),
                    files: plan.plan.files,
                    end: plan.plan.end,
                    next: plan.next,
                };
                return Ok(choice(held.place, source));
            }
            if !held.layout.generations.is_empty() {
                let source = held.legacy(Some(at), left_out)?;
                return Ok(choice(held.place, source));
            }
            next_lineage = Chains::of(&held.layout.ltx).points().next().or(next_lineage);
        }
        Err(Fault::fatal(RestoreError::NoReplica {
            place: self.url.clone(),
        }))
    }
}

impl Source {
    fn exactly(plan: Plan) -> Self {
        Self::Ltx {
            files: plan.files,
            end: plan.end,
            next: None,
            witnesses: Vec::new(),
        }
    }
}

impl Held {
    fn has_image(&self) -> bool {
        let image = self.layout.ltx.iter().any(|file| file.txids.is_full_image());
        image || !self.layout.generations.is_empty()
    }

    fn legacy_is_newer(&self) -> bool {
        let legacy = self
            .layout
            .generations
            .iter()
            .filter_map(Generation::newest)
            .max();
        legacy > self.layout.newest_ltx()
    }

    fn legacy(&self, at: Option<Timestamp>, left_out: &LeftOut) -> Result<Source, Fault> {
        let generations = &self.layout.generations;
        let newest = generations.iter().filter_map(Generation::newest).max();
        // What 0.5 wrote later says what came after the end of 0.3.
        let at = at.map(|at| match newest {
            Some(newest) if !self.layout.ltx.is_empty() => at.min(newest),
            _ => at,
        });
        let plan = legacy_plan(generations, &left_out.keys, at);
        plan.map(Source::Legacy).map_err(|source| {
            Fault::fatal(RestoreError::NoLegacyPlan {
                place: self.place,
                source,
                damaged: left_out.damaged.clone(),
            })
        })
    }

    /// A plan that asks for no time; where there is none, the times are read for the reason to name.
    async fn plan(
        &mut self,
        bucket: &Arc<Bucket>,
        limits: &ReadLimits,
        left_out: &mut LeftOut,
        make: impl Fn(&[LtxObject], &Excluded) -> Result<Plan, NoPlan>,
    ) -> Result<Plan, Fault> {
        if let Ok(plan) = make(&self.layout.ltx, &left_out.keys) {
            return Ok(plan);
        }
        self.read_times(bucket, limits, left_out).await?;
        make(&self.layout.ltx, &left_out.keys).map_err(|source| self.no_plan(source, left_out))
    }

    fn no_plan(&self, source: NoPlan, left_out: &LeftOut) -> Fault {
        Fault::fatal(RestoreError::NoPlan {
            place: self.place,
            source: Box::new(source),
            damaged: left_out.damaged.clone(),
        })
    }

    /// Puts the headers' times in the place of the store's: copies of a replica keep no times, and S3 knows
    /// only when an object was uploaded.
    pub(super) async fn read_times(
        &mut self,
        bucket: &Arc<Bucket>,
        limits: &ReadLimits,
        left_out: &mut LeftOut,
    ) -> Result<(), Fault> {
        if std::mem::replace(&mut self.timed, true) {
            return Ok(());
        }
        let files = self.layout.ltx.clone();
        let reads = files.iter().enumerate().map(|(at, file)| async move {
            let header = match file.bytes.min(HEADER_BYTES as u64) {
                short if short < HEADER_BYTES as u64 => Header::parse(&[]).map_err(Fault::from),
                length => match bucket.read(&file.key, 0, length).await {
                    Ok(bytes) => Header::parse_named(&bytes, file.txids).map_err(Fault::from),
                    Err(error) => Err(error.into()),
                },
            };
            (at, header)
        });
        let mut reads = futures_util::stream::iter(reads).buffer_unordered(limits.headers.max(1));
        while let Some((at, header)) = reads.next().await {
            let Some(file) = self.layout.ltx.get_mut(at) else {
                continue;
            };
            match header.map(|header| header.timestamp()) {
                Ok(Some(created)) => file.created = created,
                Ok(None) => left_out.add(&file.key, &"has an impossible time"),
                Err(fault @ (Fault::Vanished | Fault::Fatal(_))) => return Err(fault),
                Err(fault) => left_out.add(&file.key, &fault),
            }
        }
        Ok(())
    }
}
