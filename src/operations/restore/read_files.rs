//! Reads LTX files in a given order, a bounded number of stretches at a time, and verifies each whole.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;
use tokio_util::task::AbortOnDropHandle;

use super::ReadLimits;
use super::error::Fault;
use super::open_file::OpenFile;
use super::unit::{Summed, Target, Unit};
use crate::client::replica::Bucket;
use crate::domain::ltx::{Checksum, Header};
use crate::domain::replica::LtxObject;

/// A stretch never has more entries than this, however well its pages compress.
const UNIT_ENTRIES: usize = 4096;

/// What the reading is for.
pub(super) trait Consumer {
    /// Told once for each file, in order, before any of its pages: what is taken of it is up to the consumer.
    /// An error counts as the file's.
    fn opened(&mut self, file: &OpenFile) -> Result<Option<Target>, Fault>;
    /// Whether this page of the file being read is wanted.
    fn wants(&mut self, pgno: u32) -> bool;
    /// Told after each stretch: bytes of the file that are done with.
    fn read(&mut self, bytes: u64);
    /// Told once for each file, in order, whether it is whole. An error from here ends the reading.
    fn closed(&mut self, file: &LtxObject, verdict: Result<Header, Fault>) -> Result<(), Fault>;
}

type Opening = AbortOnDropHandle<(LtxObject, Result<Arc<OpenFile>, Fault>)>;
type InFlight = Pin<Box<dyn Future<Output = (Step, Result<Option<Summed>, Fault>)> + Send>>;

/// What the next result belongs to.
enum Step {
    /// A stretch of the file.
    Stretch(Arc<OpenFile>),
    /// The end of the file, or of what could be read of it.
    End(Arc<OpenFile>),
    /// A file that could not be opened.
    Unopened(Box<LtxObject>),
}

/// Reads `files` in order. Work is spawned, so that it goes on while the results are being looked at, and is
/// stopped when the returned future is dropped.
pub(super) async fn read_files(
    bucket: &Arc<Bucket>,
    files: Vec<LtxObject>,
    limits: ReadLimits,
    consumer: &mut impl Consumer,
) -> Result<(), Fault> {
    let mut reader = Reader {
        bucket: Arc::clone(bucket),
        limits,
        in_flight: FuturesOrdered::new(),
        current: None,
    };
    let mut waiting = files.into_iter();
    let mut opening: VecDeque<Opening> = VecDeque::new();
    loop {
        while opening.len() < limits.prefetch.max(1) {
            let Some(file) = waiting.next() else { break };
            opening.push_back(reader.open(file));
        }
        let Some(next) = opening.pop_front() else { break };
        let (object, opened) = next.await.map_err(Fault::fatal)?;
        reader.read(object, opened, consumer).await?;
    }
    while reader.settle_one(consumer).await? {}
    Ok(())
}

struct Reader {
    bucket: Arc<Bucket>,
    limits: ReadLimits,
    in_flight: FuturesOrdered<InFlight>,
    /// Checksums of the file whose stretches are coming in, or what went wrong with it.
    current: Option<Result<(Checksum, u64), Fault>>,
}

impl Reader {
    fn open(&self, object: LtxObject) -> Opening {
        let (bucket, limits) = (Arc::clone(&self.bucket), self.limits);
        AbortOnDropHandle::new(tokio::spawn(async move {
            let opened = OpenFile::open(&bucket, object.clone(), &limits).await;
            (object, opened)
        }))
    }

    async fn read(
        &mut self,
        object: LtxObject,
        opened: Result<Arc<OpenFile>, Fault>,
        consumer: &mut impl Consumer,
    ) -> Result<(), Fault> {
        let opened = opened.and_then(|file| consumer.opened(&file).map(|target| (file, target)));
        let (file, target) = match opened {
            Ok(opened) => opened,
            Err(fault) => {
                return self
                    .push(Step::Unopened(Box::new(object)), Err(fault), consumer)
                    .await;
            }
        };
        let mut entries = Vec::new();
        let mut bytes = 0;
        for entry in file.index() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return self.push(Step::End(file), Err(error.into()), consumer).await,
            };
            entries.push((entry, consumer.wants(entry.pgno)));
            bytes += u64::from(entry.size);
            if bytes >= self.limits.unit_bytes || entries.len() >= UNIT_ENTRIES {
                bytes = 0;
                self.start(&file, std::mem::take(&mut entries), target.clone(), consumer)
                    .await?;
            }
        }
        if !entries.is_empty() {
            self.start(&file, entries, target, consumer).await?;
        }
        self.push(Step::End(file), Ok(None), consumer).await
    }

    async fn start(
        &mut self,
        file: &Arc<OpenFile>,
        entries: Vec<(crate::domain::ltx::Entry, bool)>,
        target: Option<Target>,
        consumer: &mut impl Consumer,
    ) -> Result<(), Fault> {
        self.make_room(consumer).await?;
        let unit = Unit {
            file: Arc::clone(file),
            entries,
        };
        let work = AbortOnDropHandle::new(tokio::spawn(unit.process(Arc::clone(&self.bucket), target)));
        let step = Step::Stretch(Arc::clone(file));
        self.in_flight.push_back(Box::pin(async move {
            let summed = match work.await {
                Ok(summed) => summed.map(Some),
                Err(died) => Err(Fault::fatal(died)),
            };
            (step, summed)
        }));
        Ok(())
    }

    async fn push(
        &mut self,
        step: Step,
        result: Result<Option<Summed>, Fault>,
        consumer: &mut impl Consumer,
    ) -> Result<(), Fault> {
        self.make_room(consumer).await?;
        self.in_flight
            .push_back(Box::pin(std::future::ready((step, result))));
        Ok(())
    }

    async fn make_room(&mut self, consumer: &mut impl Consumer) -> Result<(), Fault> {
        while self.in_flight.len() >= self.limits.parallel.max(1) {
            self.settle_one(consumer).await?;
        }
        Ok(())
    }

    /// Takes in the oldest result; `false` if there is none.
    async fn settle_one(&mut self, consumer: &mut impl Consumer) -> Result<bool, Fault> {
        let Some((step, result)) = self.in_flight.next().await else {
            return Ok(false);
        };
        let file = match step {
            Step::Unopened(object) => {
                let fault = result.err().unwrap_or(Fault::Vanished);
                consumer.read(object.bytes);
                return consumer.closed(&object, Err(fault)).map(|()| true);
            }
            Step::Stretch(file) => {
                let current = self
                    .current
                    .take()
                    .unwrap_or_else(|| Ok((file.opening_sum(), FIRST_PAGE)));
                self.current = Some(joined(current, result, consumer));
                return Ok(true);
            }
            Step::End(file) => file,
        };
        let current = self
            .current
            .take()
            .unwrap_or_else(|| Ok((file.opening_sum(), FIRST_PAGE)));
        let verdict = joined(current, result, consumer).and_then(|(sum, database)| {
            file.close(sum, database)?;
            Ok(file.header)
        });
        consumer.read(file.bytes_around_pages());
        consumer.closed(&file.object, verdict)?;
        Ok(true)
    }
}

/// The checksum of a database without pages: the top bit alone.
const FIRST_PAGE: u64 = 1 << 63;

fn joined(
    current: Result<(Checksum, u64), Fault>,
    result: Result<Option<Summed>, Fault>,
    consumer: &mut impl Consumer,
) -> Result<(Checksum, u64), Fault> {
    let (mut sum, mut database) = current?;
    if let Some(unit) = result? {
        consumer.read(unit.bytes);
        sum.join(&unit.sum);
        database = (database ^ unit.database) | FIRST_PAGE;
    }
    Ok((sum, database))
}
