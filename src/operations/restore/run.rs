//! The restore itself: choose, read, leave out what is damaged, choose again.

use std::path::Path;
use std::sync::Arc;

use tokio::time::Instant;

use super::catalog::{Catalog, Choice, LeftOut, Source};
use super::error::Fault;
use super::open_file::OpenFile;
use super::output::{Partial, check_free};
use super::page_map::PageMap;
use super::read_files::{Consumer, read_files};
use super::unit::Target;
use super::{Note, Phase, Progress, ReadLimits, Request, RestoreError, Restored, integrity, legacy};
use crate::client::replica::Bucket;
use crate::domain::ltx::{Header, LtxError};
use crate::domain::replica::LtxObject;

/// Fewer bytes of files than this for each page of the database there cannot be: frame, smallest block,
/// index entry.
const LEAST_BYTES_PER_PAGE: u64 = 16;

/// Restores one state of a shard into a new file. `progress` is told often; dropping the future stops the
/// work and leaves nothing behind.
pub async fn restore(
    bucket: &Arc<Bucket>,
    request: &Request,
    progress: impl Fn(Progress) + Send + Sync,
) -> Result<Restored, RestoreError> {
    let began = Instant::now();
    check_free(&request.output)?;
    let mut left_out = LeftOut::default();
    let mut notes = Vec::new();
    for _ in 0..=request.limits.replans {
        progress(Progress {
            phase: Phase::Planning,
            done: 0,
            total: 0,
        });
        let mut catalog = Catalog::load(bucket).await?;
        if let Some(lineage) = request.lineage {
            catalog.only(lineage)?;
        }
        let key = match attempt(bucket, request, &mut catalog, &mut left_out, &progress).await? {
            Attempt::Vanished { key } => key,
            Attempt::Done {
                choice,
                partial,
                state,
            } => {
                let bytes = finish(&partial, request, &progress).await?;
                partial.keep(&request.output).await?;
                notes.extend(
                    choice
                        .without_image
                        .iter()
                        .map(|place| Note::NoImageYet { lineage: *place }),
                );
                notes.extend(left_out.damaged.into_iter().map(Note::Damaged));
                return Ok(Restored {
                    place: choice.place,
                    txid: state.txid,
                    at: state.at,
                    next: state.next,
                    bytes,
                    objects: state.objects,
                    bytes_read: bucket.bytes_read(),
                    took: began.elapsed(),
                    notes,
                });
            }
        };
        notes.push(Note::Vanished { key });
    }
    let key = notes.into_iter().find_map(|note| match note {
        Note::Vanished { key } => Some(key),
        _ => None,
    });
    Err(RestoreError::KeepsVanishing {
        key: key.unwrap_or_default(),
        replans: request.limits.replans,
    })
}

enum Attempt {
    Done {
        choice: Box<Choice>,
        partial: Partial,
        state: State,
    },
    Vanished {
        key: String,
    },
}

struct State {
    txid: Option<crate::domain::ltx::Txid>,
    at: jiff::Timestamp,
    next: Option<crate::domain::replica::Point>,
    objects: u64,
}

/// One listing: tries plan after plan until one is whole or none is left.
async fn attempt(
    bucket: &Arc<Bucket>,
    request: &Request,
    catalog: &mut Catalog,
    left_out: &mut LeftOut,
    progress: &(impl Fn(Progress) + Send + Sync),
) -> Result<Attempt, RestoreError> {
    let limits = request.limits;
    loop {
        let choice = match catalog.choose(bucket, request.wanted, &limits, left_out).await {
            Ok(choice) => choice,
            Err(Fault::Fatal(error)) => return Err(*error),
            Err(_) => {
                return Ok(Attempt::Vanished {
                    key: "an object".to_owned(),
                });
            }
        };
        let partial = Partial::create(&request.output)?;
        let (key, fault) = match try_choice(bucket, &choice, &partial, limits, progress).await {
            Ok(state) => {
                return Ok(Attempt::Done {
                    choice: Box::new(choice),
                    partial,
                    state,
                });
            }
            Err(failed) => failed,
        };
        match fault {
            Fault::Fatal(error) => return Err(*error),
            Fault::Vanished => return Ok(Attempt::Vanished { key }),
            fault => {
                tracing::warn!(%key, %fault, "a damaged object is left out");
                left_out.add(&key, &fault);
            }
        }
    }
}

/// Makes the state of one choice in the partial file; an error comes with the key of the object at fault.
async fn try_choice(
    bucket: &Arc<Bucket>,
    choice: &Choice,
    partial: &Partial,
    limits: ReadLimits,
    progress: &(impl Fn(Progress) + Send + Sync),
) -> Result<State, (String, Fault)> {
    let (files, end, next, witnesses) = match &choice.source {
        Source::Legacy(plan) => {
            let objects = 1 + plan.segments.len() as u64;
            legacy::restore(bucket, choice.place, plan, partial.target(), progress).await?;
            let at = plan.at;
            return Ok(State {
                txid: None,
                at,
                next: None,
                objects,
            });
        }
        Source::Ltx {
            files,
            end,
            next,
            witnesses,
        } => (files, end, next, witnesses),
    };
    // Newest first: the first file says how large the database is, and each page is written once.
    let newest_first: Vec<_> = files.iter().rev().cloned().collect();
    let mut apply = Apply::new(&newest_first, Some(partial.target().clone()), progress);
    let read = read_files(bucket, newest_first, limits, &mut apply).await;
    read.map_err(|fault| (std::mem::take(&mut apply.at_fault), fault))?;
    let dated = apply
        .check_complete()
        .map_err(|error| (String::new(), Fault::fatal(error)))?;
    let mut check = Apply::new(witnesses, None, progress);
    let read = read_files(bucket, witnesses.clone(), limits, &mut check).await;
    read.map_err(|fault| (std::mem::take(&mut check.at_fault), fault))?;
    Ok(State {
        txid: Some(end.txid),
        at: dated.and_then(|header| header.timestamp()).unwrap_or(end.at),
        next: *next,
        objects: files.len() as u64,
    })
}

async fn finish(
    partial: &Partial,
    request: &Request,
    progress: &(impl Fn(Progress) + Send + Sync),
) -> Result<u64, RestoreError> {
    let bytes = partial.target().len()?;
    progress(Progress {
        phase: Phase::Syncing,
        done: 0,
        total: 0,
    });
    partial.sync().await?;
    progress(Progress {
        phase: Phase::Checking,
        done: 0,
        total: 0,
    });
    check(partial.path(), request).await?;
    Ok(bytes)
}

async fn check(path: &Path, request: &Request) -> Result<(), RestoreError> {
    integrity::check(path, request.integrity).await
}

/// Takes the pages of files that come newest first; without a target it only has them verified.
struct Apply<'a, P> {
    target: Option<Target>,
    newest: Option<Header>,
    pages: PageMap,
    done: u64,
    total: u64,
    progress: &'a P,
    at_fault: String,
}

impl<'a, P: Fn(Progress) + Send + Sync> Apply<'a, P> {
    fn new(files: &[LtxObject], target: Option<Target>, progress: &'a P) -> Self {
        Self {
            target,
            newest: None,
            pages: PageMap::new(0),
            done: 0,
            total: files.iter().map(|file| file.bytes).sum(),
            progress,
            at_fault: String::new(),
        }
    }

    /// The header of the newest file, once every page of the database has been found.
    fn check_complete(&self) -> Result<Option<Header>, RestoreError> {
        let Some(newest) = self.newest else {
            return Ok(None);
        };
        let stored = u64::from(newest.page_size.stored_pages(newest.commit));
        if self.pages.taken() == stored {
            return Ok(Some(newest));
        }
        Err(RestoreError::PagesMissing {
            missing: stored - self.pages.taken(),
            commit: newest.commit,
        })
    }

    fn begin(&mut self, target: &Target, header: Header) -> Result<(), Fault> {
        let commit = header.commit;
        if u64::from(commit).saturating_sub(1) > self.total / LEAST_BYTES_PER_PAGE {
            return Err(Fault::Ltx(LtxError::Commit {
                commit,
                bytes: self.total,
            }));
        }
        self.pages = PageMap::new(commit);
        self.newest = Some(header);
        let bytes = u64::from(commit) * u64::from(header.page_size.get());
        target.set_len(bytes).map_err(Fault::fatal)
    }
}

impl<P: Fn(Progress) + Send + Sync> Consumer for Apply<'_, P> {
    fn opened(&mut self, file: &OpenFile) -> Result<Option<Target>, Fault> {
        let Some(target) = self.target.clone() else {
            return Ok(None);
        };
        match self.newest {
            None => self.begin(&target, file.header)?,
            Some(newest) if newest.page_size != file.header.page_size => {
                return Err(Fault::Ltx(LtxError::OtherPageSize {
                    expected: newest.page_size.get(),
                    found: file.header.page_size.get(),
                }));
            }
            Some(_) => {}
        }
        Ok(Some(target))
    }

    fn wants(&mut self, pgno: u32) -> bool {
        self.pages.take(pgno)
    }

    fn read(&mut self, bytes: u64) {
        self.done += bytes;
        (self.progress)(Progress {
            phase: Phase::Reading,
            done: self.done,
            total: self.total,
        });
    }

    fn closed(&mut self, file: &LtxObject, verdict: Result<Header, Fault>) -> Result<(), Fault> {
        verdict
            .map(|_| ())
            .inspect_err(|_| self.at_fault.clone_from(&file.key))
    }
}
